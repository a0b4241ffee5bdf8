"""The texts and attributes of an XML document by their elements, up to the tag that does not fit.

Nothing is resolved: entities and document types are named, never read.
"""

import re
from collections.abc import Iterator

from ingest.receiving.inspection.parts import Part, part

_MARK = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!(?P<declared>\w*)[^>]*>"
    r"|<(?P<close>/?)(?P<name>[\w:.-]+)[^<>]*?(?P<empty>/?)>",
    re.DOTALL,
)
DECLARED = "document type"
TAG = "tag"


def elements(text: str) -> Iterator[Part]:
    """Texts (`eCitation/MedlineCitation/Article`). The last part is `tag`, a problem, if a tag does not fit."""
    path: list[str] = []
    at = 0
    for mark in _MARK.finditer(text):
        yield from _words("/".join(path), text, at, mark.start())
        at = mark.end()
        if mark["declared"] is not None:
            yield part(DECLARED, text, mark.start(), mark.end())
        elif mark["close"]:
            if not path or path.pop() != mark["name"]:
                yield part(TAG, text, mark.start(), mark.end(), problem=True)
                return
        elif mark["name"] and not mark["empty"]:
            path.append(mark["name"])
    rest = text[at:].strip()
    if path or rest:
        yield part(TAG, text, at, max(at, len(text)), problem=True)


def _words(name: str, text: str, start: int, end: int) -> Iterator[Part]:
    words = text[start:end]
    if stripped := words.strip():
        begin = start + len(words) - len(words.lstrip())
        yield part(name or "text", text, begin, begin + len(stripped))
