"""The outbox: received events become queued. Run by the process that holds the dispatcher's lease."""

from sqlalchemy import select, update

from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger, now
from ingest.ledger.storage.tables import events


def enqueue(ledger: Ledger, *, limit: int) -> list[int]:
    """Mark up to `limit` received events as queued, oldest first. The caller sends a wake-up for each returned id."""
    received = select(events.c.id).where(events.c.state == State.RECEIVED).order_by(events.c.id)
    with ledger.read() as connection:
        if connection.execute(received.limit(1)).first() is None:
            return []
    with ledger.write() as connection:
        ids = list(connection.execute(received.limit(limit).with_for_update(skip_locked=True)).scalars())
        statement = update(events).where(events.c.id.in_(ids))
        connection.execute(statement.values(state=State.QUEUED, updated_at=now(connection)))
        return ids
