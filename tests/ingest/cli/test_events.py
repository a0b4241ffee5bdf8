"""`vlmkg events` and `vlmkg dead-letters`, as they are typed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.cli.events import dead_letters, events
from ingest.ledger.access import audit
from ingest.ledger.states import State
from ingest.receiving.submit import Receiver, receive_many
from ingest.settings import receiver_of
from tests.ingest.ledger.workers import kill
from tests.ingest.receivers import plain
from vlmkg.data_dir import DataDir
from vlmkg.errors import RefusedError, UsageError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


@pytest.fixture
def receiver(data: DataDir) -> Any:
    """Two reports received (1, 2), one refused (3), one dead (4)."""
    receiver = receiver_of(data)
    receive_many(
        receiver, [plain("clear", "a"), plain("seen", "b"), plain(b"\xff\xfe\xff", "bad"), plain("worse", "c")]
    )
    kill(receiver.ledger, 4)
    yield receiver
    receiver.ledger.close()


def run(command: Any, data: DataDir, *words: str, fails: bool = False) -> Result:
    result = CliRunner().invoke(command, [*words, "--data", str(data.root)])
    assert (result.exception is not None) == fails, result.output
    return result


@pytest.mark.usefixtures("receiver")
def test_lists(data: DataDir) -> None:
    shown = run(events, data, "list").output
    assert "bad_encoding" in shown
    assert "clear" not in shown
    found = json.loads(run(events, data, "list", "--json").output)
    assert [event["id"] for event in found] == [4, 3, 2, 1]
    assert found[1]["state"] == "refused"
    assert found[1]["reason"] == "bad_encoding"
    by_reason = json.loads(run(events, data, "list", "--reason", "bad_encoding", "--json").output)
    by_state = json.loads(run(events, data, "list", "--state", "refused", "--json").output)
    assert by_reason == by_state == [found[1]]
    assert len(json.loads(run(events, data, "list", "--limit", "2", "--json").output)) == 2
    assert "2 of 4 events" in run(events, data, "list", "--limit", "2").output


@pytest.mark.usefixtures("receiver")
def test_the_summary(data: DataDir) -> None:
    summary = json.loads(run(events, data, "list", "--summary", "--json").output)
    assert summary == dict.fromkeys(State, 0) | {"received": 2, "refused": 1, "dead": 1}
    shown = run(events, data, "list", "--summary").output
    assert "bad_encoding" in shown
    assert "extract_failed" in shown


def test_one_event_and_its_message_which_is_audited(data: DataDir, receiver: Receiver) -> None:
    shown = run(events, data, "show", "1").output
    assert "clear" not in shown
    assert json.loads(run(events, data, "show", "1", "--json").output)["study_keys"]
    with receiver.ledger.read() as connection:
        assert audit.entries(connection, limit=9) == []
    assert run(events, data, "show", "3", "--raw").stdout_bytes == b"\xff\xfe\xff"
    assert run(events, data, "show", "1", "--raw").stdout_bytes == b"clear"
    with receiver.ledger.read() as connection:
        entry, _ = audit.entries(connection, limit=9)
    assert (entry.action, len(entry.patients), entry.outcome) == ("show raw message", 1, "ok")


@pytest.mark.usefixtures("receiver")
def test_unknown_events(data: DataDir) -> None:
    for words in (["show", "99"], ["show", "99", "--raw"], ["replay", "99"]):
        error = run(events, data, *words, fails=True).exception
        assert isinstance(error, RefusedError)
        assert str(error) == "there is no event 99"
    assert str(run(dead_letters, data, "replay", "1", fails=True).exception) == "there is no dead event 1"


@pytest.mark.usefixtures("receiver")
def test_replays(data: DataDir) -> None:
    assert isinstance(run(events, data, "replay", fails=True).exception, UsageError)
    assert "1 events will be processed again" in run(events, data, "replay", "1").output
    everything = run(events, data, "replay", "--all", "--json", fails=True)
    assert everything.exit_code == 1
    replayed = json.loads(everything.output)
    assert sorted(replayed["received"]) == [1, 2, 4]
    assert replayed["refused"] == {"bad_encoding": 1}


@pytest.mark.usefixtures("receiver")
def test_replays_by_state_and_reason(data: DataDir) -> None:
    assert run(events, data, "replay", "--state", "refused", fails=True).exit_code == 1
    assert json.loads(run(events, data, "replay", "--reason", "extract_failed", "--json").output)["received"] == [4]
    assert json.loads(run(events, data, "list", "--state", "dead", "--json").output) == []


@pytest.mark.usefixtures("receiver")
def test_dead_letters_are_listed_and_replayed(data: DataDir) -> None:
    assert [event["id"] for event in json.loads(run(dead_letters, data, "list", "--json").output)] == [4]
    assert isinstance(run(dead_letters, data, "replay", fails=True).exception, UsageError)
    assert isinstance(run(dead_letters, data, "replay", "4", "--all", fails=True).exception, UsageError)
    run(dead_letters, data, "replay", "--all")
    assert json.loads(run(dead_letters, data, "list", "--json").output) == []


def test_a_purge_asks_and_is_audited(data: DataDir, receiver: Receiver) -> None:
    refused = run(dead_letters, data, "purge", "--all", fails=True)
    assert refused.exit_code == 1
    assert len(json.loads(run(dead_letters, data, "list", "--json").output)) == 1
    assert "1 events purged" in run(dead_letters, data, "purge", "4", "--yes").output
    assert json.loads(run(dead_letters, data, "list", "--json").output) == []
    with receiver.ledger.read() as connection:
        (entry,) = audit.entries(connection, limit=9)
    assert (entry.action, len(entry.patients)) == ("purge dead letters", 1)


def test_exit_codes_and_remedies_of_the_real_command(data: DataDir) -> None:
    def vlmkg(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(Path(sys.executable).with_name("vlmkg")), *words]
        environment = {**os.environ, "VLMKG_DATA": str(data.root)}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    none = vlmkg("events", "list")
    assert none.returncode == 2
    assert "vlmkg up" in none.stderr
    assert not data.root.exists()
    receiver_of(data).ledger.close()
    assert vlmkg("events", "show", "1").returncode == 1
    assert vlmkg("dead-letters", "list").returncode == 0
