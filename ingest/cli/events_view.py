"""Print events on a terminal or as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingest.ledger.events.events import Event
from ingest.ledger.states import State

PIPE_WIDTH = 400
_COLOURS = {State.MERGED: "green", State.REFUSED: "yellow", State.DEAD: "red"}


def as_json(value: object) -> str:
    """JSON with times in ISO 8601."""
    return json.dumps(value, default=_time, ensure_ascii=False)


def print_events(found: Sequence[Event], reading_warnings: Mapping[int, tuple[str, ...]], total: int) -> None:
    """Print one line per event, newest first, with the warnings of its readings, and the number of further events."""
    table = Table(box=None, header_style="bold")
    for heading in ("id", "received", "source", "external id", "state", "reason", "times"):
        table.add_column(heading, overflow="fold", no_wrap=heading not in {"source", "external id"})
    for event in found:
        table.add_row(
            str(event.id),
            f"{event.received_at:%Y-%m-%d %H:%M:%S}Z",
            escape(event.source),
            escape(event.external_id or event.origin_name),
            _coloured(event.state),
            event.reason or ", ".join((*event.warnings, *reading_warnings[event.id])),
            str(event.deliveries),
        )
    print_table(table)
    if total > len(found):
        click.echo(f"{len(found)} of {total} events; --limit shows more")


def print_event(event: Event, reading_warnings: Sequence[str], study_keys: Sequence[str]) -> None:
    """Print everything about one event except its message."""
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in asdict(event).items():
        if value not in (None, "", ()):
            table.add_row(name.replace("_", " "), escape(", ".join(value) if isinstance(value, tuple) else str(value)))
    if reading_warnings:
        table.add_row("reading warnings", ", ".join(reading_warnings))
    for key in study_keys:
        table.add_row("study", key)
    print_table(table)


def print_summary(states: Mapping[State, int], refused: Mapping[str, int], dead: Mapping[str, int]) -> None:
    """Print the number of events in each state, and the reasons of those that wait for an operator."""
    table = Table(box=None, header_style="bold")
    table.add_column("state")
    table.add_column("events", justify="right")
    reasons = {State.REFUSED: refused, State.DEAD: dead}
    for state, number in states.items():
        table.add_row(_coloured(state), str(number))
        for reason, part in reasons.get(state, {}).items():
            table.add_row(f"  {reason}", f"[dim]{part}[/dim]")
    print_table(table)


def print_table(table: Table) -> None:
    """Print a table in the width of the terminal; wide, with little wrapping, for a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def _coloured(state: State) -> str:
    colour = _COLOURS.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else state


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")
