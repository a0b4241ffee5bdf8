"""A reader's sheet: CSV for a spreadsheet, one triplet per row with its report, and the reader's verdicts.

It does not show which program read the report. A cell that a spreadsheet would run as a formula is quoted.
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
    """Write the items in the order given, verdicts empty. In UTF-8 with a byte-order mark, which spreadsheets need."""
    write_table(path, COLUMNS, (_cells(item) for item in items))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV without cells that a spreadsheet would run as formulas."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows([plain(cell) for cell in row] for row in rows)


def plain(cell: str) -> str:
    """The cell, with an apostrophe in front if a spreadsheet would run it (OWASP, CSV injection)."""
    # Some spreadsheets accept full-width operators; NFKC converts them to plain ones.
    first = normalize("NFKC", cell.lstrip()[:1])
    return f"'{cell}" if first in _FORMULA_SIGNS or cell.startswith(("\t", "\r", "\n")) else cell


def marked(item: Item) -> str:
    """The report with the triplet's words marked: «1:head» and «2:tail»."""
    text = item.report
    for at, mention in sorted(enumerate((item.head, item.tail), start=1), key=lambda one: -one[1].start):
        text = f"{text[: mention.start]}«{at}:{mention.text}»{text[mention.end :]}"
    return text


def read_sheet(path: Path, items: Collection[str]) -> dict[str, Judgement]:
    """The judgement of each item. Raises UsageError that names each faulty row, without its text.

    Rows may be in any order; cells may be separated by commas, semicolons or tabs.
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
    """The rows that are not empty, with a spreadsheet's row numbers and the relevant cells."""
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
        # Spreadsheets save CSV in a Windows encoding by default.
        return content.decode("cp1252", errors="replace")
