"""`vlmkg audit`: the audit trail, for privacy officers: who read which data, and whether the trail is complete."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from ingest import pseudonyms
from ingest.cli.console_user import console_user
from ingest.cli.events_view import as_json, print_table
from ingest.ledger.access import audit as trail
from ingest.ledger.access import audit_chain
from ingest.ledger.access.audit import AuditEntry, AuditFilter
from ingest.ledger.access.audit_chain import Checked, Head
from ingest.ledger.studies import merges, patients
from ingest.receiving.submit import Receiver
from ingest.settings import existing_ledger_of, existing_receiver_of
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
    """Show the audit trail (who read which patient's data, and when), and check that nobody changed it."""


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
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Maximum number of entries.")
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


@audit.command()
@click.argument("manifests", metavar="[MANIFEST]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "in_json", is_flag=True, help="Print one line of JSON for programs.")
@data_option
def verify(data: DataDir, manifests: tuple[Path, ...], *, in_json: bool) -> None:
    """Check that no entry of the audit trail was changed, removed or inserted. Name the first one where it was.

    Each MANIFEST is the manifest.json of a backup. It names the last entry of the trail at that time. Whoever can write
    to the ledger can compute a whole new trail: only what backups have kept shows that. Exit code 1: the trail does
    not hold.
    """
    kept = list(_kept_heads(manifests))
    with closing(existing_ledger_of(data)) as ledger, ledger.read() as connection:
        checked = audit_chain.check(connection, kept)
    if in_json:
        click.echo(json.dumps({**asdict(checked), "kept_heads": len(kept)}))
    else:
        _tell(checked, len(kept))
    sys.exit(checked.broken is not None)


def _kept_heads(manifests: Iterable[Path]) -> Iterator[Head]:
    """The heads that backups have kept; those of older versions have none. Raises UsageError for another file."""
    for file in manifests:
        try:
            ledger = json.loads(file.read_bytes())["ledger"]
            entry, hash_ = ledger.get("audit_entry"), ledger.get("audit_hash")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{file} is not the manifest of a backup", "name TO/snapshots/*/manifest.json") from error
        if isinstance(entry, int) and isinstance(hash_, str):
            yield Head(entry, hash_)


def _tell(checked: Checked, kept: int) -> None:
    if checked.broken is not None:
        click.echo(f"the audit trail does not hold at entry {checked.broken.entry}: {checked.broken.why}")
        return
    click.echo(f"the audit trail holds: {checked.entries} entries, compared with {kept} heads of backups")
    if checked.older:
        click.echo(f"the first {checked.older} were written before entries were chained: the first hash covers them")
    click.echo(f"the last entry is {checked.head.entry}, its hash {checked.head.hash or 'none'}")


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
