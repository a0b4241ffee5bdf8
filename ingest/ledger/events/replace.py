"""Replace the facts of events by parsing their messages again, and remove events permanently."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, or_, select, update

from ingest.ledger.events import raw_messages
from ingest.ledger.events.record import FormerFacts, write_facts
from ingest.ledger.requeue import IDLE, lock_events
from ingest.ledger.reviews import missed, reviews
from ingest.ledger.states import State
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import now
from ingest.ledger.storage.tables import events, patient_merges, patients, report_texts, sightings
from ingest.ledger.studies import merges, repeats
from ingest.ledger.studies import sightings as stored
from ingest.ledger.studies.message_facts import NewEvent
from ingest.ledger.studies.placement import serialise
from ingest.ledger.studies.sightings import StoredSighting


def replace(connection: Connection, again: Sequence[tuple[int, NewEvent]]) -> None:
    """Restart events, by their ids, with the facts of their newly parsed messages.

    Workers that hold them lose their claims. Studies that they no longer name are read and merged again.
    """
    serialise(connection)
    event_ids = [event_id for event_id, _ in again]
    former = FormerFacts(_remove_sightings(connection, event_ids), merges.remove(connection, event_ids))
    for event_id, event in again:
        _restart(connection, event_id, event)
    write_facts(connection, again, former)


@dataclass(frozen=True, slots=True)
class Removed:
    """The removed events, the patients that they named (pseudonyms), and the blobs that no event refers to any more."""

    events: tuple[int, ...]
    patients: tuple[str, ...]
    blob_keys: tuple[str, ...]


def purge(connection: Connection, event_ids: Collection[int]) -> Removed:
    """Remove dead events and the facts, texts, reviews and patients that only they brought. Other events stay."""
    serialise(connection)
    locked = lock_events(connection, event_ids)
    dead = select(events.c.id, events.c.digest).where(events.c.id.in_(locked), events.c.state == State.DEAD)
    digests = {row.id: row.digest for row in connection.execute(dead)}
    removed = _remove_sightings(connection, list(digests))
    write_facts(connection, (), FormerFacts(removed, merges.remove(connection, list(digests))))
    raw_messages.remove(connection, list(digests))
    connection.execute(delete(events).where(events.c.id.in_(list(digests))))
    _remove_orphans(connection, removed)
    people = {old.place.patient_id for old in removed}
    return Removed(
        tuple(sorted(digests)), tuple(sorted(people)), tuple(unreferenced(connection, set(digests.values())))
    )


def unreferenced(connection: Connection, blob_keys: Collection[str]) -> list[str]:
    """The blobs that no event refers to."""
    return sorted(
        set(blob_keys).difference(
            *(
                connection.execute(select(events.c.digest).where(events.c.digest.in_(chunk))).scalars()
                for chunk in chunks(sorted(blob_keys))
            )
        )
    )


def _remove_sightings(connection: Connection, event_ids: Collection[int]) -> list[StoredSighting]:
    removed = stored.of_events(connection, event_ids)
    for chunk in chunks(sorted(event_ids)):
        connection.execute(delete(sightings).where(sightings.c.event_id.in_(chunk)))
    repeats.unmark(connection, {old.place.item_key for old in removed})
    return removed


def _restart(connection: Connection, event_id: int, event: NewEvent) -> None:
    names = {"source": event.source, "external_id": event.external_id}
    taken = select(events.c.id).where(
        events.c.source == event.source,
        events.c.external_id == event.external_id,
        events.c.digest == event.digest,
        events.c.id != event_id,
    )
    if connection.execute(taken).first():
        names = {}
    values = {
        "message_time": event.message_time,
        "warnings": event.warnings,
        "state": event.state,
        "reason": event.reason,
        "detail": event.detail,
        "attempts": 0,
        "solo": False,
        "fence": events.c.fence + 1,
        "updated_at": now(connection),
    }
    connection.execute(update(events).where(events.c.id == event_id).values(**values, **names, **IDLE))


def _remove_orphans(connection: Connection, removed: Collection[StoredSighting]) -> None:
    texts = [old.report_key for old in removed if old.report_key]
    people = [old.place.patient_id for old in removed]
    films = [old.sop_instance_uid for old in removed if old.sop_instance_uid]
    gone = _without_sightings(connection, [*texts, *films])
    reviews.remove(connection, gone)
    missed.remove(connection, gone)
    for chunk in chunks(sorted(set(texts))):
        in_use = exists().where(sightings.c.report_key == report_texts.c.report_key)
        connection.execute(delete(report_texts).where(report_texts.c.report_key.in_(chunk), ~in_use))
    for chunk in chunks(sorted(set(people))):
        named = or_(
            exists().where(sightings.c.patient_id == patients.c.patient_id),
            exists().where(sightings.c.said_patient_id == patients.c.patient_id),
            exists().where(patient_merges.c.retired_id == patients.c.patient_id),
            exists().where(patient_merges.c.survivor_id == patients.c.patient_id),
        )
        connection.execute(delete(patients).where(patients.c.patient_id.in_(chunk), ~named))


def _without_sightings(connection: Connection, sources: Collection[str]) -> set[str]:
    """The reports (by reportKey) and films (by UID) that no sighting refers to any more."""
    left = set(sources)
    for column in (sightings.c.report_key, sightings.c.sop_instance_uid):
        for chunk in chunks(sorted(left)):
            left.difference_update(connection.execute(select(column).where(column.in_(chunk))).scalars())
    return left
