"""`vlmkg events` and `vlmkg dead-letters`: received messages, for operators."""

from collections.abc import Sequence
from dataclasses import asdict

import click

from ingest.cli import events_view
from ingest.cli.console_user import console_user
from ingest.cli.report_export import export_reports
from ingest.ledger.access import audit
from ingest.ledger.events import events as ledger_events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.readings import extractions
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.receiving.raw import raw_of
from ingest.receiving.replay import Replayed
from ingest.receiving.replay import purge as purge_events
from ingest.receiving.replay import replay as replay_events
from ingest.receiving.submit import Receiver
from ingest.settings import existing_ledger_of, existing_receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import RefusedError, UsageError
from vlmkg.options import data_option

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Maximum number of events."
)
state_option = click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only events in this state."
)
reason_option = click.option(
    "--reason", help="Only events that were refused or are dead for this reason, or have triplets rejected for it."
)
ids_argument = click.argument("ids", type=int, nargs=-1, metavar="[ID]...")


@click.group()
def events() -> None:
    """List, show and replay received messages; export their reports."""


events.add_command(export_reports)


@events.command("list")
@state_option
@reason_option
@click.option("--source", help="Only events from this source authority.")
@limit_option
@click.option("--summary", is_flag=True, help="Show only the number of events in each state.")
@json_option
@data_option
def list_(
    data: DataDir, state: str | None, reason: str | None, source: str | None, limit: int, summary: bool, as_json: bool
) -> None:
    """List events, newest first."""
    ledger = existing_ledger_of(data)
    if summary:
        _summarise(ledger, as_json=as_json)
    else:
        _list(ledger, EventFilter(State(state) if state else None, reason, source), limit, as_json=as_json)


@events.command()
@click.argument("event_id", type=int, metavar="ID")
@click.option(
    "--raw",
    is_flag=True,
    help="Write the message as it was received. It is patient data; the audit trail records this.",
)
@json_option
@data_option
def show(data: DataDir, event_id: int, raw: bool, as_json: bool) -> None:
    """Show one event. Its message is shown only with --raw."""
    if raw:
        _write_raw(existing_receiver_of(data), event_id)
        return
    with existing_ledger_of(data).read() as connection:
        event = ledger_events.get(connection, event_id)
        keys = ledger_events.study_keys(connection, (event_id,))[event_id]
        warned = extractions.warnings_of(connection, (event_id,))[event_id]
    if event is None:
        raise no_event(event_id)
    if as_json:
        click.echo(events_view.as_json(asdict(event) | {"reading_warnings": warned, "study_keys": keys}))
    else:
        events_view.print_event(event, warned, keys)


@events.command()
@ids_argument
@state_option
@reason_option
@click.option("--all", "everything", is_flag=True, help="All events.")
@json_option
@data_option
def replay(
    data: DataDir, ids: tuple[int, ...], state: str | None, reason: str | None, everything: bool, as_json: bool
) -> None:
    """Parse the stored messages of events again and process them."""
    if not (ids or state or reason or everything):
        raise UsageError("no events were chosen", "give event ids, --state, --reason or --all")
    where = EventFilter(State(state) if state else None, reason, ids=ids or None)
    _replay(existing_receiver_of(data), where, as_json=as_json)


@click.group("dead-letters")
def dead_letters() -> None:
    """List, replay and purge events that failed permanently."""


@dead_letters.command("list")
@reason_option
@limit_option
@json_option
@data_option
def list_dead(data: DataDir, reason: str | None, limit: int, as_json: bool) -> None:
    """List dead events, newest first."""
    _list(existing_ledger_of(data), EventFilter(State.DEAD, reason), limit, as_json=as_json)


