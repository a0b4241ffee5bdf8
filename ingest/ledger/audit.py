"""The audit trail: who did what, to which patients' data, when, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ingest.ledger.database import Ledger, now
from ingest.ledger.tables import audit

_INSERT = audit.insert()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One access. `patients` are pseudonyms; `outcome` is `ok`, `denied` or an error's code."""

    id: int
    at: datetime
    actor: str
    action: str
    patients: tuple[str, ...]
    outcome: str


def record(ledger: Ledger, *, actor: str, action: str, patients: Sequence[str], outcome: str) -> None:
    """Write one entry, in a transaction of its own."""
    with ledger.write() as connection:
        write(connection, actor=actor, action=action, patients=patients, outcome=outcome)


def write(connection: Connection, *, actor: str, action: str, patients: Sequence[str], outcome: str) -> None:
    """Write one entry in the caller's transaction."""
    named = tuple(sorted(set(patients)))
    values = {"at": now(connection), "actor": actor, "action": action, "patients": named, "outcome": outcome}
    connection.execute(_INSERT, values)


def entries(connection: Connection, *, limit: int, before: int | None = None) -> list[AuditEntry]:
    """The newest entries first, at most `limit`, with ids below `before`."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [
        AuditEntry(row.id, row.at, row.actor, row.action, row.patients, row.outcome)
        for row in connection.execute(statement)
    ]
