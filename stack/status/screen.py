"""The screen: parts and doors, events, refusals and warnings, engines, and the content of the graph."""

from collections.abc import Mapping

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stack.status.snapshot import EventCounts, Snapshot

MOST_ROWS = 12
"""Rows of a table; what is rarer is summed up in the last line."""

LATE_S = 300.0
"""An event that waits longer is shown in red: some minutes mean that no work is done (docs/operations.md)."""


def screen(snapshot: Snapshot) -> RenderableType:
    """Everything on one screen."""
    title = f"{snapshot.data}   {snapshot.at:%Y-%m-%d %H:%M:%S}Z"
    boxes = [_box("parts", _parts(snapshot)), _box("doors", _doors(snapshot))]
    if snapshot.events is not None:
        boxes += _event_boxes(snapshot.events)
    boxes.append(_box("reads", _reads(snapshot)))
    if snapshot.graph is not None:
        boxes.append(_box("graph", _numbers(snapshot.graph)))
    return Group(Text(title, style="bold", overflow="ellipsis", no_wrap=True), Columns(boxes))


def _event_boxes(counts: EventCounts) -> list[Panel]:
    late = counts.oldest_waiting_s > LATE_S
    table = _numbers(counts.states)
    oldest = f"[red]{counts.oldest_waiting_s:,.0f} s[/red]" if late else f"{counts.oldest_waiting_s:,.0f} s"
    table.add_row("oldest that waits", oldest)
    return [
        _box("events", table),
        _box("refused", _numbers(counts.refused)),
        _box("dead", _numbers(counts.dead)),
        _box("warnings", _numbers(counts.warnings)),
    ]


def _parts(snapshot: Snapshot) -> Table:
    table = _table()
    for part in snapshot.parts:
        mark = "[green]works[/green]" if part.works else "[red]fails[/red]"
        table.add_row(part.name, mark, escape(part.told))
    return table


def _doors(snapshot: Snapshot) -> Table:
    table = _table()
    for door in snapshot.doors:
        table.add_row(door.name, "[green]open[/green]" if door.is_open else "[red]shut[/red]", escape(door.address))
    if not snapshot.doors:
        table.add_row("no gateway is known here")
    return table


def _reads(snapshot: Snapshot) -> Table:
    table = _table()
    table.add_row("checkpoint", escape(snapshot.checkpoint or "none: the rules read"))
    for use in snapshot.events.engines[:3] if snapshot.events else ():
        name = " ".join(filter(None, (use.engine, use.checkpoint)))
        table.add_row(escape(name), f"{use.read:,} studies read, {use.selected:,} stand")
    return table


def _numbers(numbers: Mapping[str, int]) -> Table:
    table = _table()
    shown = list(numbers.items())
    for name, number in shown[:MOST_ROWS]:
        table.add_row(escape(name), f"{number:,}")
    if rest := shown[MOST_ROWS:]:
        table.add_row(f"{len(rest)} more", f"{sum(number for _, number in rest):,}")
    if not shown:
        table.add_row("none", "")
    return table


def _table() -> Table:
    return Table(box=None, show_header=False, pad_edge=False)


def _box(title: str, table: Table) -> Panel:
    return Panel(table, title=title, title_align="left", expand=False)
