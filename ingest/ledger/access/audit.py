"""The audit trail: who did what, to which patients' data, when, and how it ended."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from ingest.ledger.storage.bulk import bulk_insert
from ingest.ledger.storage.database import INSERT, Ledger, now
from ingest.ledger.storage.tables import audit

_INSERT = bulk_insert(dict.fromkeys(INSERT, audit.insert()), without=["id"])
"""Seconds: every API response waits for an entry."""

_POSITION: dict[str, Callable[..., ColumnElement[Any]]] = {"sqlite": func.instr, "postgresql": func.strpos}
"""Position of a text in another, or 0, by database."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One access. `patients` are pseudonyms; `outcome` is `ok`, `denied` or an error's code."""

    id: int
    at: datetime
    actor: str
    action: str
    patients: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A new entry. See AuditEntry."""

    actor: str
    action: str
    patients: tuple[str, ...]
    outcome: str


def record(ledger: Ledger, *, actor: str, action: str, patients: Sequence[str], outcome: str) -> None:
    """Write one entry in its own transaction."""
    with ledger.write() as connection:
        write(connection, actor=actor, action=action, patients=patients, outcome=outcome)


def write(connection: Connection, *, actor: str, action: str, patients: Sequence[str], outcome: str) -> None:
    """Write one entry in the caller's transaction."""
    write_all(connection, [NewEntry(actor, action, tuple(patients), outcome)])


def write_all(connection: Connection, new: Sequence[NewEntry]) -> None:
    """Write entries in the caller's transaction."""
    at = now(connection)
    rows = [
        {
            "at": at,
            "actor": one.actor,
            "action": one.action,
            "patients": tuple(sorted(set(one.patients))),
            "outcome": one.outcome,
        }
        for one in new
    ]
    _INSERT.execute(connection, rows)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """A filter of entries. `who`: a part of the actor's name; `patients`: any of these; `since`: then or later."""

    who: str | None = None
    patients: tuple[str, ...] | None = None
    since: datetime | None = None


def find(connection: Connection, where: AuditFilter, *, limit: int) -> list[AuditEntry]:
    """The newest matching entries, at most `limit`.

    It scans the whole trail: an index by patient would cost each API response a write for each of its patients.
    """
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if where.since is not None:
        statement = statement.where(audit.c.at >= where.since)
    if where.who is not None:
        statement = statement.where(audit.c.actor.icontains(where.who, autoescape=True))
    if where.patients is not None:
        position = _POSITION[connection.dialect.name]
        quoted = [json.dumps(patient, ensure_ascii=False) for patient in where.patients]
        statement = statement.where(or_(*(position(audit.c.patients, patient) > 0 for patient in quoted)))
    return [_entry(row) for row in connection.execute(statement)]


def entries(connection: Connection, *, limit: int, before: int | None = None) -> list[AuditEntry]:
    """Entries, newest first, at most `limit`, with ids below `before`."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [_entry(row) for row in connection.execute(statement)]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.actor, row.action, row.patients, row.outcome)