@dead_letters.command("replay")
@ids_argument
@click.option("--all", "everything", is_flag=True, help="All dead events.")
@json_option
@data_option
def replay_dead(data: DataDir, ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Process dead events again."""
    where = _dead(ids, everything, "replayed")
    _replay(existing_receiver_of(data), where, as_json=as_json)


@dead_letters.command()
@ids_argument
@click.option("--all", "everything", is_flag=True, help="All dead events.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@data_option
def purge(data: DataDir, ids: tuple[int, ...], everything: bool, yes: bool, as_json: bool) -> None:
    """Permanently remove dead events, their messages, and the facts that only they brought."""
    receiver = existing_receiver_of(data)
    chosen = _chosen(receiver.ledger, _dead(ids, everything, "purged"))
    if not yes:
        click.confirm(f"Permanently remove {len(chosen)} dead events and their messages?", abort=True, err=True)
    purged = purge_events(receiver, chosen)
    audit.record(
        receiver.ledger, actor=console_user(), action="purge dead letters", patients=purged.patients, outcome="ok"
    )
    if as_json:
        click.echo(events_view.as_json(asdict(purged)))
        return
    click.echo(f"{len(purged.events)} events purged")
    if purged.blobs_left:
        click.echo(
            f"{len(purged.blobs_left)} messages could not be removed from the blob store: remove them by "
            "key (--json lists the keys)"
        )


def no_event(event_id: int) -> RefusedError:
    """The error for an unknown event id."""
    return RefusedError(f"there is no event {event_id}", "see vlmkg events list")


def _list(ledger: Ledger, where: EventFilter, limit: int, *, as_json: bool) -> None:
    with ledger.read() as connection:
        found = ledger_events.list_events(connection, where, limit=limit)
        total = ledger_events.count(connection, where)
        warned = extractions.warnings_of(connection, [event.id for event in found])
    if as_json:
        click.echo(events_view.as_json([asdict(event) | {"reading_warnings": warned[event.id]} for event in found]))
    else:
        events_view.print_events(found, warned, total)


def _summarise(ledger: Ledger, *, as_json: bool) -> None:
    with ledger.read() as connection:
        states = ledger_events.summary(connection)
        refused = ledger_events.reasons(connection, State.REFUSED)
        dead = ledger_events.reasons(connection, State.DEAD)
    if as_json:
        click.echo(events_view.as_json(states))
    else:
        events_view.print_summary(states, refused, dead)


def _write_raw(receiver: Receiver, event_id: int) -> None:
    with receiver.ledger.read() as connection:
        event = ledger_events.get(connection, event_id)
        patients = ledger_events.patient_ids(connection, (event_id,))
    if event is None:
        raise no_event(event_id)
    if event.blob_key is None:
        raise RefusedError(f"the message of event {event_id} was too large to store", "ask its sender for it")
    raw = raw_of(receiver.ledger, receiver.blobs, event)
    audit.record(receiver.ledger, actor=console_user(), action="show raw message", patients=patients, outcome="ok")
    click.echo(raw, nl=False)


def _replay(receiver: Receiver, where: EventFilter, *, as_json: bool) -> None:
    replayed = replay_events(receiver, _chosen(receiver.ledger, where))
    if as_json:
        click.echo(events_view.as_json(asdict(replayed)))
    else:
        _report(replayed)
    if not replayed.complete:
        raise SystemExit(1)


def _report(replayed: Replayed) -> None:
    click.echo(f"{len(replayed.received)} events will be processed again")
    for reason, number in sorted(replayed.refused.items()):
        click.echo(f"{number} refused again, reason {reason}")
    for event_id in replayed.without_message:
        click.echo(f"event {event_id} was not replayed: its message is not in the blob store")


def _dead(ids: Sequence[int], everything: bool, done: str) -> EventFilter:
    if bool(ids) == everything:
        raise UsageError(f"no events were chosen to be {done}", "give event ids, or --all")
    return EventFilter(State.DEAD, ids=tuple(ids) or None)


def _chosen(ledger: Ledger, where: EventFilter) -> list[int]:
    """The ids of the chosen events. Raises RefusedError if a given id is not among them."""
    with ledger.read() as connection:
        found = ledger_events.ids(connection, where)
    missing = sorted(set(where.ids or ()) - set(found))
    if missing:
        state = f" {where.state}" if where.state else ""
        raise RefusedError(f"there is no{state} event {missing[0]}", "see vlmkg events list")
    return found
