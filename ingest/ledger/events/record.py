"""Record events with their facts, many in one transaction."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from ingest.ledger.events import raw_messages
from ingest.ledger.requeue import IDLE
from ingest.ledger.states import State
from ingest.ledger.storage.bulk import BulkSelect, BulkWrite, bulk_insert
from ingest.ledger.storage.database import INSERT, now
from ingest.ledger.storage.tables import events, report_texts
from ingest.ledger.studies import graph_outbox, merges
from ingest.ledger.studies import sightings as stored
from ingest.ledger.studies.message_facts import NewEvent, study_reference_of
from ingest.ledger.studies.patients import write_patients
from ingest.ledger.studies.placement import AddedSighting, ChangedSightings, place, serialise
from ingest.ledger.studies.renamed_sightings import rename, under_survivor
from ingest.ledger.studies.sightings import StoredSighting

Unique = tuple[str, str, str]

_NEW_EVENTS = bulk_insert(
    {name: insert(events).on_conflict_do_nothing() for name, insert in INSERT.items()}, without=["id"]
)
_NEW_TEXTS = bulk_insert({name: insert(report_texts).on_conflict_do_nothing() for name, insert in INSERT.items()})
_LAST = select(func.max(events.c.id))
_FOUND = BulkSelect(
    select(events.c.id, events.c.source, events.c.external_id, events.c.digest, events.c.state, events.c.reason),
    events.c.digest,
)
_WARN = BulkWrite(
    dict.fromkeys(
        INSERT, update(events).where(events.c.id == bindparam("event")).values(warnings=bindparam("new_warnings"))
    ),
    {"event": events.c.id, "new_warnings": events.c.warnings},
)


@dataclass(frozen=True, slots=True)
class FormerFacts:
    """The earlier facts of events that are parsed again: deleted sightings and merged patients."""

    sightings: Sequence[StoredSighting] = ()
    patients: Collection[str] = frozenset()


NOTHING_BROUGHT = FormerFacts()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The stored event of a message. `reason` is set if `state` is refused or dead.

    `duplicate`: the same bytes with the same source and id were received before; nothing was stored.
    """

    event_id: int
    state: State
    reason: str | None
    duplicate: bool


def record(connection: Connection, incoming: Sequence[NewEvent]) -> list[Receipt]:
    """Record events and their facts. For an existing event only its deliveries are counted."""
    serialise(connection)
    first: dict[Unique, NewEvent] = {}
    for event in incoming:
        first.setdefault(_unique(event), event)
    inserted, before = _insert(connection, first)
    write_facts(connection, [(inserted[key], event) for key, event in first.items() if key in inserted])
    known = _deliver_again(connection, Counter(map(_unique, incoming)) - Counter(inserted.keys()), before)
    _keep_raw(connection, first, inserted, known)
    recorded = []
    for key, event in zip(map(_unique, incoming), incoming, strict=True):
        event_id = inserted.pop(key, None)
        again = known.get(key)
        if event_id is not None:
            recorded.append(Receipt(event_id, event.state, event.reason, duplicate=False))
        elif again is not None:
            recorded.append(Receipt(again.id, State(again.state), again.reason, duplicate=True))
    return recorded


def write_facts(
    connection: Connection, incoming: Sequence[tuple[int, NewEvent]], former: FormerFacts = NOTHING_BROUGHT
) -> None:
    """Write the facts of events, by their ids. `former` are their earlier facts (events.replace)."""
    written = write_patients(connection, [patient for _, event in incoming for patient in event.patients])
    _write_texts(connection, [event for _, event in incoming])
    gone, merged = _merge_patients(connection, incoming, former)
    survivors = {**written.survivors, **merged}
    added = [
        AddedSighting(event_id, sighting, study_reference_of(event, sighting))
        for event_id, event in incoming
        for said in event.sightings
        for sighting in [under_survivor(event, said, survivors)]
    ]
    if added or gone.removed or gone.renamed:
        _warn(connection, place(connection, added, gone), dict(incoming))
    _show_patients(connection, incoming, written.changed)


