"""Opening the ledger, its migrations, and what errors may say."""

import multiprocessing
import sqlite3
import stat
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from ingest.errors import OutageError
from ingest.ledger.errors import LedgerError
from ingest.ledger.storage.database import Ledger, now, open_ledger
from ingest.ledger.storage.migrate import shipped
from ingest.ledger.storage.tables import metadata, properties
from tests.fixtures.postgres_server import PostgresServer
from vlmkg.errors import UsageError


def test_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    with ledger.read() as connection:
        found = inspect(connection)
        assert set(found.get_table_names()) == {*metadata.tables, "migrations"}
        for table in metadata.tables.values():
            columns = {column["name"]: column for column in found.get_columns(table.name)}
            assert list(columns) == [column.name for column in table.columns]
            for column in table.columns:
                made = columns[column.name]
                kind = column.type.compile(connection.dialect)
                assert made["type"].compile(connection.dialect) == kind, f"{table}.{column.name}"
                assert made["nullable"] == column.nullable, f"{table}.{column.name}"
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
            keys = {
                (key["constrained_columns"][0], key["referred_table"]) for key in found.get_foreign_keys(table.name)
            }
            assert keys == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}


def test_opening_again_changes_nothing(ledger_url: str) -> None:
    first = open_ledger(ledger_url)
    with first.write() as connection:
        connection.execute(properties.insert(), {"name": "a", "value": "b"})
    again = open_ledger(ledger_url)
    with again.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM migrations")).scalar_one() == len(shipped())
        assert connection.execute(text("SELECT value FROM properties")).scalar_one() == "b"
    first.close()
    again.close()


def test_a_changed_migration_is_an_error(ledger: Ledger, ledger_url: str) -> None:
    with ledger.write() as connection:
        connection.execute(text("UPDATE migrations SET checksum = 'other'"))
    with pytest.raises(UsageError, match=r"0001__ledger.sql was changed"):
        open_ledger(ledger_url)


def test_a_newer_ledger_is_an_error(ledger: Ledger, ledger_url: str) -> None:
    with ledger.write() as connection:
        connection.execute(text("INSERT INTO migrations VALUES ('9999__later.sql', 'x', 'x')"))
    with pytest.raises(UsageError, match="newer version"):
        open_ledger(ledger_url)


def _open(urls: list[str], start: Any) -> None:
    for url in urls:
        start.wait(20)
        open_ledger(url).close()


def _open_together(urls: list[str]) -> None:
    """Have three processes open each ledger at the same time, one ledger after the other."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    children = [context.Process(target=_open, args=(urls, start)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]


def test_processes_that_start_together(ledger_url: str) -> None:
    _open_together([ledger_url])
    opened = open_ledger(ledger_url)
    opened.ping()
    opened.close()


def test_processes_that_start_together_again_and_again(tmp_path: Path) -> None:
    """Gateway, workers and API do so on the first day, and one of a hundred failed where SQLite did not wait."""
    _open_together([f"sqlite:///{tmp_path}/{number}.sqlite" for number in range(50)])


def test_a_ledger_that_another_process_makes_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    (file := tmp_path / "ledger.sqlite").touch()
    assert sqlite_url.endswith(file.name)
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other_goes = threading.Timer(0.3, other.rollback)
    other_goes.start()
    open_ledger(sqlite_url).close()
    other_goes.join()
    other.close()
    later = sqlite3.connect(file)
    assert later.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    later.close()


def test_sqlite_is_durable_and_private(sqlite_url: str, tmp_path: Path) -> None:
    ledger = open_ledger(sqlite_url)
    with ledger.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1}
        connection.execute(properties.insert(), {"name": "a", "value": "b"})
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}
    ledger.close()


def _names_seen_elsewhere(url: str) -> list[str]:
    """What another process reads, which opens the ledger and closes it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        return other.submit(_names, url).result()


