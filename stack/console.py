"""Console output: lines, and one table of addresses."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

WIDTH = 1000
"""Columns: wide enough for every row, so that no address is broken."""


@dataclass(frozen=True, slots=True)
class Row:
    """One part of the table. `note` says what is unusual: another port, or an external part."""

    part: str
    address: str
    note: str = ""


def say(line: str) -> None:
    """Print one line at once. If the reader has gone (a pipe into `head`), the stack goes on."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(line)
        sys.stdout.flush()


def show(rows: Sequence[Row]) -> None:
    """Print the table. Addresses are never broken over lines: people copy them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("part", "address", "note"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(row.part, row.address, row.note)
    Console(highlight=False, width=WIDTH).print(table)
