"""An experiment's table, as Markdown and as CSV."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.experiments.statistics import Estimate

Cell = str | int | float | Estimate | None


@dataclass(frozen=True, slots=True)
class Table:
    """`note` explains the intervals; None in a cell is a missing figure."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def to_markdown(table: Table) -> str:
    """The table with its title above and its note below."""
    lines = [table.columns, tuple("---" for _ in table.columns), *(tuple(map(_shown, row)) for row in table.rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{table.title}**\n\n{body}\n\n{table.note}\n"


def write_tables(folder: Path, name: str, tables: Sequence[Table]) -> None:
    """Write `name`.md with all tables, and a CSV each: `name`.csv, `name`-2.csv, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text("\n".join(map(to_markdown, tables)), encoding="utf-8")
    for number, table in enumerate(tables, start=1):
        part = name if number == 1 else f"{name}-{number}"
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(to_rows(table))


def to_rows(table: Table) -> list[list[str | int | float | None]]:
    """Header and rows of the CSV: a column of estimates is three, the figure and its bounds."""
    wide = [any(isinstance(row[at], Estimate) for row in table.rows) for at in range(len(table.columns))]
    header: list[str | int | float | None] = []
    for name, is_wide in zip(table.columns, wide, strict=True):
        header += [name, f"{name} low", f"{name} high"] if is_wide else [name]
    return [header, *(_flat(row, wide) for row in table.rows)]


def _flat(row: Sequence[Cell], wide: Sequence[bool]) -> list[str | int | float | None]:
    flat: list[str | int | float | None] = []
    for cell, is_wide in zip(row, wide, strict=True):
        if isinstance(cell, Estimate):
            flat += [cell.mean, cell.low, cell.high]
        else:
            flat += [cell, None, None] if is_wide else [cell]
    return flat


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, Estimate):
        bounds = "" if cell.low is None or cell.high is None else f" ({cell.low:.3f} to {cell.high:.3f})"
        return f"{cell.mean:.3f}{bounds}"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
