"""Named leases: a duty that one process in the whole system does at a time."""

from datetime import timedelta

from sqlalchemy import delete, or_, select

from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import leases


def acquire(ledger: Ledger, name: str, owner: str, lease: timedelta) -> bool:
    """Take the duty, or prolong it. False where another holds it and its lease has not run out."""
    with ledger.read() as connection:
        row = connection.execute(select(leases).where(leases.c.name == name)).first()
        if row and row.owner != owner and row.expires_at >= now(connection):
            return False
    with ledger.write() as connection:
        at = now(connection)
        statement = insert(connection, leases).values(name=name, owner=owner, expires_at=at + lease)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": owner, "expires_at": at + lease},
            where=or_(leases.c.owner == owner, leases.c.expires_at < at),
        )
        return connection.execute(statement.returning(leases.c.name)).first() is not None


def give_up(ledger: Ledger, name: str, owner: str) -> None:
    """Let go of the duty at once. Nothing happens where another holds it."""
    with ledger.write() as connection:
        connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
