"""The project's pages: where they are, their anchors, and the commands that they name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_STARTS = ("vlmkg ", "make ", "python -m benchmarks.", ".venv/bin/vlmkg ")


def links(page: Path) -> list[str]:
    """The targets of a page's links to files of the project, with their anchors."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in _LINK.findall(text) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command of the project's own that a page shows, in code spans and in fenced blocks."""
    text = page.read_text(encoding="utf-8")
    spans = _CODE.findall(_FENCE.sub("", text))
    for block in _FENCE.findall(text):
        spans += block.replace("\\\n", " ").splitlines()[1:-1]
    for span in spans:
        for piece in re.split(r"\s\|\s|&&|\$\(", span):
            words = _words(piece)
            if words:
                yield words


def _words(piece: str) -> list[str]:
    line = re.sub(r"^[$#] ", "", re.sub(r"\s#\s.*|\s{2,}#.*", "", piece.strip()))
    line = re.sub(r"^(?:[A-Z_0-9]+=\S+ +)+", "", line)
    if not line.startswith(_STARTS) or "/" in line.split()[0].removeprefix(".venv/bin/"):
        return []
    try:
        words = shlex.split(line.replace("\\|", "|"))
    except ValueError:
        words = line.split()
    return [word.strip("[]()") for word in words]
