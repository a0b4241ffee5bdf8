"""A reader's sheet: CSV that a spreadsheet opens, one triplet a row beside its report, and the verdicts that come back.

Nothing in it tells which program read the report. A cell that a spreadsheet would take for a formula is quoted.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unicodedata import normalize

from training.review.items import Item, says
from vlmkg.errors import UsageError
from vlmkg.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reader's verdict on an item, and the comment, which may be empty."""

    verdict: Verdict
    comment: str


ITEM, VERDICT, COMMENT = "item", f"verdict ({' / '.join(Verdict)})", "comment"
COLUMNS = (ITEM, "report", "head «1»", "head is", "relation", "tail «2»", "tail is", VERDICT, COMMENT)
FAULTS_SHOWN = 10
_DELIMITERS = ",;\t"
_FORMULA_SIGNS = {"=", "+", "-", "@"}


def write_sheet(path: Path, items: Iterable[Item]) -> None:
    """Write the items in the order given, verdicts empty. In UTF-8 with a mark, by which spreadsheets know it."""
    write_table(path, COLUMNS, (_cells(item) for item in items))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV that no spreadsheet takes for formulas."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows([plain(cell) for cell in row] for row in rows)


def plain(cell: str) -> str:
    """The cell, behind an apostrophe where a spreadsheet would run it (OWASP, CSV injection)."""
    # Full-width signs are signs to some spreadsheets; NFKC makes them plain ones.
    first = normalize("NFKC", cell.lstrip()[:1])
    return f"'{cell}" if first in _FORMULA_SIGNS or cell.startswith(("\t", "\r", "\n")) else cell


def marked(item: Item) -> str:
    """The report with the triplet's words marked: «1:head» and «2:tail»."""
    text = item.report
    for at, mention in sorted(enumerate((item.head, item.tail), start=1), key=lambda one: -one[1].start):
        text = f"{text[: mention.start]}«{at}:{mention.text}»{text[mention.end :]}"
    return text


def read_sheet(path: Path, items: Collection[str]) -> dict[str, Judgement]:
    """The judgement of each item. Raises UsageError that names each row at fault, and no word of any.

    Rows may be in any order; commas, semicolons or tabs may stand between cells.
    """
    found: dict[str, Judgement] = {}
    rows: dict[str, int] = {}
    faults: list[str] = []
    for number, row in _rows(path):
        name, verdict = row[ITEM].strip(), " ".join(row[VERDICT].lower().split())
        if name not in items:
            faults.append(f"row {number} is not an item of this review")
        elif name in rows:
            faults.append(f"row {number} is the same item as row {rows[name]}, {name}")
        elif verdict not in set(Verdict):
            faults.append(
                f"row {number} ({name}) has no verdict"
                if not verdict
                else f"row {number} ({name}) has an unknown verdict"
            )
        else:
            found[name] = Judgement(Verdict(verdict), row[COMMENT].strip())
        rows.setdefault(name, number)
    faults += [f"{name} is missing" for name in items if name not in rows]
    if faults:
        more = f"; {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        message = f"{path.name}: {'; '.join(faults[:FAULTS_SHOWN])}{more}"
        raise UsageError(message, f"the sheet needs each item once, with one of the verdicts: {', '.join(Verdict)}")
    return found


def _cells(item: Item) -> list[str]:
    relation = item.relation.value.replace("_", " ")
    return [item.name, marked(item), item.head.text, says(item.head), relation, item.tail.text, says(item.tail), "", ""]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows that are not empty, by the numbers that a spreadsheet gives them, with the cells that count."""
    text = _text(path)
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    table = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(table, [])]
    lacking = [name for name in (ITEM, VERDICT, COMMENT) if name not in names]
    if lacking:
        raise UsageError(f"{path.name} has no column {lacking[0]!r}", "restore the first row as it was exported")
    for number, cells in enumerate(table, start=2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(names, [*cells, *[""] * len(names)], strict=False))
            yield number, {name: row[name] for name in (ITEM, VERDICT, COMMENT)}


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets save "CSV" in Windows' own encoding unless told otherwise.
        return content.decode("cp1252", errors="replace")
