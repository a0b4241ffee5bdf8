"""Arranges a document's text in lines of plain text.

An empty line separates blocks (paragraphs, list items, table rows, headings), because the section reader takes a single
line end without a full stop for a wrapped line. A heading and the block under it are not separated, nor is a sentence
that its sender wrapped into several paragraphs.
"""

import re
from typing import NamedTuple

from vlmkg.reading.sections import find_sections

_BLANKS = re.compile(r"[\s\u200b]+")
_WAITING = re.compile(
    r"(?:,|\b(?:no|not|without|or|and|nor|of|the|an?|is|are|was|were|with|in|on|for|to|any|at|by|from|evidence))\s*\Z",
    re.IGNORECASE,
)
_GOING_ON = re.compile(r"\s*(?:or|nor|and|of)\b", re.IGNORECASE)
_WRAPPED = 60
"""Characters of a line from which on it may have been wrapped."""
_LONGEST_HEADING = 80
_MOST_LABEL = 60
"""The maximum number of characters of a table cell that is a label for the next one."""


class _Block(NamedTuple):
    text: str
    tight: bool


class _Row:
    """An open table row: the blocks of its cells."""

    def __init__(self) -> None:
        self.cells: list[list[_Block]] = [[]]


class Layout:
    """Takes words, line ends and blocks in document order; `text()` gives the lines.

    While `tight` is set, blocks begin on the next line without an empty one, because an empty line would end a section
    that is not read.
    """

    def __init__(self) -> None:
        self.tight = False
        self._blocks: list[_Block] = []
        self._rows: list[_Row] = []
        self._parts: list[str] = []

    def words(self, words: str, *, verbatim: bool = False) -> None:
        """Add words to the current line. Blanks and line ends within them count as one blank unless `verbatim`."""
        if not verbatim:
            words = _BLANKS.sub(" ", words)
            if words[:1] == " " and (not self._parts or self._parts[-1][-1:] in " \n"):
                words = words[1:]
        if words:
            self._parts.append(words)

    def line_end(self) -> None:
        """End the current line."""
        self._parts.append("\n")

    def block_end(self) -> None:
        """End the current block, if it has words."""
        lines = [line.rstrip() for line in "".join(self._parts).replace("\xa0", " ").split("\n")]
        self._parts = []
        if text := "\n".join(lines).strip():
            self._container().append(_Block(text, self.tight))

    def row_start(self) -> None:
        """Open a table row."""
        self.block_end()
        self._rows.append(_Row())

    def cell_end(self) -> None:
        """End a cell. If no row is open, the current block becomes the first cell of a new one."""
        if not self._rows:
            parts, self._parts = self._parts, []
            self.row_start()
            self._parts = parts
        self.block_end()
        self._rows[-1].cells.append([])

    def row_end(self) -> None:
        """End the innermost row, if one is open.

        Cells of one line each are joined to one line; others are separated.
        """
        self.block_end()
        if not self._rows:
            return
        cells = [cell for cell in self._rows.pop().cells if cell]
        container = self._container()
        if all(len(cell) == 1 and "\n" not in cell[0].text for cell in cells):
            if cells:
                container.append(_Block(_in_one_line([cell[0].text for cell in cells]), self.tight))
        else:
            container.extend(block for cell in cells for block in cell)

    def in_row(self) -> bool:
        """Whether a table row is open."""
        return bool(self._rows)

    def text(self) -> str:
        """All lines. Ends open rows and blocks."""
        self.block_end()
        while self._rows:
            self.row_end()
        parts = []
        before = ""
        for block in self._blocks:
            if before:
                parts.append("\n" if block.tight or _stay_together(before, block.text) else "\n\n")
            parts.append(block.text)
            before = block.text
        return "".join(parts)

    def _container(self) -> list[_Block]:
        return self._rows[-1].cells[-1] if self._rows else self._blocks


def _in_one_line(cells: list[str]) -> str:
    """ "Pneumothorax" and "none" as "Pneumothorax: none"; further cells are separate statements."""
    first, *others = cells
    if others and len(first) <= _MOST_LABEL and first[-1].isalnum():
        return f"{first}: {'; '.join(others)}"
    return "; ".join(cell.rstrip(";") for cell in cells)


def _stay_together(before: str, after: str) -> bool:
    last = before[before.rfind("\n") + 1 :]
    if last.endswith(":") or (len(last) <= _LONGEST_HEADING and ":" not in last and not find_sections(last)):
        return True
    if _WAITING.search(last[-16:]) or _GOING_ON.match(after):
        return True
    return len(last) >= _WRAPPED and last[-1].isalnum() and after[0].islower()
