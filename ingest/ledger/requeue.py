"""Return events to the start of their processing."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, false, func, literal_column, null, select, update

from ingest.ledger.states import State
from ingest.ledger.storage.bulk import BulkSelect, BulkWrite
from ingest.ledger.storage.database import INSERT, now
from ingest.ledger.storage.tables import events, sightings

IDLE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None, "alone": False}
"""The lease columns of an unclaimed event."""

AT_WORK = (State.QUEUED, State.EXTRACTING, State.EXTRACTED, State.MERGING, State.MERGED)
"""States after `received` that an event can leave without an operator."""


_NEWEST = BulkSelect(
    select(func.max(sightings.c.event_id).label("event_id"))
    .join(events, events.c.id == sightings.c.event_id)
    .where(events.c.state != literal_column(f"'{State.DEAD}'"))
    .group_by(sightings.c.study_key),
    sightings.c.study_key,
)
# Only constants: receiving executes it with nearly every group.
_PUT_BACK = BulkWrite(
    dict.fromkeys(
        INSERT,
        update(events)
        .where(
            events.c.id == bindparam("event"),
            events.c.state.in_([literal_column(f"'{state}'") for state in AT_WORK]),
        )
        .values(
            state=literal_column(f"'{State.RECEIVED}'"),
            fence=events.c.fence + literal_column("1"),
            updated_at=bindparam("at"),
            lease_owner=null(),
            lease_expires_at=null(),
            alone=false(),
        ),
    ),
    {"event": events.c.id, "at": events.c.updated_at},
)
_LOCKED = BulkSelect(select(events.c.id).order_by(events.c.id).with_for_update(), events.c.id)


def requeue_studies(connection: Connection, study_keys: Collection[str]) -> None:
    """Requeue each of these studies for reading and merging, by its newest event that is not dead.

    A worker that holds the event loses its claim, because its input has changed.
    """
    newest = {row.event_id for row in _NEWEST.rows(connection, study_keys)}
    locked, at = lock_events(connection, newest), now(connection)
    _PUT_BACK.execute(connection, [{"event": event_id, "at": at} for event_id in locked])


def lock_events(connection: Connection, event_ids: Collection[int]) -> list[int]:
    """Lock these events in the order of their ids, as all code does, to avoid deadlocks on PostgreSQL."""
    return [row.id for row in _LOCKED.rows(connection, event_ids)]
