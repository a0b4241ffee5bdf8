"""A consistent copy of the whole ledger, made while other processes write to it.

SQLite copies by its backup API, PostgreSQL by pg_dump. Both copy the view of one read transaction; queries in the same
transaction describe the copy.
"""

import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from ingest.errors import OutageError
from ingest.ledger.storage import postgres_dump
from ingest.ledger.storage.database import open_as_it_is
from ingest.ledger.storage.tables import events, patients, raw_messages

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True)
class Contents:
    """Facts of a ledger. `migration` is the last one applied; `schema` is PostgreSQL's."""

    kind: str
    schema: str | None
    migration: str
    states: dict[str, int]
    patients: int


@contextmanager
def snapshot(url: str, file: Path) -> Iterator[Connection]:
    """Copy the ledger at `url` to a new file. Yields a connection that sees the content of the copy.

    It contains everything committed before the call. No table is changed, whatever its version. Raises OutageError if
    the ledger does not respond or can't be copied, MissingToolError if pg_dump is not installed.
    """
    with closing(open_as_it_is(url, pool_size=1)) as ledger, ledger.read() as connection:
        # SQLite takes its snapshot at the first statement.
        connection.execute(text("SELECT count(*) FROM migrations"))
        if connection.dialect.name == SQLITE:
            _copy_file(connection.connection.driver_connection, file)
        else:
            postgres_dump.dump(connection, url, file)
        yield connection


def contents(connection: Connection) -> Contents:
    """The facts of the ledger, as this transaction sees it."""
    postgres = connection.dialect.name == POSTGRESQL
    by_state = select(events.c.state, func.count()).group_by(events.c.state)
    return Contents(
        kind=connection.dialect.name,
        schema=connection.execute(text("SELECT current_schema()")).scalar_one() if postgres else None,
        migration=connection.execute(text("SELECT max(name) FROM migrations")).scalar_one(),
        states={row[0]: row[1] for row in connection.execute(by_state)},
        patients=connection.execute(select(func.count()).select_from(patients)).scalar_one(),
    )


def named_blobs(connection: Connection) -> Iterator[tuple[str, int]]:
    """Key and size of every blob of an event that is not stored in the ledger itself, by key."""
    statement = (
        select(events.c.blob_key, func.max(events.c.size))
        .outerjoin(raw_messages, raw_messages.c.event_id == events.c.id)
        .where(events.c.blob_key.is_not(None), raw_messages.c.event_id.is_(None))
        .group_by(events.c.blob_key)
        .order_by(events.c.blob_key)
    )
    yield from ((row[0], row[1]) for row in connection.execute(statement))


def _copy_file(source: Any, file: Path) -> None:
    """Copy in one step: between steps SQLite restarts the copy if another process has written."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(file)) as target:
            # The file is renamed when it is complete, so it need not be synced at each write.
            target.execute("PRAGMA journal_mode=OFF")
            target.execute("PRAGMA synchronous=OFF")
            source.backup(target)
    except sqlite3.Error as error:
        what = f"the ledger can't be copied ({error.sqlite_errorname})"
        raise OutageError(what, "check whether the disk is full") from None


_MESSAGES = """
SELECT events.id, events.digest, events.blob_key, raw_messages.raw
FROM events LEFT JOIN raw_messages ON raw_messages.event_id = events.id
WHERE events.blob_key IS NOT NULL ORDER BY events.id
"""


def problems_of(file: Path, blobs: Collection[str]) -> Iterator[str]:
    """The problems of the copy, as sentences; `blobs` are the keys in the backup."""
    try:
        # Immutable: otherwise SQLite creates files beside it.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            yield from (f"the ledger: {row[0]}" for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok")
            broken = {row[0] for row in copy.execute("PRAGMA foreign_key_check")}
            yield from (f"the ledger: a row of {table} has a dangling reference" for table in sorted(broken))
            for event, digest, key, raw in copy.execute(_MESSAGES):
                if raw is None and key not in blobs:
                    yield f"event {event}: its message is neither in the ledger nor in the backed-up blobs"
                elif raw is not None and sha256(raw).hexdigest() != digest:
                    yield f"event {event}: its message was changed: its SHA-256 differs"
    except sqlite3.Error as error:
        yield f"the ledger can't be read ({error.sqlite_errorname})"
