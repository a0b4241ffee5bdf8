"""The text of a structured report (PS3.3 C.17.3): its content tree written down in document order, under headings.

What is written: TEXT items, and CODE items that name a finding, an impression or a conclusion and have nothing below
them. A coded finding with properties may be a denied one ("Presence: absent"), and a number alone says nothing: both
are left out, with a warning, rather than read as something that is there.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from ingest.formats.cleaning import clean_name
from ingest.formats.dicom.elements import DEEPEST, DamagedError
from ingest.formats.dicom.object import Group
from vlmkg.reading.headings import heading_part
from vlmkg.report_parts import READ

VALUE_TYPE = 0x0040A040
RELATIONSHIP = 0x0040A010
CONCEPT_NAME = 0x0040A043
CONCEPT_CODE = 0x0040A168
CONTENT = 0x0040A730
TEXT_VALUE = 0x0040A160
CODE_VALUE, CODE_MEANING = 0x00080100, 0x00080104
TAGS = frozenset({VALUE_TYPE, RELATIONSHIP, CONCEPT_NAME, CONCEPT_CODE, CONTENT, TEXT_VALUE, CODE_VALUE, CODE_MEANING})

_FINDINGS, _IMPRESSION, _ADDENDUM = "FINDINGS", "IMPRESSION", "ADDENDUM"
_HEADINGS = {
    "121070": _FINDINGS,
    "121071": _FINDINGS,
    "59776-5": _FINDINGS,
    "121072": _IMPRESSION,
    "121073": _IMPRESSION,
    "121076": _IMPRESSION,
    "121077": _IMPRESSION,
    "121111": _IMPRESSION,
    "19005-8": _IMPRESSION,
    "121078": _ADDENDUM,
    "55107-7": _ADDENDUM,
    "121074": "RECOMMENDATION",
    "121075": "RECOMMENDATION",
    "18783-1": "RECOMMENDATION",
    "121109": "INDICATION",
    "121110": "HISTORY",
    "121060": "HISTORY",
    "11329-0": "HISTORY",
    "121062": "INDICATION",
    "55115-0": "INDICATION",
    "18785-6": "INDICATION",
    "121066": "COMPARISON",
    "121068": "COMPARISON",
    "121069": "COMPARISON",
    "18834-2": "COMPARISON",
    "121064": "TECHNIQUE",
    "121065": "TECHNIQUE",
    "55111-9": "TECHNIQUE",
}
"""Sections by code: DICOM's (PS3.16 CID 7001, 7002), then LOINC's."""

_OF_OTHER_DAYS = re.compile(r"\b(?:PRIOR|PREVIOUS|COMPARISON|COMPARED)\b")

_DESCRIBED = frozenset({"CONTAINS", ""})
"""Relationships that hold the report's own words; the others tell of observers, acquisition, or properties."""


@dataclass(slots=True)
class _Document:
    """The report's words so far, each with the heading of its section (empty: none)."""

    parts: list[tuple[str, str]] = field(default_factory=list)
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class SrText:
    """The words, not yet cleaned. `left_out`: there was coded content that they do not hold."""

    text: str
    left_out: bool


def read_text(root: Group) -> SrText:
    """The text of a document. Raises DamagedError for a tree that has no end."""
    document = _Document()
    _write(root, "", document, 0)
    return SrText(_under_headings([(heading, words) for heading, words in document.parts if words]), document.left_out)


def _under_headings(parts: list[tuple[str, str]]) -> str:
    """One text. Where there is any heading, words without one are findings: else they would go under the last one."""
    bare = _FINDINGS if any(heading for heading, _ in parts) else ""
    sections = groupby(parts, key=lambda part: part[0] or bare)
    return "\n\n".join(
        "\n".join([*([f"{heading}:"] if heading else []), *(words for _, words in section)])
        for heading, section in sections
    )


def _write(item: Group, heading: str, document: _Document, depth: int) -> None:
    """Write down what an item contains. `heading` is that of the section that it stands in."""
    if depth > DEEPEST:
        raise DamagedError("content items within each other have no end")
    for child in item.items(CONTENT):
        if child.word(RELATIONSHIP).upper() not in _DESCRIBED:
            continue
        kind = child.word(VALUE_TYPE).upper()
        own = _section(heading, _heading(child), whole=kind == "CONTAINER")
        if kind == "TEXT":
            document.parts.append((own, child.text(TEXT_VALUE)))
        elif kind == "CODE" and own and _is_read(own) and child.items(CONTENT) == []:
            words = clean_name(child.first(CONCEPT_CODE).text(CODE_MEANING))
            document.parts.append((own, _sentence(words)))
        elif kind in {"CODE", "NUM"}:
            document.left_out = True
            continue
        _write(child, own, document, depth + 1)


def _sentence(words: str) -> str:
    return f"{words}." if words and words[-1] not in ".!?" else words


def _section(outer: str, own: str, *, whole: bool) -> str:
    """The heading of an item: that of the section around it, unless its own says something else.

    What stands in a section that is not read (history, comparison) stays there, whatever it is called; a single
    finding within an impression is still impression. `whole`: the item is a section itself.
    """
    if not outer or not own or not _is_read(outer):
        return outer or own
    return own if whole or not _is_read(own) else outer


def _heading(item: Group) -> str:
    """The heading that an item's concept name stands for; empty where it is none."""
    name = item.first(CONCEPT_NAME)
    code, meaning = name.word(CODE_VALUE), clean_name(name.text(CODE_MEANING)).upper().rstrip(":")
    if heading := _HEADINGS.get(code):
        return heading
    if _OF_OTHER_DAYS.search(meaning):
        return "COMPARISON"
    return meaning if meaning and _is_heading(meaning) else ""


@lru_cache(maxsize=256)
def _is_heading(words: str) -> bool:
    """Whether the section reader takes these words for a heading, be it of what is read or of what is not."""
    return heading_part(f"{words}:") is not None


@lru_cache(maxsize=256)
def _is_read(heading: str) -> bool:
    return heading_part(f"{heading}:") in READ
