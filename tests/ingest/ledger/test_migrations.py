"""Migrations on both databases: tables that others refer to, triggers, indexes, scripts forward and back."""

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from ingest.ledger.migration_sql import WORDS, statements
from ingest.ledger.offline_sql import downgrade, upgrade
from ingest.ledger.storage import migrate
from ingest.ledger.storage.database import Ledger, open_as_it_is, open_ledger
from ingest.ledger.storage.migrate import Migration, apply_migrations, shipped, ways_back
from ingest.ledger.storage.tables import metadata
from vlmkg.errors import UsageError

NAMES = [one.name for one in shipped()]

REBUILD = """
CREATE TABLE report_texts_new (
    report_key TEXT PRIMARY KEY NOT NULL,
    text_digest TEXT NOT NULL,
    text TEXT NOT NULL,
    language TEXT
);
INSERT INTO report_texts_new (report_key, text_digest, text) SELECT report_key, text_digest, text FROM report_texts;
-- on postgresql
ALTER TABLE sightings DROP CONSTRAINT sightings_report_key_fkey;
DROP TABLE report_texts;
ALTER TABLE report_texts_new RENAME TO report_texts;
-- on postgresql
ALTER TABLE sightings ADD FOREIGN KEY (report_key) REFERENCES report_texts (report_key);
"""

TRIGGER = """
-- on sqlite
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the trail stays; all of it');
END;
-- on postgresql
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$$$
BEGIN
    RAISE EXCEPTION 'the trail stays; all of it' USING ERRCODE = 'integrity_constraint_violation';
END;
$$$$;
-- on postgresql
CREATE TRIGGER audit_stays BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TABLE after_it (name TEXT PRIMARY KEY NOT NULL);
"""


def with_more(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    more = [Migration(f"9{at:03}__more.sql", sql, str(at)) for at, sql in enumerate(texts)]
    known = shipped()
    monkeypatch.setattr(migrate, "shipped", lambda: known + more)


def sighting(connection: Connection, report_key: str) -> None:
    at = "'2024-01-01 00:00:00+00:00'"
    for line in (
        f"""INSERT INTO events VALUES (1, 's', 'e', 'd', 'hl7', '', NULL, NULL, NULL, 1, {at}, NULL, 1, 'received',
            NULL, NULL, '[]', 0, FALSE, FALSE, NULL, NULL, 0, {at})""",
        "INSERT INTO patients VALUES ('p', 'A', '1', NULL, '', NULL, '', NULL)",
        f"INSERT INTO report_texts VALUES ('{report_key}', 'd', 'Clear; no effusion.')",
        f"""INSERT INTO sightings (event_id, patient_id, study_key, item_key, report_key, said_patient_id)
            VALUES (1, 'p', 's', 'i', '{report_key}', 'p')""",
    ):
        connection.execute(text(line))


def test_a_table_that_others_refer_to_is_rebuilt_with_its_rows(
    ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.write() as connection:
        sighting(connection, "r")
    with_more(monkeypatch, REBUILD)
    with closing(open_ledger(ledger_url)) as again:
        with again.read() as connection:
            assert connection.execute(text("SELECT report_key, text, language FROM report_texts")).all() == [
                ("r", "Clear; no effusion.", None)
            ]
        with pytest.raises(IntegrityError), again.writer.begin() as connection:
            connection.execute(text("UPDATE sightings SET report_key = 'nowhere'"))


def test_a_migration_that_leaves_rows_that_refer_to_nothing_is_taken_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_ledger(sqlite_url)) as ledger, ledger.write() as connection:
        sighting(connection, "r")
    with_more(monkeypatch, "DELETE FROM report_texts;\n")
    with pytest.raises(UsageError, match="dangling references in sightings"):
        open_ledger(sqlite_url)
    with closing(open_as_it_is(sqlite_url)) as ledger, ledger.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM report_texts")).scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_foreign_keys_hold_again_after_a_migration(sqlite_url: str) -> None:
    with closing(open_as_it_is(sqlite_url)) as ledger:
        apply_migrations(ledger.reader, ledger.writer)
        for _ in range(3):
            with ledger.writer.begin() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_trigger_is_made_and_what_follows_it_too(
    ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_more(monkeypatch, TRIGGER)
    with closing(open_ledger(ledger_url)) as again:
        columns = "at, actor, action, patients, outcome"
        row = f"INSERT INTO audit ({columns}) VALUES ('2024-01-01 00:00:00', 'a', 'b', '[]', 'ok')"
        with again.writer.begin() as connection:
            connection.execute(text(row))
            assert inspect(connection).has_table("after_it")
        with pytest.raises(IntegrityError, match="the trail stays; all of it"), again.writer.begin() as connection:
            connection.execute(text("DELETE FROM audit"))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1;\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT ';\n';\nSELECT 2;", ["SELECT ';\n'", "SELECT 2"]),
        ("SELECT 'it''s;\n';", ["SELECT 'it''s;\n'"]),
        ("-- one;\nSELECT 1;\n-- the end;\n", ["-- one;\nSELECT 1"]),
        ('SELECT 1 AS "a;\nb";', ['SELECT 1 AS "a;\nb"']),
        ("-- on sqlite\nSELECT 1;\n-- on postgresql\nSELECT 2;\n", ["-- on sqlite\nSELECT 1"]),
        ("DO $$$$ BEGIN x;\n END $$$$;\nSELECT 1;", ["DO $$ BEGIN x;\n END $$", "SELECT 1"]),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN\nSELECT 1;\nSELECT 2;\nEND;\n", None),
        ("\n\n", []),
    ],
)
def test_statements_are_cut_at_their_ends(sql: str, expected: list[str] | None) -> None:
    assert statements(sql, "sqlite") == (expected if expected is not None else [sql.strip().removesuffix(";")])


