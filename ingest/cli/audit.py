"""`vlmkg audit`: the audit trail, for privacy officers."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from ingest import pseudonyms
from ingest.cli.console_user import console_user
from ingest.cli.events_view import as_json, print_table
from ingest.ledger.access import audit as trail
from ingest.ledger.access.audit import AuditEntry, AuditFilter
from ingest.ledger.studies import merges, patients
from ingest.receiving.submit import Receiver
from ingest.settings import existing_receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.options import data_option


def _time(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """A time in ISO 8601; in UTC if it has no zone."""
    if value is None:
        return None
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("write the time as 2026-01-31 or 2026-01-31T08:00+01:00") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


@click.group()
def audit() -> None:
    """Show the audit trail: who read which patient's data, and when."""


@audit.command("list")
@click.option(
    "--who", metavar="TEXT", help="Only callers whose name (of a key or person) or token subject contains this."
)
@click.option(
    "--patient", metavar="ID", help="Only this patient: a pseudonym, or with --authority the sender's identifier."
)
@click.option("--authority", help="The assigning authority of the identifier.")
@click.option(
    "--since", metavar="TIME", callback=_time, help="From this day or time on (ISO 8601; UTC if it has no zone)."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Number of entries at most.")
@click.option(
    "--json", "in_json", is_flag=True, help="Print JSON for programs, with the pseudonyms of all patients seen."
)
@data_option
def list_(
    data: DataDir,
    who: str | None,
    patient: str | None,
    authority: str | None,
    since: datetime | None,
    limit: int,
    *,
    in_json: bool,
) -> None:
    """List accesses and attempted accesses, newest first.

    Counts over all patients name no patients, and neither do refused requests. This listing is itself recorded in the
    trail before it is shown.
    """
    if authority is not None and patient is None:
        raise UsageError("--authority was given without --patient", "give both, or only --patient with a pseudonym")
    receiver = existing_receiver_of(data)
    with closing(receiver.ledger) as ledger:
        with ledger.read() as connection:
            named = _pseudonyms(receiver, connection, patient, authority)
            found = trail.find(connection, AuditFilter(who, named, since), limit=limit + 1)
        trail.record(ledger, actor=console_user(), action="audit list", patients=named or (), outcome="ok")
    shown = found[:limit]
    if in_json:
        click.echo(as_json([asdict(entry) for entry in shown]))
    else:
        _print(shown)
    if len(found) > limit:
        click.echo(f"the list has more than these {limit} entries: use --limit to see more", err=True)


def _pseudonyms(
    receiver: Receiver, connection: Connection, patient: str | None, authority: str | None
) -> tuple[str, ...] | None:
    """The patient's present and former pseudonyms.

    Prints a notice if the ledger has none, perhaps for a mistyped name.
    """
    if patient is None:
        return None
    asked = pseudonyms.patient_id(receiver.pseudonym_key, authority, patient) if authority is not None else patient
    if not patients.is_known(connection, asked):
        hint = "" if authority is not None else ": for a sender's identifier, give --authority"
        click.echo(f"the ledger knows no such patient{hint}", err=True)
    named = merges.known_as(connection, asked)
    if len(named) > 1:
        click.echo(f"this patient was merged and has {len(named)} pseudonyms: entries of all are shown", err=True)
    return named


def _print(found: Sequence[AuditEntry]) -> None:
    table = Table(box=None, header_style="bold")
    for heading in ("when", "who", "what", "patients", "outcome"):
        table.add_column(
            heading, overflow="fold", no_wrap=heading == "when", justify="right" if heading == "patients" else "left"
        )
    for entry in found:
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(when, escape(entry.actor), escape(entry.action), str(len(entry.patients)), entry.outcome)
    print_table(table)
