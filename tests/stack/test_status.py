"""`vlmkg status`: what it says where nothing runs, and how its screen lives. With a whole stack: test_up.py."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from ingest.heartbeat import touch
from ingest.ledger.warning_counts import warning_counts
from ingest.receiving.submit import Receiver, receive
from ingest.settings import receiver_of
from ingest.workers.extract import extract_some
from ingest.workers.study_reader import reader_of
from stack.status.cli import status
from stack.status.screen import screen
from stack.status.snapshot import Observer
from tests.fixtures.ports import free_port
from tests.ingest.receivers import plain, receiver_in
from tests.ingest.workers.messages import hl7
from tests.ingest.workers.test_extract import LEASE
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine

OUTSIDE = ("CELERY_BROKER_URL", "NEO4J_URI", "VLMKG_LEDGER_URL")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """A folder with a ledger of four events, and no stack."""
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    folder = DataDir(tmp_path / "var")
    receiver = receiver_of(folder)
    fill(receiver)
    receiver.ledger.close()
    return folder


def fill(receiver: Receiver) -> None:
    """Two reports that wait, and two messages that are refused."""
    for message in (hl7("r1"), hl7("r2"), plain("", name="r3"), plain(b"\xff\xfe\x00", name="r4")):
        receive(receiver, message)


def asked(data: DataDir, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(status, [*options, "--data", str(data.root)])
    return result.exit_code, result.output


def test_json_says_what_waits_and_what_is_refused(data: DataDir) -> None:
    code, output = asked(data, "--json")
    said = json.loads(output)
    assert code == 1
    assert not said["works"]
    assert {part["name"]: part["works"] for part in said["parts"]} == {"ledger": True, "graph": False, "queue": False}
    assert (said["events"]["states"]["received"], said["events"]["states"]["refused"]) == (2, 2)
    assert sum(said["events"]["refused"].values()) == 2
    assert said["events"]["oldest_waiting_s"] >= 0
    assert said["graph"] is None
    assert said["doors"] == []


def test_signs_of_life_and_doors_are_looked_at(data: DataDir) -> None:
    data.run.mkdir()
    for name in ("gateway", "worker-extract"):
        touch(data.run / f"{name}.ready", "x")
    old = time.time() - 100
    os.utime(data.run / "worker-extract.ready.beat-x", (old, old))
    for name in ("gateway", "worker-extract"):
        (data.run / f"{name}.ready").touch()
    port = free_port()
    data.write_endpoints(
        Endpoints(api=f"http://127.0.0.1:{port}", mllp=f"127.0.0.1:{port}", fhir=f"http://127.0.0.1:{port}/fhir")
    )
    said = json.loads(asked(data, "--json")[1])
    works = {part["name"]: part["works"] for part in said["parts"]}
    assert (works["gateway"], works["worker-extract"], works["api"]) == (True, False, False)
    assert [(door["name"], door["is_open"]) for door in said["doors"]] == [("mllp", False), ("fhir", False)]


def test_a_ledger_that_is_away_is_said(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"postgresql://a@127.0.0.1:{free_port()}/b")
    said = json.loads(asked(data, "--json")[1])
    assert said["events"] is None
    assert {part["name"]: part["works"] for part in said["parts"]}["ledger"] is False


def test_without_a_ledger_it_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no ledger"):
        CliRunner().invoke(status, ["--json", "--data", str(tmp_path)], catch_exceptions=False)


def test_the_screen_has_every_number(data: DataDir) -> None:
    with closing(Observer(data)) as observer:
        snapshot = observer.look()
    console = Console(width=160, record=True, file=open(os.devnull, "w"))  # noqa: SIM115 - as long as the console
    console.print(screen(snapshot))
    console.file.close()
    shown = console.export_text()
    for words in ("parts", "doors", "events", "refused", "dead", "warnings", "reads", "oldest that waits", "ledger"):
        assert words in shown
    assert snapshot.events is not None
    for reason in snapshot.events.refused:
        assert reason in shown


def test_on_a_terminal_it_goes_on_until_ctrl_c(data: DataDir) -> None:
    command = [sys.executable, "-P", "-m", "vlmkg", "status", "--every", "1", "--data", str(data.root)]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "50"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 60
    try:
        while shown.count(b"oldest that waits") < 2 and time.monotonic() < deadline:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65_536)
        assert shown.count(b"oldest that waits") >= 2, shown[-500:]
        process.send_signal(signal.SIGINT)
        until = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < until:
            # A terminal whose last user has gone gives an error to its reader.
            with suppress(OSError):
                if select.select([ours], [], [], 0.2)[0]:
                    os.read(ours, 65_536)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_warnings_are_counted_of_events_and_of_readings_that_stand(tmp_path: Path, ledger) -> None:
    receiver = receiver_in(tmp_path, ledger)
    for number in range(3):
        receive(receiver, hl7(f"r{number}", "FINDINGS: Qwx zzk vvy qqp.", patient=f"p{number}"))
    with ledger.read() as connection:
        before = warning_counts(connection)
    while extract_some(ledger, reader_of(load_engine("rules")), "test", LEASE):
        pass
    with ledger.read() as connection:
        after = warning_counts(connection)
    assert set(after) > set(before)
    assert max(after.values()) == 3
