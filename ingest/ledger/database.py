"""Opening the ledger: SQLite in a file, or PostgreSQL by URL.

A `Ledger` holds an SQLAlchemy engine and must be made after fork. `write` and `read` are the only ways to a connection:
a write on SQLite begins with BEGIN IMMEDIATE, one at a time in a process; a read sees one snapshot on both databases.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingest.ledger.errors import translated
from ingest.ledger.migrate import apply_migrations
from vlmkg.errors import UsageError

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another process's transaction on SQLite."""

_WRITE = "vlmkg_write"


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger. `write_lock` keeps the writers of one process in line, where the database would have them poll."""

    reader: Engine
    writer: Engine
    write_lock: threading.Lock | None = field(default=None)

    @property
    def is_postgres(self) -> bool:
        """Whether this is PostgreSQL; else it is SQLite."""
        return self.writer.dialect.name == "postgresql"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, committed at the end. No I/O belongs inside.

        Raises OutageError where the database does not answer, is full or gives up on a lock.
        """
        with translated():
            if self.write_lock is None:
                with self.writer.begin() as connection:
                    yield connection
            else:
                with self.write_lock, self.writer.begin() as connection:
                    yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot to read from. Raises OutageError where the database does not answer."""
        with translated(), self.reader.begin() as connection:
            yield connection

    def ping(self) -> None:
        """Return if the ledger answers. Raises OutageError where it does not."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()


def now(connection: Connection) -> datetime:
    """The ledger's own clock: the database's on PostgreSQL, so that hosts need not agree; this host's on SQLite."""
    if connection.dialect.name == "postgresql":
        found: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return found.astimezone(UTC)
    return datetime.now(UTC)


def open_ledger(url: str, *, pool_size: int = 5) -> Ledger:
    """Open the ledger at `url` and bring its tables up to date. Call it after fork.

    `sqlite:///FILE` or `postgresql://...`; the driver is chosen here. Raises UsageError for another URL or a ledger
    that a newer version made, OutageError where the database does not answer.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed, pool_size) if parsed.get_backend_name() == "sqlite" else _postgres(parsed, pool_size)
    with translated():
        apply_migrations(engine, engine.execution_options(**{_WRITE: True}))
    if engine.dialect.name == "sqlite":
        return Ledger(engine, engine.execution_options(**{_WRITE: True}), threading.Lock())
    return Ledger(engine.execution_options(isolation_level="REPEATABLE READ"), engine)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError("the ledger's URL can't be read", "use sqlite:///FILE or postgresql://...") from error
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise UsageError("the ledger can't be kept there", "use sqlite:///FILE or postgresql://...")


def _postgres(url: URL, pool_size: int) -> Engine:
    # Parameters hold patient data: no error text may show them.
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=pool_size, max_overflow=0)


def _sqlite(url: URL, pool_size: int) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_size=pool_size, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by _begin_sqlite: Python's module would begin them too late, and deferred.
    connection.isolation_level = None
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    wants_write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if wants_write else "BEGIN")