def indexes(connection: Connection, table: str) -> dict[str, tuple[Any, ...]]:
    found = {}
    for one in inspect(connection).get_indexes(table):
        if "duplicates_constraint" not in one:
            where = one.get("dialect_options", {}).get(f"{connection.dialect.name}_where")
            found[str(one["name"])] = (tuple(one["column_names"]), bool(one["unique"]), plain(where))
    return found


def plain(condition: object) -> str | None:
    """PostgreSQL shows a condition in brackets of its own."""
    return None if condition is None else str(condition).strip("()").upper()


def test_every_index_is_known_to_the_code(ledger: Ledger) -> None:
    with ledger.read() as connection:
        for table in metadata.tables.values():
            known = {
                str(one.name): (
                    tuple(column.name for column in one.columns),
                    bool(one.unique),
                    plain(one.dialect_options[connection.dialect.name]["where"]),
                )
                for one in table.indexes
            }
            assert indexes(connection, table.name) == known, table.name
    assert sum(len(table.indexes) for table in metadata.tables.values()) >= 25


def shape(ledger: Ledger) -> dict[str, Any]:
    """All tables with columns, types, keys and indexes, and what is recorded."""
    with ledger.read() as connection:
        found = inspect(connection)
        made: dict[str, Any] = {
            name: (
                sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)),
                sorted((key["constrained_columns"][0], key["referred_table"]) for key in found.get_foreign_keys(name)),
                indexes(connection, name),
            )
            for name in found.get_table_names()
        }
        rows = connection.execute(text("SELECT name, checksum FROM migrations ORDER BY name")).all()
    return {**made, "": [tuple(row) for row in rows]}


def run(ledger: Ledger, script: str) -> None:
    """Run a script as a database's own tool does: statement after statement, without SQLAlchemy's transactions."""
    raw = ledger.writer.raw_connection()
    driver: Any = raw.driver_connection
    if ledger.writer.dialect.name == "sqlite":
        driver.executescript(script)
        driver.execute("PRAGMA foreign_keys=ON")
    else:
        driver.autocommit = True
        driver.execute(script)
        driver.autocommit = False
    raw.close()


@pytest.fixture
def empty(request: pytest.FixtureRequest, ledger_url: str) -> Any:
    """A ledger without a table."""
    with closing(open_as_it_is(ledger_url)) as opened:
        yield opened


def test_a_script_makes_the_ledger_that_the_service_makes(empty: Ledger, ledger_url: str) -> None:
    run(empty, upgrade(empty.writer.dialect.name))
    by_script = shape(empty)
    with closing(open_ledger(ledger_url)) as opened:
        assert shape(opened) == by_script
    assert [name for name, _ in by_script[""]] == NAMES


@pytest.mark.parametrize("last", NAMES[:-1])
def test_scripts_lead_back_to_each_version_and_forward_again(empty: Ledger, last: str) -> None:
    dialect = empty.writer.dialect.name
    run(empty, upgrade(dialect))
    whole = shape(empty)
    run(empty, downgrade(dialect, last))
    assert [name for name, _ in shape(empty)[""]] == NAMES[: NAMES.index(last) + 1]
    run(empty, upgrade(dialect, last))
    assert shape(empty) == whole


def test_each_migration_but_the_first_has_a_way_back() -> None:
    assert list(ways_back()) == NAMES[1:]


@pytest.mark.parametrize("database", list(WORDS))
def test_an_unknown_name_is_told(database: str) -> None:
    with pytest.raises(UsageError, match="there is no migration 'x'"):
        upgrade(database, "x")