def _names(url: str) -> list[str]:
    ledger = open_ledger(url)
    with ledger.read() as connection:
        found = [row.name for row in connection.execute(select(properties.c.name))]
    ledger.close()
    return found


def test_opening_it_twice_in_one_process_keeps_the_locks_of_the_first(sqlite_url: str) -> None:
    """Else the next process that closes takes itself for the last, and removes the log that the first writes to."""
    first = open_ledger(sqlite_url)
    second = open_ledger(sqlite_url)
    assert _names_seen_elsewhere(sqlite_url) == []
    with first.write() as connection:
        connection.execute(properties.insert(), {"name": "acknowledged", "value": "b"})
    assert _names_seen_elsewhere(sqlite_url) == ["acknowledged"]
    first.close()
    second.close()


def test_a_write_on_sqlite_takes_its_lock_at_once(sqlite_url: str) -> None:
    ours, theirs = open_ledger(sqlite_url), open_ledger(sqlite_url)
    with theirs.writer.connect() as impatient:
        impatient.exec_driver_sql("PRAGMA busy_timeout=0")
    with ours.write(), pytest.raises(OutageError), theirs.write():
        pytest.fail("two writers at once")
    ours.close()
    theirs.close()


def test_a_read_sees_one_snapshot(ledger: Ledger) -> None:
    counted = text("SELECT count(*) FROM properties")
    with ledger.read() as reading:
        before = reading.execute(counted).scalar_one()
        with ledger.write() as writing:
            writing.execute(properties.insert(), {"name": "a", "value": "b"})
        assert reading.execute(counted).scalar_one() == before
    with ledger.read() as reading:
        assert reading.execute(counted).scalar_one() == before + 1


def test_a_postgresql_that_does_not_accept_writes_is_an_outage(postgres_server: PostgresServer) -> None:
    """As a standby during a failover: work must wait, and nobody's message is the cause."""

    def write(ledger: Ledger) -> None:
        with ledger.write() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(properties.insert(), {"name": "a", "value": "b"})

    with (
        closing(open_ledger(postgres_server.new_database())) as ledger,
        pytest.raises(OutageError, match="does not accept writes"),
    ):
        write(ledger)


def test_a_failed_write_leaves_nothing(ledger: Ledger) -> None:
    def write_and_fail() -> None:
        with ledger.write() as connection:
            connection.execute(properties.insert(), {"name": "a", "value": "b"})
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    with ledger.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM properties")).scalar_one() == 0


def test_no_error_quotes_a_row(ledger: Ledger) -> None:
    def twice() -> None:
        with ledger.write() as connection:
            connection.execute(properties.insert(), {"name": "Jane Roe", "value": "secret"})
            connection.execute(properties.insert(), {"name": "Jane Roe", "value": "secret"})

    with pytest.raises(LedgerError) as caught:
        twice()
    assert caught.value.__suppress_context__
    assert isinstance(caught.value.__context__, IntegrityError)
    shown = f"{caught.value} {caught.value.remedy} {caught.value.statement}"
    assert "Jane" not in shown
    assert "secret" not in shown


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_ledger(url)
    assert "postgresql://" in caught.value.remedy


def test_a_server_that_does_not_answer_is_an_outage_and_no_password_is_shown() -> None:
    with pytest.raises(OutageError) as caught:
        open_ledger("postgresql://vlmkg:sesame@127.0.0.1:1/none")
    assert "sesame" not in str(caught.value)


def test_the_clock_is_aware(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert now(connection).utcoffset() is not None


def test_naive_times_are_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    from datetime import datetime

    from sqlalchemy.exc import StatementError

    from ingest.ledger.storage.tables import leases

    def write_naive() -> None:
        with ledger.write() as connection:
            connection.execute(leases.insert(), {"name": "a", "owner": "b", "expires_at": datetime(2024, 1, 1)})  # noqa: DTZ001

    with pytest.raises(StatementError, match="with a zone"):
        write_naive()
