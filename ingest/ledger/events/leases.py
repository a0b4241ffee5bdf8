"""Named leases: a duty that only one process in the whole system performs at a time."""

from datetime import timedelta

from sqlalchemy import delete, or_, select

from ingest.ledger.storage.database import Ledger, insert, now
from ingest.ledger.storage.tables import leases


def acquire(ledger: Ledger, name: str, owner: str, lease: timedelta) -> bool:
    """Acquire or renew the lease. False if another process holds it and it has not expired."""
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
    """Release the lease at once. No effect if another process holds it."""
    with ledger.write() as connection:
        connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
