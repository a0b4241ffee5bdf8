"""The chain of the audit trail: what it notices, on both databases, and with several processes that write at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update

from ingest.ledger.access import audit, audit_chain
from ingest.ledger.access.audit_chain import Checked, Head
from ingest.ledger.migration_sql import statements
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.migrate import ways_back
from ingest.ledger.storage.tables import audit as table
from ingest.ledger.storage.tables import properties

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)


def look(ledger: Ledger, number: int) -> None:
    audit.record(ledger, actor=f"ward {number}", action="query patient", patients=["p", f"p{number}"], outcome="ok")


def check(ledger: Ledger, *known: Head) -> Checked:
    with ledger.read() as connection:
        return audit_chain.check(connection, known)


def change(ledger: Ledger, statement: Any) -> None:
    """As one does who has the database and not the service."""
    with ledger.write() as connection:
        assert connection.execute(statement).rowcount == 1


@pytest.fixture
def trail(ledger: Ledger) -> Ledger:
    for number in range(1, 8):
        look(ledger, number)
    return ledger


def test_a_trail_that_nobody_touched_holds(trail: Ledger) -> None:
    found = check(trail)
    assert (found.entries, found.older, found.broken) == (7, 0, None)
    assert check(trail, found.head).broken is None
    with trail.read() as connection:
        assert audit_chain.head_of(connection) == found.head
    look(trail, 8)
    assert check(trail, found.head).broken is None
    assert check(trail).head.entry == 8


def test_an_empty_trail_holds(ledger: Ledger) -> None:
    assert check(ledger) == Checked(0, 0, Head(0, ""), None)


CHANGES = {
    "at": AT,
    "actor": "nobody",
    "action": "query cohort",
    "patients": (),
    "outcome": "FORBIDDEN",
    "hash": "0" * 64,
}


@pytest.mark.parametrize("column", list(CHANGES))
@pytest.mark.parametrize("entry", [1, 4, 7])
def test_a_changed_entry_is_named(trail: Ledger, column: str, entry: int) -> None:
    change(trail, update(table).where(table.c.id == entry).values({column: CHANGES[column]}))
    broken = check(trail).broken
    assert broken is not None
    assert broken.entry == entry
    look(trail, 9)
    assert check(trail).broken == broken


@pytest.mark.parametrize("entry", range(2, 8))
def test_a_removed_entry_is_named(trail: Ledger, entry: int) -> None:
    change(trail, delete(table).where(table.c.id == entry))
    broken = check(trail).broken
    assert broken is not None
    assert (broken.entry, "missing" in broken.why) == (entry, True)


def test_a_removed_beginning_is_noticed(trail: Ledger) -> None:
    change(trail, delete(table).where(table.c.id == 1))
    broken = check(trail).broken
    assert broken is not None
    assert (broken.entry, "changed or removed" in broken.why) == (2, True)


def test_an_entry_that_was_put_in_is_named(trail: Ledger) -> None:
    said = {"at": AT, "actor": "ward 1", "action": "query patient", "patients": (), "outcome": "ok"}
    with trail.write() as connection:
        connection.execute(insert(table), {**said, "id": 8})
    broken = check(trail).broken
    assert broken is not None
    assert (broken.entry, broken.why) == (8, "it has no hash, and entries before it have one")


@pytest.mark.parametrize("number", [4, 7])
def test_a_hash_that_was_taken_away_is_named(trail: Ledger, number: int) -> None:
    change(trail, update(table).where(table.c.id == number).values(hash=None))
    broken = check(trail).broken
    assert broken is not None
    assert broken.entry == number


def rewrite(ledger: Ledger, entry: int, **values: Any) -> None:
    """Change an entry and compute all hashes after it anew: what one can who knows how the chain is made."""
    change(ledger, update(table).where(table.c.id == entry).values(values))
    with ledger.write() as connection:
        last = Head(0, "")
        for row in connection.execute(table.select().order_by(table.c.id)).all():
            last = Head(row.id, audit_chain.hash_of(last.hash, row.id, row))
            connection.execute(update(table).where(table.c.id == row.id).values(hash=last.hash))
        connection.execute(update(properties).where(properties.c.name == "audit_head").values(
            value=f"{last.entry} {last.hash}"
        ))  # fmt: skip


def test_a_trail_that_was_written_anew_is_known_by_a_kept_head(trail: Ledger) -> None:
    kept = check(trail).head
    look(trail, 8)
    rewrite(trail, 3, actor="nobody")
    assert check(trail).broken is None
    broken = check(trail, kept).broken
    assert broken is not None
    assert (broken.entry, "kept head" in broken.why) == (7, True)


def test_an_end_that_was_cut_off_is_known_by_the_head(trail: Ledger) -> None:
    kept = check(trail).head
    with trail.write() as connection:
        connection.execute(delete(table).where(table.c.id > 5))
    assert "6 to 7 are missing" in str(check(trail).broken)
    with trail.write() as connection:
        connection.execute(delete(properties).where(properties.c.name == "audit_head"))
    assert "does not name the last entry" in str(check(trail).broken)
    assert "6 to 7 are missing" in str(check(trail, kept).broken)
    look(trail, 6)
    assert check(trail, kept).broken is not None


def test_entries_from_before_the_chain_are_covered_by_its_first_hash(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for number in (1, 2, 5):  # a database leaves gaps where a transaction was taken back
            said = {"at": AT, "actor": "old", "action": "a", "patients": ("p",), "outcome": "ok"}
            connection.execute(insert(table).values({**said, "id": number}))
    assert check(ledger).broken is None
    look(ledger, 6)
    look(ledger, 7)
    found = check(ledger)
    assert (found.entries, found.older, found.head.entry, found.broken) == (5, 3, 7, None)
    change(ledger, update(table).where(table.c.id == 2).values(actor="nobody"))
    assert "of which none has a hash" in str(check(ledger).broken)


def test_a_version_without_the_chain_goes_on_after_the_way_back(trail: Ledger) -> None:
    with trail.write() as connection:
        for statement in statements(ways_back()["0010__audit_chain.sql"], connection.dialect.name):
            connection.exec_driver_sql(statement)
        columns, values = "at, actor, action, patients, outcome", "'2026-01-31 08:00:00', 'a', 'b', '[]', 'ok'"
        connection.execute(text(f"INSERT INTO audit ({columns}) VALUES ({values})"))
        assert connection.execute(text("SELECT max(id) FROM audit")).scalar_one() == 8


WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ingest.ledger.access import audit
from ingest.ledger.storage.database import open_ledger
with closing(open_ledger(sys.argv[1])) as ledger, ThreadPoolExecutor(3) as pool:
    list(pool.map(lambda n: audit.record(ledger, actor=sys.argv[2], action=str(n), patients=["p"], outcome="ok"),
                  range(30)))
"""


def test_processes_that_write_at_once_make_one_chain(ledger: Ledger) -> None:
    url = ledger.writer.url.render_as_string(hide_password=False)
    with ThreadPoolExecutor(3) as pool:
        started = [
            pool.submit(subprocess.run, [sys.executable, "-c", WRITER, url, f"api {number}"], check=True)
            for number in range(3)
        ]
        assert [one.result().returncode for one in started] == [0, 0, 0]
    found = check(ledger)
    assert (found.entries, found.head.entry, found.broken) == (90, 90, None)


def test_an_entry_that_is_taken_back_leaves_no_gap(trail: Ledger) -> None:
    with suppress(RuntimeError), trail.write() as connection:
        audit.write(connection, actor="a", action="b", patients=[], outcome="ok")
        raise RuntimeError
    look(trail, 8)
    found = check(trail)
    assert (found.head.entry, found.broken) == (8, None)


def test_a_ledger_that_is_opened_again_goes_on_with_its_chain(trail: Ledger, ledger_url: str) -> None:
    before = check(trail).head
    with closing(open_ledger(ledger_url)) as again:
        look(again, 8)
        assert check(again, before, replace(before)).broken is None
