"""Migrate the graph to this release: the migrations in order, each once, then the shipped vocabulary.

A migration is a file `migrations/V0001__what.cypher`: statements that end with `;` at the end of a line, each safe to
repeat (IF NOT EXISTS, MERGE), because a process may die between a statement and its record. Applied ones are recorded
as (:Migration {version, name, checksum, appliedAt}). If several processes migrate, one works and the others wait.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import LiteralString

from neo4j import Driver, ManagedTransaction, Session

from graph.connection import outages
from graph.errors import MigrationChangedError, ResearchCopyError, UnknownMigrationError
from graph.research_marker import read_marker
from graph.vocabulary import load_vocabulary_if_new, stored_digest
from vlmkg.vocabulary import Vocabulary, load_vocabulary

FOLDER = Path(__file__).parent / "migrations"

FILLING = frozenset({4})
"""Migrations that only fill in what this release writes itself. A graph that it has just written needs none of them."""

_KEY: LiteralString = "CREATE CONSTRAINT migration_key IF NOT EXISTS FOR (n:Migration) REQUIRE n.version IS UNIQUE"
_LOCK_KEY: LiteralString = "CREATE CONSTRAINT lock_key IF NOT EXISTS FOR (n:Lock) REQUIRE n.name IS UNIQUE"
_LOCK: LiteralString = "MERGE (l:Lock {name: 'migration'}) SET l.takenAt = datetime()"
_APPLIED: LiteralString = "MATCH (m:Migration) RETURN m.version AS version, m.name AS name, m.checksum AS checksum"
_RECORD: LiteralString = """
MERGE (m:Migration {version: $version})
ON CREATE SET m.name = $name, m.checksum = $checksum, m.appliedAt = datetime()
"""
_WAIT_FOR_INDEXES: LiteralString = "CALL db.awaitIndexes(300)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file. `checksum` is the SHA-256 (hex) of its text."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migrated:
    """The result of `migrate`: the names of the applied migrations, and whether the vocabulary was loaded."""

    applied: tuple[str, ...]
    vocabulary_loaded: bool


@cache
def shipped_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """The migrations of this release in order, read once in a process."""
    return tuple(_read(path) for path in sorted(folder.glob("V*.cypher")))


def migrate(
    driver: Driver,
    database: str = "neo4j",
    *,
    folder: Path = FOLDER,
    research_copy: bool = False,
    just_written: bool = False,
) -> Migrated:
    """Apply the missing migrations. A repetition costs two reads.

    `research_copy`: the graph may be a research copy. `just_written`: all of it was written by this release, so
    migrations that only fill something in are noted as applied.

    Raises MigrationChangedError if an applied migration has changed, UnknownMigrationError if the graph
    was migrated by a later release, ResearchCopyError, GraphUnavailableError if Neo4j does not respond.
    """
    migrations, vocabulary = shipped_migrations(folder), load_vocabulary()
    with outages(), driver.session(database=database) as session:
        if not research_copy and (marker := read_marker(session)):
            raise ResearchCopyError(marker.project)
        if not _missing(session, migrations) and session.execute_read(stored_digest) == vocabulary.digest:
            return Migrated((), vocabulary_loaded=False)
        # Managed transactions retry: two processes that create the same constraint may deadlock.
        session.execute_write(_run, _KEY)
        session.execute_write(_run, _LOCK_KEY)
        # A separate transaction holds the lock, because schema and data can't change in one. It only waits: no time
        # limit.
        with driver.session(database=database) as holder, holder.begin_transaction(timeout=0) as lock:
            lock.run(_LOCK).consume()
            return _apply(session, migrations, vocabulary, just_written=just_written)


def _apply(
    session: Session, migrations: tuple[Migration, ...], vocabulary: Vocabulary, *, just_written: bool
) -> Migrated:
    missing = _missing(session, migrations)
    for migration in missing:
        needed = not (just_written and migration.version in FILLING)
        for statement in migration.statements if needed else ():
            # The text comes from a file of this package, never from data.
            session.run(statement).consume()
        session.execute_write(_record, migration)
    if missing:
        session.run(_WAIT_FOR_INDEXES).consume()
    return Migrated(tuple(migration.name for migration in missing), load_vocabulary_if_new(session, vocabulary))


def _missing(session: Session, migrations: tuple[Migration, ...]) -> list[Migration]:
    applied = session.execute_read(_applied)
    shipped = {migration.version for migration in migrations}
    for version, (name, _) in sorted(applied.items()):
        if version not in shipped:
            raise UnknownMigrationError(name)
    for migration in migrations:
        if migration.version in applied and applied[migration.version][1] != migration.checksum:
            raise MigrationChangedError(migration.name)
    return [migration for migration in migrations if migration.version not in applied]


def _applied(tx: ManagedTransaction) -> dict[int, tuple[str, str]]:
    return {row["version"]: (row["name"], row["checksum"]) for row in tx.run(_APPLIED)}


def _run(tx: ManagedTransaction, statement: LiteralString) -> None:
    tx.run(statement).consume()


def _record(tx: ManagedTransaction, migration: Migration) -> None:
    tx.run(_RECORD, version=migration.version, name=migration.name, checksum=migration.checksum).consume()


def _read(path: Path) -> Migration:
    found = re.fullmatch(r"V(\d{4})__\w+", path.stem)
    if found is None:
        message = f"{path.name} is not named V0001__what.cypher"
        raise ValueError(message)
    text = path.read_text(encoding="utf-8")
    code = re.sub(r"^\s*//.*\n", "", text, flags=re.MULTILINE)
    statements = tuple(part.strip() for part in re.split(r";\s*\n", code) if part.strip())
    return Migration(int(found[1]), path.stem, hashlib.sha256(text.encode()).hexdigest(), statements)
