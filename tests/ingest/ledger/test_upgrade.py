"""A ledger that holds data, upgraded from an older migration: its data and its graph stay, also if that is killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, inspect, select, text

from ingest.ledger import study_facts
from ingest.ledger.access import api_keys, audit, audit_chain
from ingest.ledger.access.api_keys import Role
from ingest.ledger.offline_sql import downgrade
from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.reviews import NewReview
from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Statement
from ingest.ledger.storage.database import Ledger, open_as_it_is, open_ledger
from ingest.ledger.storage.migrate import shipped
from ingest.ledger.storage.tables import extractions, metadata, sightings
from ingest.projection.subgraph import project
from ingest.receiving.submit import ReceivedMessage, Receiver, receive_many
from ingest.workers.extract import extract_some
from ingest.workers.study_reader import reader_of
from tests.ingest.ledger.builders import merge
from tests.ingest.ledger.builders import receive as record
from tests.ingest.ledger.test_migrations import run
from tests.ingest.receivers import receiver_in
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict

pytestmark = pytest.mark.timeout(200)

NAMES = [one.name for one in shipped()]
OLD = NAMES[-4:-1]
"""Up to three migrations back."""

KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from ingest.ledger.storage.database import open_ledger

left = int(sys.argv[2])

@event.listens_for(Engine, "after_cursor_execute")
def after(connection, cursor, statement, *_):
    global left
    left -= statement.lstrip("- \\n").startswith(("ALTER", "CREATE", "DROP", "INSERT"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

open_ledger(sys.argv[1]).close()
"""
"""Opens a ledger, and kills itself after the nth statement of its migrations."""


def messages() -> list[ReceivedMessage]:
    """Versions, a withdrawal, an accession that gets its UID late, a UID that two patients claim."""
    found = []
    for number in range(24):
        for minute, status in enumerate("PFC"[: 1 + number % 3]):
            words = (EFFUSION, NODULE, CLEAR)[(number + minute) % 3]
            uid = f"1.2.{number}" if number % 4 == 0 and minute else ""
            found.append(
                hl7(f"r{number}", words, patient=f"p{number % 7}", status=status, minute=minute, study_uid=uid)
            )
    found.append(hl7("r3", "", patient="p3", status="X", minute=30))
    return [*found, hl7("a", patient="p1", study_uid="1.9"), hl7("b", NODULE, patient="p2", study_uid="1.9")]


def fill(receiver: Receiver) -> None:
    """Events, refused ones, studies, merged patients, readings, reviews, keys and the trail."""
    ledger = receiver.ledger
    receive_many(receiver, [*messages(), hl7("no text", "")])
    record(ledger, merge("m1", "m2"), merge("m1", "m2", sent=1))
    while extract_some(ledger, reader_of(rules()), "tests", timedelta(seconds=30)):
        pass
    api_keys.create(ledger, "anna", Role.VIEWER)
    with ledger.write() as connection:
        report = connection.execute(
            select(sightings.c.patient_id, sightings.c.report_key).where(sightings.c.report_id_original == "a")
        ).one()
        read = connection.execute(select(extractions.c.extraction_id).limit(1)).scalar_one()
        claim = Assertion(Presence.PRESENT, "RID34539", "left", None, ())
        said = Statement(report.patient_id, FindingPosition(report.report_key, False, 27, 35), claim)
        names = {"words": "effusion", "section": "findings", "concept_name": "effusion", "mention_id": "m"}
        reviews.add(
            connection, NewReview("anna", True, Verdict.CORRECT, None, "seen", said, extraction_id=read, **names)
        )
    for number in range(5):
        audit.record(ledger, actor="anna", action=f"query {number}", patients=["p"], outcome="ok")


def columns(connection: Connection) -> dict[Table, list[str]]:
    """The tables and their columns in a ledger of any version."""
    shape = inspect(connection)
    tables = [table for table in metadata.sorted_tables if shape.has_table(table.name)]
    return {table: [str(column["name"]) for column in shape.get_columns(table.name)] for table in tables}


def rows(connection: Connection, like: dict[Table, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """All rows of these columns."""
    return {
        table.name: [
            dict(row._mapping)
            for row in connection.execute(select(*(table.c[name] for name in names)).order_by(*table.primary_key))
        ]
        for table, names in like.items()
    }


def graph_of(ledger: Ledger) -> dict[str, Any]:
    """What the graph must hold of each study."""
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
        return {key: project(study, with_text=True) for key, study in study_facts.load_many(connection, keys).items()}


@pytest.fixture
def today(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of this version with data in it."""
    with closing(open_ledger(f"sqlite:///{tmp_path}/today.sqlite")) as ledger:
        fill(receiver_in(tmp_path, ledger))
        yield ledger


def make_old(ledger_url: str, last: str, today: Ledger) -> None:
    """Make a ledger of an older version that has the data of today's, as far as it had place for it."""
    open_ledger(ledger_url).close()
    with closing(open_as_it_is(ledger_url)) as old:
        run(old, downgrade(old.writer.dialect.name, last))
        with today.read() as source, old.writer.begin() as target:
            like = columns(target)
            for table, found in zip(like, rows(source, like).values(), strict=True):
                if found:
                    target.execute(table.insert(), found)
                if target.dialect.name == "postgresql" and "id" in like[table]:
                    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                    highest = f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name})"
                    target.execute(text(f"SELECT setval({sequence}, {highest}, false)"))


def state_of(ledger_url: str) -> tuple[list[str], dict[Table, list[str]], dict[str, list[dict[str, Any]]]]:
    """The applied migrations, the tables, and all rows of a ledger."""
    with closing(open_as_it_is(ledger_url)) as ledger, ledger.read() as connection:
        names = list(connection.execute(text("SELECT name FROM migrations ORDER BY name")).scalars())
        like = columns(connection)
        return names, like, rows(connection, like)


@pytest.mark.parametrize("last", OLD)
def test_a_ledger_with_data_is_upgraded(ledger_url: str, today: Ledger, tmp_path: Path, last: str) -> None:
    make_old(ledger_url, last, today)
    before, like, data = state_of(ledger_url)
    assert before == NAMES[: NAMES.index(last) + 1]
    assert min(len(data[name]) for name in ("events", "sightings", "extractions", "finding_reviews", "audit")) > 0
    with closing(open_ledger(ledger_url)) as upgraded:
        with upgraded.read() as connection:
            assert rows(connection, like) == data
            checked = audit_chain.check(connection)
            assert (checked.broken, checked.entries, checked.older) == (None, 5, 0)
        assert graph_of(upgraded) == graph_of(today)
        # It takes part in what comes: the same messages are known, and new ones are placed.
        receiver = receiver_in(tmp_path, upgraded)
        assert all(receipt.duplicate for receipt in receive_many(receiver, messages()))
        assert not receive_many(receiver, [hl7("r1", CLEAR, patient="p1", status="C", minute=59)])[0].duplicate
    assert state_of(ledger_url)[0] == NAMES


@pytest.mark.faults
def test_an_upgrade_that_is_killed_in_the_middle(ledger_url: str, today: Ledger) -> None:
    """SIGKILL after each statement in turn: the ledger is as it was before, and the next start upgrades it."""
    make_old(ledger_url, OLD[0], today)
    before = state_of(ledger_url)
    kills = 0
    while True:
        command = [sys.executable, "-P", "-c", KILLED, ledger_url, str(kills + 1)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
        assert state_of(ledger_url) == before
    assert kills > 10
    assert state_of(ledger_url)[0] == NAMES
    with closing(open_ledger(ledger_url)) as upgraded:
        assert graph_of(upgraded) == graph_of(today)
