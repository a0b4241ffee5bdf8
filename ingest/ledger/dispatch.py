"""The outbox: which wake-ups to send. Run by whoever holds the dispatcher's lease."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from ingest.ledger import changes
from ingest.ledger.database import Ledger, now
from ingest.ledger.states import State
from ingest.ledger.tables import events


def enqueue(ledger: Ledger, *, limit: int) -> list[int]:
    """Turn up to `limit` received events into queued ones, the oldest first. Send a wake-up for each id returned."""
    return _queue(ledger, select(events.c.id).where(events.c.state == State.RECEIVED), limit)


def requeue_stale(ledger: Ledger, *, older_than: timedelta, limit: int) -> list[int]:
    """Queued events that nobody has taken for so long: their wake-ups were lost. Send one for each id returned.

    An event is returned again only after another `older_than`.
    """
    with ledger.read() as connection:
        before = now(connection) - older_than
    stale = select(events.c.id).where(events.c.state == State.QUEUED, events.c.updated_at < before)
    return _queue(ledger, stale, limit)


def merge_waiting(connection: Connection) -> bool:
    """Whether a merge would find something to do: extracted events, or changes left over (changes.waiting)."""
    extracted = select(events.c.id).where(events.c.state == State.EXTRACTED).limit(1)
    return connection.execute(extracted).first() is not None or changes.waiting(connection)


def _queue(ledger: Ledger, which: Select[Any], limit: int) -> list[int]:
    with ledger.read() as connection:
        if connection.execute(which.limit(1)).first() is None:
            return []
    with ledger.write() as connection:
        oldest = which.order_by(events.c.id).limit(limit).with_for_update(skip_locked=True)
        ids = list(connection.execute(oldest).scalars())
        statement = update(events).where(events.c.id.in_(ids))
        connection.execute(statement.values(state=State.QUEUED, updated_at=now(connection)))
        return ids
