"""Open the ledger: an SQLite file, or PostgreSQL by URL.

A `Ledger` holds database connections and must be opened after fork. Use connections only by `write` and `read`: a write
on SQLite begins with BEGIN IMMEDIATE, one at a time per process; a read sees one snapshot on both databases.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingest.ledger.errors import translated
from ingest.ledger.storage.migrate import apply_migrations
from vlmkg.errors import UsageError

BUSY_TIMEOUT_S = 30
"""Seconds that a writer waits for another process's transaction on SQLite."""

INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""INSERT with ON CONFLICT, by database."""

LOOK_AGAIN_S = 0.005
"""Seconds that a process waits in cases where SQLite itself does not wait."""

_WRITE = "vlmkg_write"


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger. `turn` queues the writers of one process, which would otherwise poll the database."""

    reader: Engine
    writer: Engine
    turn: AbstractContextManager[object]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, committed at the end. No I/O belongs inside.

        Raises OutageError if the database does not answer, is full or times out on a lock.
        """
        with translated(), self.turn, self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction with one snapshot. Raises OutageError if the database does not respond."""
        with translated(), self.reader.begin() as connection:
            yield connection

    def ping(self) -> None:
        """Check that the ledger responds. Raises OutageError if it does not."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()


def now(connection: Connection) -> datetime:
    """The ledger's clock: the database's on PostgreSQL, since hosts may differ; this host's on SQLite."""
    if connection.dialect.name == "postgresql":
        found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return found.astimezone(UTC)
    return datetime.now(UTC)


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT with ON CONFLICT for this database."""
    return INSERT[connection.dialect.name](table)


def open_ledger(url: str, *, pool_size: int = 5) -> Ledger:
    """Open the ledger at `url`, create it if it is missing, and migrate its tables. Call it after fork.

    `sqlite:///FILE` or `postgresql://...`; the driver is chosen here. Raises UsageError for another URL or a ledger
    that a newer version created, OutageError if the database does not answer.
    """
    ledger = open_as_it_is(url, pool_size=pool_size)
    with ExitStack() as undo:
        undo.callback(ledger.close)
        with translated():
            apply_migrations(ledger.reader, ledger.writer)
        undo.pop_all()
    return ledger


def open_as_it_is(url: str, *, pool_size: int = 5) -> Ledger:
    """Open the ledger at `url` without migrating its tables, whatever their version. Raises UsageError."""
    parsed = parse_url(url)
    return _sqlite(parsed, pool_size) if parsed.get_backend_name() == "sqlite" else _postgres(parsed, pool_size)


def parse_url(url: str) -> URL:
    """The URL of a ledger, with the driver chosen here. Raises UsageError if it is not one."""
    remedy = "use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError("the ledger's URL can't be read", remedy) from error
    kind = parsed.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise UsageError(f"the ledger does not support {kind} with this driver", remedy)


def _postgres(url: URL, pool_size: int) -> Ledger:
    # Parameters contain patient data: no error message may show them.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=pool_size, max_overflow=0)
    return Ledger(engine.execution_options(isolation_level="REPEATABLE READ"), engine, nullcontext())


def _sqlite(url: URL, pool_size: int) -> Ledger:
    file = Path(url.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    # It contains identifiers: only the owner may read it. SQLite gives the files beside it the same mode. An existing
    # file is never opened here: closing it would drop all POSIX locks of this process on it. The next process to close
    # it would then count as the last one and remove the log that this process still writes.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    engine = create_engine(
        url, hide_parameters=True, pool_size=pool_size, max_overflow=0, connect_args={"timeout": BUSY_TIMEOUT_S}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Ledger(engine, engine.execution_options(**{_WRITE: True}), threading.Lock())


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # _begin_sqlite begins transactions: Python's module would begin them too late, and deferred.
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, permanently. If several processes create a ledger together, one switches.

    SQLite reports at once to the others that the file is busy, whatever the timeout, because the one waits for their
    read locks. They release these and retry.
    """
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(LOOK_AGAIN_S)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
