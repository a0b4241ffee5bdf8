"""The audit trail: who did what, to which patients' data, when, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ingest.ledger.database import Ledger


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
    raise NotImplementedError


def entries(connection: Connection, *, limit: int, before: int | None = None) -> list[AuditEntry]:
    """The newest entries first, at most `limit`, with ids below `before`."""
    raise NotImplementedError
