"""Migrations of the ledger: numbered SQL files, applied once, in order, under a lock, and recorded with a checksum.

A file is for both databases (`ingest.ledger.migration_sql`). On SQLite a migration may rebuild a referenced table:
foreign keys are not enforced while it runs, and all are checked before the commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable

from sqlalchemy import Connection, Engine, inspect, text

from ingest.ledger.migration_sql import statements
from vlmkg.errors import UsageError

ADVISORY_LOCK = 0x564C4D4B
"""The PostgreSQL advisory lock under which migrations run."""

RECORD = "INSERT INTO migrations (name, checksum, applied_at) VALUES (:name, :checksum, :at)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `checksum` is the SHA-256 of its text."""

    name: str
    sql: str
    checksum: str


def shipped() -> list[Migration]:
    """The migrations of this version, in order."""
    return _read(resources.files("ingest.ledger.storage") / "migrations")


def ways_back() -> dict[str, str]:
    """The SQL that reverts a migration, by its name. The first one has none."""
    return {one.name: one.sql for one in _read(resources.files("ingest.ledger.storage") / "migrations" / "back")}


def _read(folder: Traversable) -> list[Migration]:
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    found = []
    for file in files:
        sql = file.read_text(encoding="utf-8")
        found.append(Migration(file.name, sql, sha256(sql.encode()).hexdigest()))
    return found


def apply_migrations(reader: Engine, writer: Engine) -> None:
    """Apply the missing migrations. Raises UsageError if an applied file was changed or is unknown."""
    migrations = shipped()
    with reader.begin() as connection:
        if not _missing(migrations, _applied(connection)):
            return
    with writer.connect() as connection, _unenforced(connection), connection.begin():
        _lock(connection)
        for migration in _missing(migrations, _applied(connection)):
            _apply(connection, migration)


@contextmanager
def _unenforced(connection: Connection) -> Iterator[None]:
    """Do not enforce this connection's foreign keys during the block. Only on SQLite.

    SQLite accepts the setting only outside a transaction. Without it, dropping a referenced table fails.
    """
    raw = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or raw is None:
        yield
        return
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _lock(connection: Connection) -> None:
    # On SQLite the transaction itself has begun with BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})


def _applied(connection: Connection) -> dict[str, str]:
    if not inspect(connection).has_table("migrations"):
        return {}
    return {row.name: row.checksum for row in connection.execute(text("SELECT name, checksum FROM migrations"))}


def _missing(migrations: list[Migration], applied: dict[str, str]) -> list[Migration]:
    known = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in applied.items():
        if name not in known:
            raise UsageError(
                f"the ledger was made by a newer version: it has {name}", "install that version or a later one"
            )
        if known[name] != checksum:
            raise UsageError(
                f"the ledger's migration {name} was changed after it had been applied",
                "restore the released migration file",
            )
    return [migration for migration in migrations if migration.name not in applied]


def _apply(connection: Connection, migration: Migration) -> None:
    for statement in statements(migration.sql, connection.dialect.name):
        connection.exec_driver_sql(statement)
    _check_references(connection, migration)
    connection.execute(
        text(RECORD), {"name": migration.name, "checksum": migration.checksum, "at": datetime.now(UTC).isoformat()}
    )


def _check_references(connection: Connection, migration: Migration) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = {str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    if broken:
        raise UsageError(
            f"the migration {migration.name} would leave dangling references in {', '.join(sorted(broken))} "
            "and was rolled back",
            "restore a backup, or correct these rows before the next start; the ledger was not changed",
        )
