"""Count failures of events, and mark those dead that fail alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, update

from ingest.ledger.requeue import IDLE
from ingest.ledger.states import ATTEMPTS, BACK, RUNNING, DeadReason, Stage, State
from ingest.ledger.storage.database import now
from ingest.ledger.storage.tables import events, sightings
from ingest.ledger.studies import graph_outbox

CRASHED_DETAIL = "the worker stopped while it processed only this event"


def count(connection: Connection, event_id: int, stage: Stage, reason: DeadReason, detail: str, *, alone: bool) -> None:
    """Count one failure. The event is retried, alone from now on; after its third failure alone it is dead."""
    attempts = connection.execute(select(events.c.attempts).where(events.c.id == event_id)).scalar_one() + alone
    if attempts >= ATTEMPTS:
        kill(connection, event_id, stage, reason, detail, attempts=attempts)
    else:
        _set(connection, event_id, state=BACK[stage], solo=True, attempts=attempts)


def kill(connection: Connection, event_id: int, stage: Stage, reason: DeadReason, detail: str, **values: Any) -> None:
    """Mark an event as dead, for an operator."""
    _set(connection, event_id, state=State.DEAD, reason=reason, detail=detail, **values)
    if stage is Stage.EXTRACT:
        # Its facts are in the ledger and supersede those in the graph: the graph must not show those as current.
        keys = connection.execute(select(sightings.c.study_key).where(sightings.c.event_id == event_id).distinct())
        graph_outbox.mark(connection, [(event_id, key, key) for key in sorted(keys.scalars())])


def expired(at: datetime) -> Select[Any]:
    """The events whose lease expired before `at`, oldest first."""
    return (
        select(events.c.id, events.c.state, events.c.alone)
        .where(events.c.lease_expires_at < at, events.c.state.in_(RUNNING.values()))
        .order_by(events.c.id)
    )


def _set(connection: Connection, event_id: int, **values: Any) -> None:
    # The fence rises, so that a worker that is still alive finds its claim lost.
    statement = update(events).where(events.c.id == event_id)
    connection.execute(statement.values(fence=events.c.fence + 1, updated_at=now(connection), **IDLE, **values))