def _merge_patients(
    connection: Connection, incoming: Sequence[tuple[int, NewEvent]], former: FormerFacts
) -> tuple[ChangedSightings, dict[str, str]]:
    """Merge patients, and undo merges that no message states any more. Returns the surviving patient of each change."""
    said = [(event_id, merge) for event_id, event in incoming for merge in event.merges]
    merges.add(connection, said)
    named = {name for _, merge in said for name in (merge.retired_id, merge.survivor_id)}.union(former.patients)
    survivors = merges.settle(connection, named) if named else {}
    renamed = rename(connection, survivors) if survivors else []
    causes = [event_id for event_id, _ in said] or [event_id for event_id, _ in incoming]
    return ChangedSightings(former.sightings, renamed, max(causes, default=None) if renamed else None), survivors


def _show_patients(connection: Connection, incoming: Sequence[tuple[int, NewEvent]], changed: Collection[str]) -> None:
    """Mark all studies of patients with new facts for the graph, also if the message has no study."""
    for event_id, event in incoming:
        for patient_id in sorted({patient.patient_id for patient in event.patients}.intersection(changed)):
            keys = stored.of_patient(connection, patient_id)
            graph_outbox.mark(connection, [(event_id, key, key) for key in sorted(keys)])


def _unique(event: NewEvent) -> Unique:
    return event.source, event.external_id, event.digest


def _insert(connection: Connection, incoming: Mapping[Unique, NewEvent]) -> tuple[dict[Unique, int], dict[Unique, Any]]:
    """Insert the new events. Returns their ids, and the rows of all events.

    Rows with an id above the last one are new: ids only rise, and no other transaction inserts (`serialise`).
    """
    last = connection.execute(_LAST).scalar() or 0
    at = now(connection)
    _NEW_EVENTS.execute(connection, [_row(event, at) for event in incoming.values()])
    found: dict[Unique, Any] = {
        (row.source, row.external_id, row.digest): row
        for row in _FOUND.rows(connection, {digest for _, _, digest in incoming})
    }
    return {key: row.id for key, row in found.items() if row.id > last}, found


def _deliver_again(
    connection: Connection, deliveries: Counter[Unique], found: Mapping[Unique, Any]
) -> dict[Unique, Any]:
    """Count deliveries of existing events. Returns these events."""
    if not deliveries:
        return {}
    statement = (
        update(events)
        .where(events.c.id == bindparam("event"))
        .values(deliveries=events.c.deliveries + bindparam("more"))
    )
    rows = sorted((found[key].id, more) for key, more in deliveries.items())
    connection.execute(statement, [{"event": event_id, "more": more} for event_id, more in rows])
    return {key: found[key] for key in deliveries}


def _keep_raw(
    connection: Connection, first: dict[Unique, NewEvent], inserted: dict[Unique, int], known: dict[Unique, Any]
) -> None:
    """Store small raw messages. A repeated message is stored again if it was lost."""
    ids = {key: row.id for key, row in known.items()} | inserted
    raw_messages.keep(connection, {ids[key]: event.raw for key, event in first.items() if event.raw is not None})


def _write_texts(connection: Connection, incoming: Iterable[NewEvent]) -> None:
    reports = [sighting.report for event in incoming for sighting in event.sightings if sighting.report]
    rows = {
        report.report_key: {
            "report_key": report.report_key,
            "text_digest": report.text_digest,
            "text": report.text,
        }
        for report in reports
    }
    _NEW_TEXTS.execute(connection, [rows[key] for key in sorted(rows)])


def _warn(connection: Connection, found: Mapping[int, Collection[str]], incoming: dict[int, NewEvent]) -> None:
    rows = [
        {"event": event_id, "new_warnings": (*incoming[event_id].warnings, *sorted(codes))}
        for event_id, codes in sorted(found.items())
    ]
    _WARN.execute(connection, rows)


def _row(event: NewEvent, at: Any) -> dict[str, Any]:
    return {
        "source": event.source,
        "external_id": event.external_id,
        "digest": event.digest,
        "format": event.format,
        "origin_name": event.origin_name,
        "origin_source": event.origin_source,
        "origin_time": event.origin_time,
        "blob_key": event.blob_key,
        "size": event.size,
        "received_at": at,
        "message_time": event.message_time,
        "deliveries": 1,
        "state": event.state,
        "reason": event.reason,
        "detail": event.detail,
        "warnings": event.warnings,
        "attempts": 0,
        "solo": False,
        "fence": 0,
        "updated_at": at,
        **IDLE,
    }
