"""The SQL of migrations as a script, for administrators who change schemas themselves.

    python -m ingest.ledger.offline_sql postgresql                                    a new ledger
    python -m ingest.ledger.offline_sql postgresql --after 0006__report_ids.sql       one of an older version
    python -m ingest.ledger.offline_sql postgresql --back-to 0006__report_ids.sql     back to an older version

The service accepts a ledger that was migrated by a script. Going back deletes the content of newer tables: make a
backup first. Stop all processes of the service while a script runs.
"""

from datetime import UTC, datetime

import click

from ingest.ledger.migration_sql import WORDS, statements
from ingest.ledger.storage.migrate import Migration, shipped, ways_back
from vlmkg.errors import UsageError


@click.command()
@click.argument("database", type=click.Choice(sorted(WORDS)))
@click.option("--after", default=None, help="The last migration of the ledger [default: none, a new ledger].")
@click.option("--back-to", default=None, help="The last migration to keep.")
def main(database: str, after: str | None, back_to: str | None) -> None:
    """Print the SQL that migrates a ledger on DATABASE to this version, or back to an older one."""
    if after and back_to:
        raise click.UsageError("--after and --back-to can't be combined: give one of them")
    click.echo(downgrade(database, back_to) if back_to else upgrade(database, after))


def upgrade(database: str, after: str | None = None) -> str:
    """The script of all migrations after `after`, or of all if it is None. Raises UsageError for an unknown name."""
    return _script(database, [line for one in _behind(after) for line in _forward(one, database)])


def downgrade(database: str, back_to: str) -> str:
    """The script that reverts all migrations after `back_to`. Raises UsageError for an unknown name."""
    return _script(database, [line for one in reversed(_behind(back_to)) for line in _backward(one, database)])


def _behind(name: str | None) -> list[Migration]:
    migrations = shipped()
    names = [one.name for one in migrations]
    if name is not None and name not in names:
        raise UsageError(f"there is no migration {name!r}", f"the latest is {names[-1]}")
    return migrations if name is None else migrations[names.index(name) + 1 :]


def _forward(migration: Migration, database: str) -> list[str]:
    at = datetime.now(UTC).isoformat()
    row = f"'{migration.name}', '{migration.checksum}', '{at}'"
    return [
        f"-- {migration.name}",
        *statements(migration.sql, database),
        f"INSERT INTO migrations (name, checksum, applied_at) VALUES ({row})",  # noqa: S608 - names of our own files
    ]


def _backward(migration: Migration, database: str) -> list[str]:
    return [
        f"-- back from {migration.name}",
        *statements(ways_back()[migration.name], database),
        f"DELETE FROM migrations WHERE name = '{migration.name}'",  # noqa: S608 - as above
    ]


def _script(database: str, lines: list[str]) -> str:
    """One transaction. SQLite accepts the setting of foreign keys only outside a transaction."""
    body = [line if line.startswith("-- ") and "\n" not in line else f"{line};" for line in lines]
    around = (["PRAGMA foreign_keys=OFF;"], ["PRAGMA foreign_key_check;"]) if database == "sqlite" else ([], [])
    return "\n".join([*around[0], "BEGIN;", *body, *around[1], "COMMIT;"])


if __name__ == "__main__":
    main()
