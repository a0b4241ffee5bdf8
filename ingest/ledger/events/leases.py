"""Named leases: a duty that one process in the whole system does at a time."""

from datetime import timedelta

from sqlalchemy import delete, or_, select

from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import leases


def acquire(ledger: Ledger, name: str, owner: str, lease: timedelta) -> bool:
    """Take the duty, or prolong it. False where another holds it and its lease has not run out.

    A lease that ends later than one that begins now was given before the clock was set back: it has run out too.
    """
    with ledger.read() as connection:
        row = connection.execute(select(leases).where(leases.c.name == name)).first()
        at = now(connection)
        if row and row.owner != owner and at <= row.expires_at <= at + lease:
            return False
    with ledger.write() as connection:
        at = now(connection)
        statement = insert(connection, leases).values(name=name, owner=owner, expires_at=at + lease)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": owner, "expires_at": at + lease},
            where=or_(leases.c.owner == owner, leases.c.expires_at < at, leases.c.expires_at > at + lease),
        )
        return connection.execute(statement.returning(leases.c.name)).first() is not None


def give_up(ledger: Ledger, name: str, owner: str) -> None:
    """Let go of the duty at once. Nothing happens where another holds it."""
    with ledger.write() as connection:
        connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
