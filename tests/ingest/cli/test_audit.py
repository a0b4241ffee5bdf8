"""`vlmkg audit list`, as it is typed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from ingest import pseudonyms
from ingest.cli.audit import audit
from ingest.ledger.access import audit as trail
from ingest.ledger.storage.tables import audit as audit_table
from ingest.ledger.storage.tables import patients
from ingest.receiving.submit import Receiver
from ingest.settings import receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


class Seen:
    """Three patients and who looked at them."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.anna, self.bert, self.carl = (
            pseudonyms.patient_id(receiver.pseudonym_key, "TESTS", name) for name in ("anna", "bert", "carl")
        )
        with receiver.ledger.write() as connection:
            for patient_id, name in ((self.anna, "anna"), (self.bert, "bert"), (self.carl, "carl")):
                row = {"patient_id": patient_id, "authority": "TESTS", "identifier": name}
                connection.execute(patients.insert(), row | {"sex_as_of": "", "birth_date_as_of": ""})
        self.look("ward", "query patient", self.anna)
        self.look("eve@hospital (oidc:77)", "query findings", self.anna, self.bert)
        self.look("ward", "query cohort")
        self.look("Dr. 100%", "query patient", self.carl)

    def look(self, actor: str, action: str, *seen: str, outcome: str = "ok") -> None:
        trail.record(self.receiver.ledger, actor=actor, action=action, patients=seen, outcome=outcome)

    def newest(self) -> trail.AuditEntry:
        with self.receiver.ledger.read() as connection:
            return trail.entries(connection, limit=1)[0]

    def merge(self, retired: str, survivor: str) -> None:
        with self.receiver.ledger.write() as connection:
            connection.execute(update(patients).where(patients.c.patient_id == retired).values(survivor_id=survivor))


@pytest.fixture(params=["sqlite", "postgresql"])
def seen(request: pytest.FixtureRequest, data: DataDir, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    if request.param == "postgresql":
        monkeypatch.setenv("VLMKG_LEDGER_URL", request.getfixturevalue("postgres_server").new_database())
    receiver = receiver_of(data)
    yield Seen(receiver)
    receiver.ledger.close()


def run(data: DataDir, *words: str, fails: bool = False) -> Result:
    result = CliRunner().invoke(audit, ["list", *words, "--data", str(data.root)])
    assert (result.exception is not None) == fails, result.output
    return result


def found(data: DataDir, *words: str) -> list[Any]:
    entries: list[Any] = json.loads(run(data, *words, "--json").stdout)
    return [entry for entry in entries if entry["action"] != "audit list"]


def who(data: DataDir, *words: str) -> list[str]:
    return [entry["actor"] for entry in found(data, *words)]


def test_everything_newest_first(data: DataDir, seen: Seen) -> None:
    assert who(data) == ["Dr. 100%", "ward", "eve@hospital (oidc:77)", "ward"]
    entry = found(data)[2]
    assert set(entry["patients"]) == {seen.anna, seen.bert}
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    shown = run(data).stdout
    for word in ("eve@hospital (oidc:77)", "query findings", "ok", "Z "):
        assert word in shown
    assert seen.anna not in shown


def test_who_saw_a_patient(data: DataDir, seen: Seen) -> None:
    assert who(data, "--patient", seen.anna) == ["eve@hospital (oidc:77)", "ward"]
    assert who(data, "--patient", seen.bert) == ["eve@hospital (oidc:77)"]
    assert who(data, "--patient", "anna", "--authority", "TESTS") == ["eve@hospital (oidc:77)", "ward"]
    assert who(data, "--patient", seen.anna, "--who", "ward") == ["ward"]


def test_a_patient_that_nobody_knows_is_said_to_be_so(data: DataDir, seen: Seen) -> None:
    for words in (["anna"], ["anna", "--authority", "OTHERS"], [seen.anna[:-1]], [seen.anna.upper()], ["%"], [""]):
        result = run(data, "--patient", *words)
        assert "the ledger knows no such patient" in result.stderr
        assert who(data, "--patient", *words) == []
    seen.look("ward", "query patient", 'no"body')
    assert who(data, "--patient", 'no"body') == ["ward"]
    assert "knows no such" not in run(data, "--patient", seen.anna).stderr


def test_a_patient_that_was_merged_is_one(data: DataDir, seen: Seen) -> None:
    seen.merge(seen.bert, seen.carl)
    for words in (["bert", "--authority", "TESTS"], [seen.carl]):
        assert who(data, "--patient", *words) == ["Dr. 100%", "eve@hospital (oidc:77)"]
        assert "2 pseudonyms" in run(data, "--patient", *words).stderr
    assert who(data, "--patient", seen.anna) == ["eve@hospital (oidc:77)", "ward"]


def test_by_name(data: DataDir, seen: Seen) -> None:
    assert who(data, "--who", "WARD") == ["ward", "ward"]
    assert who(data, "--who", "oidc:77") == ["eve@hospital (oidc:77)"]
    assert who(data, "--who", "0%") == ["Dr. 100%"]
    assert who(data, "--who", "_") == []


def test_since(data: DataDir, seen: Seen) -> None:
    with seen.receiver.ledger.write() as connection:
        long_ago = datetime(2024, 1, 31, 22, 30, tzinfo=UTC)
        connection.execute(update(audit_table).where(audit_table.c.actor == "ward").values(at=long_ago))
    assert who(data, "--since", "2024-02-01") == ["Dr. 100%", "eve@hospital (oidc:77)"]
    assert len(who(data, "--since", "2024-01-31")) == len(who(data, "--since", "2024-01-31T22:30")) == 4
    assert len(who(data, "--since", "2024-01-31T22:30:01")) == 2
    assert len(who(data, "--since", "2024-01-31T23:30+01:00")) == 4
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert who(data, "--since", tomorrow.isoformat()) == []
    assert run(data, "--since", "yesterday", fails=True).exit_code == 2


def test_more_than_the_limit_is_said(data: DataDir, seen: Seen) -> None:
    assert "the list has more than these 2" in run(data, "--limit", "2", "--json").stderr
    result = run(data, "--limit", "1", "--patient", seen.carl)
    assert "the list has more" in run(data, "--limit", "1", "--patient", seen.anna).stderr
    assert "the list has more" not in result.stderr


def test_the_look_itself_is_in_the_trail(data: DataDir, seen: Seen) -> None:
    run(data, "--patient", "anna", "--authority", "TESTS", "--json")
    entry = seen.newest()
    assert (entry.action, entry.patients, entry.outcome) == ("audit list", (seen.anna,), "ok")
    assert entry.actor.startswith("cli:")
    run(data)
    assert (seen.newest().action, seen.newest().patients) == ("audit list", ())
    looks = json.loads(run(data, "--patient", seen.anna, "--json").stdout)
    assert [look["action"] for look in looks] == ["audit list", "query findings", "query patient"]


def test_nothing_is_shown_that_was_not_written_down(data: DataDir, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("ingest.ledger.access.audit.write", fail)
    assert run(data, fails=True).stdout == ""
    del seen


def test_calls_that_can_not_be_meant(data: DataDir) -> None:
    assert isinstance(run(data, fails=True).exception, UsageError)
    assert not data.root.exists()
    receiver_of(data).ledger.close()
    assert isinstance(run(data, "--authority", "TESTS", fails=True).exception, UsageError)
    assert json.loads(run(data, "--json").stdout) == []
