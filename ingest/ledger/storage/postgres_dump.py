"""Dump a PostgreSQL ledger to a file and load it, with pg_dump and pg_restore.

The password is passed in the environment: every user can see command lines. Only the programs' own messages are shown,
because the server's details quote rows.
"""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ingest.errors import OutageError
from ingest.ledger.storage.database import open_as_it_is, parse_url
from vlmkg.errors import UsageError


class MissingToolError(UsageError):
    """A program of PostgreSQL's client package is not installed."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} is not installed, but a PostgreSQL ledger needs it",
            "install the PostgreSQL client programs, of the server's version or a later one",
        )


def dump(connection: Connection, url: str, file: Path) -> None:
    """Dump the schema as this transaction (REPEATABLE READ) sees it to a new file.

    Raises MissingToolError, and OutageError if pg_dump fails.
    """
    seen = connection.execute(text("SELECT pg_export_snapshot(), current_schema()")).one()
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    options = (f"--snapshot={seen[0]}", f"--schema={_exactly(seen[1])}", f"--file={file}")
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", *options)


def load(url: str, file: Path, schema: str) -> None:
    """Load a dump into the database at `url`, in one transaction.

    Raises UsageError if it already has a ledger or lacks the schema, MissingToolError, and OutageError if the
    database does not answer or pg_restore fails.
    """
    ledger = open_as_it_is(url, pool_size=1)
    try:
        with ledger.read() as connection:
            found = connection.execute(text("SELECT current_schema()")).scalar()
            taken = inspect(connection).has_table("migrations")
    finally:
        ledger.close()
    if taken:
        raise UsageError("the database of VLMKG_LEDGER_URL already has a ledger", "restore into an empty database")
    if found != schema:
        raise UsageError(
            f"the database uses the schema {found}, but the dump uses {schema}",
            f"create the schema {schema} in that database",
        )
    whole = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", url, *whole, f"--schema={schema}", str(file))


def readable(file: Path) -> bool | None:
    """Whether pg_restore can read the dump's table of contents; None if pg_restore is not installed."""
    program = shutil.which("pg_restore")
    if program is None:
        return None
    listed = subprocess.run([program, "--list", str(file)], capture_output=True, check=False)  # noqa: S603
    return listed.returncode == 0


def _run(name: str, url: str, *arguments: str) -> None:
    program = shutil.which(name)
    if program is None:
        raise MissingToolError(name)
    parsed = parse_url(url).set(drivername="postgresql")
    password = {"PGPASSWORD": parsed.password} if parsed.password else {}
    database = f"--dbname={parsed.set(password=None).render_as_string(hide_password=False)}"
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [program, database, "--no-password", *arguments],
        env={**os.environ, **password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        own = [line for line in done.stderr.splitlines() if line.startswith(f"{name}: ")]
        raise OutageError(own[-1] if own else f"{name} failed ({done.returncode})", "see the PostgreSQL server's log")


def _exactly(schema: str) -> str:
    # pg_dump reads it as a pattern, and folds the case of unquoted names.
    return '"' + schema.replace('"', '""') + '"'
