"""The counts of an import, for a person to read."""

from rich.console import Console
from rich.table import Table

from ingest.importing.tally import Tally

_NEXT = {
    "refused": "vlmkg events list --state refused",
    "dead": "vlmkg dead-letters list",
    "pending": "vlmkg events list --summary",
}


def print_summary(console: Console, tally: Tally, seconds: float) -> None:
    """One table: each outcome that occurred, its reasons, and the command that shows more."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_column(style="dim")
    rate = tally.received / seconds if seconds > 0 else 0
    table.add_row(f"{tally.received:,}", "received", f"in {seconds:.1f} s, {rate:,.0f} a second")
    counts = {"merged": tally.merged, "refused": tally.refused, "duplicate": tally.duplicate, "dead": tally.dead}
    for outcome, number in (counts | {"pending": len(tally.pending)}).items():
        if number:
            table.add_row(f"{number:,}", outcome, _NEXT.get(outcome, ""))
        if outcome == "refused":
            for reason, times in tally.refused_by_reason.most_common():
                table.add_row("", f"  {times:,} {reason}", "")
    console.print(table)
