"""What the person at the console sees: lines, and one table of addresses."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

WIDTH = 1000
"""Columns: more than any row has, so that a narrow window or a pipe breaks no address."""


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the table. `note` says what is unusual: another port than the usual one, or a part elsewhere."""

    part: str
    address: str
    note: str = ""


def say(line: str) -> None:
    """Print one line at once. A reader that went away (a pipe into `head`) is no reason to stop the stack."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(line)
        sys.stdout.flush()


def show(rows: Sequence[Row]) -> None:
    """Print the table. Addresses are never broken over lines: they are there to be copied."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("part", "address", "note"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(row.part, row.address, row.note)
    Console(highlight=False, width=WIDTH).print(table)
