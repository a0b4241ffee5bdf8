import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.cli.import_ import import_
from ingest.errors import OutageError
from ingest.importing import waiting
from ingest.importing.tally import Tally
from ingest.importing.waiting import Ending, wait
from ingest.ledger.events import claims, events
from ingest.ledger.events.record import Receipt
from ingest.ledger.states import ATTEMPTS, DeadReason, Stage, State
from ingest.ledger.storage.database import Ledger, open_ledger
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obr, obx
from tests.ingest.formats.test_openi import citation
from tests.ingest.import_files import write_tar
from vlmkg.errors import UsageError

LEASE = timedelta(seconds=30)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder, and a ledger in it that the environment names."""
    folder = tmp_path / "var"
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"sqlite:///{folder / 'ledger.sqlite'}")
    return folder


def run(data: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(import_, [*map(str, arguments), "--data", str(data)])


def summary(result: Result) -> dict[str, object]:
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


@contextmanager
def opened(data: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{data / 'ledger.sqlite'}")
    yield ledger
    ledger.close()


@contextmanager
def worker(data: Path) -> Iterator[None]:
    """Moves every event through the ledger as a worker does, without reading the reports."""
    ending = threading.Event()

    def work() -> None:
        with opened(data) as ledger:
            while not ending.is_set():
                found = claims.claim(ledger, Stage.EXTRACT, "w", limit=50, lease=LEASE)
                claims.complete_extract(ledger, [(claim, ()) for claim in found])
                claims.complete_merge(ledger, claims.claim(ledger, Stage.MERGE, "w", limit=50, lease=LEASE))
                time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ending.set()
    thread.join()


@pytest.fixture
def bad_inputs(tmp_path: Path) -> Path:
    """One file for each way in which an input can be bad, and one good report."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "good.xml").write_bytes(citation())
    (folder / "silent.xml").write_bytes(citation("", "").replace(b"CXR9", b"CXR8"))
    (folder / "broken.xml").write_bytes(citation()[:200])
    (folder / "bomb.xml").write_bytes(b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>')
    (folder / "blank.txt").write_bytes(b"  \n")
    (folder / "latin.txt").write_bytes("épanchement".encode("latin-1"))
    (folder / "large.txt").write_bytes(b"a" * 50_000_000)
    (folder / "film.bin").write_bytes(os.urandom(999))
    (folder / "blood.hl7").write_bytes(message(MSH, PID, obr("L1", section="LAB"), obx("4.1", kind="NM")))
    (folder / "visit.hl7").write_bytes(message(MSH.replace("ORU^R01^ORU_R01", "ADT^A24"), PID))
    (folder / "order.json").write_bytes(b'{"resourceType": "ServiceRequest"}')
    write_tar(folder / "empty.tgz", {})
    (folder / "film.dcm").write_bytes(b"\0" * 128 + b"DICM")
    return folder


def test_every_bad_input_is_a_refused_event_and_the_rest_goes_on(data, bad_inputs):
    with worker(data):
        result = run(data, bad_inputs, "--wait", "--json")
    found = summary(result)
    assert result.exit_code == 1
    assert found["received"] == 13
    assert found["merged"] == 1
    assert found["refused_by_reason"] == {
        "bad_encoding": 1,
        "empty_archive": 1,
        "no_report_text": 2,
        "not_radiology": 1,
        "too_large": 1,
        "unreadable": 3,
        "unsafe_xml": 1,
        "wrong_message_type": 2,
    }
    with opened(data) as ledger, ledger.read() as connection:
        assert events.summary(connection)[State.REFUSED] == 12
        assert events.reasons(connection, State.REFUSED) == found["refused_by_reason"]


def test_the_counts_add_up_and_a_second_import_does_nothing(data, tmp_path):
    path = write_tar(tmp_path / "a.tgz", {f"{n}.xml": citation().replace(b"CXR9", b"CXR%d" % n) for n in range(150)})
    first, second = summary(run(data, path, "--json")), summary(run(data, path, "--json"))
    assert first | {"seconds": 0} == {
        "received": 150, "merged": 0, "refused": 0, "duplicate": 0, "dead": 0, "pending": 150, "seconds": 0,
        "refused_by_reason": {},
    }  # fmt: skip
    assert (second["received"], second["duplicate"], second["pending"]) == (150, 150, 0)


def test_waiting_ends_when_everything_is_merged(data, tmp_path):
    path = write_tar(tmp_path / "a.tgz", {f"{n}.xml": citation().replace(b"CXR9", b"CXR%d" % n) for n in range(150)})
    with worker(data):
        result = run(data, path, "--wait", "--json")
    assert result.exit_code == 0
    assert (summary(result)["merged"], summary(result)["pending"]) == (150, 0)


def test_without_a_worker_waiting_says_so_and_gives_up(data, tmp_path):
    (tmp_path / "a.xml").write_bytes(citation())
    result = run(data, tmp_path / "a.xml", "--wait", "--json", "--timeout", "0.5")
    assert result.exit_code == 1
    assert (summary(result)["received"], summary(result)["pending"]) == (1, 1)
    assert "no event has changed its state for 0.5 s" in result.stderr


def test_other_words_under_the_same_id_are_a_new_version_and_no_error(data, tmp_path):
    for folder, text in (("a", "Clear."), ("b", "Effusion.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r1.txt").write_text(text)
    result = run(data, tmp_path / "a", tmp_path / "b", "--json")
    assert (result.exit_code, summary(result)["pending"]) == (0, 2)
    with opened(data) as ledger, ledger.read() as connection:
        warnings = Counter(code for event in events.list_events(connection, limit=9) for code in event.warnings)
    assert warnings == {"conflicting_version": 1}


def test_a_table_is_for_people(data, bad_inputs):
    result = run(data, bad_inputs / "good.xml", bad_inputs / "silent.xml")
    assert result.exit_code == 1
    words = result.stdout.split()
    assert {"received", "refused", "pending", "no_report_text"} <= set(words)
    assert "vlmkg events list --state refused" in " ".join(words)


def test_nothing_of_a_message_is_printed(data, bad_inputs):
    result = run(data, bad_inputs)
    assert "DOE" not in result.output
    assert "CXR" not in result.output


def test_without_a_stack_the_call_is_wrong(tmp_path, monkeypatch):
    monkeypatch.delenv("VLMKG_LEDGER_URL", raising=False)
    (tmp_path / "a.xml").write_bytes(citation())
    result = CliRunner().invoke(import_, [str(tmp_path / "a.xml"), "--data", str(tmp_path / "none")])
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["missing.xml"], ["{file}", "--format", "pdf"], ["{file}", "--timeout", "0"]]
)
def test_wrong_calls_exit_2(data, tmp_path, arguments):
    (tmp_path / "a.xml").write_bytes(citation())
    result = run(data, *(argument.format(file=tmp_path / "a.xml") for argument in arguments))
    assert result.exit_code == 2


def test_an_empty_folder_is_nothing_received(data, tmp_path):
    (tmp_path / "in").mkdir()
    result = run(data, tmp_path / "in", "--json", "--wait")
    assert (result.exit_code, summary(result)["received"]) == (0, 0)


def test_an_interrupt_keeps_what_was_received(data, tmp_path):
    line = json.dumps({"raw": message(MSH, PID, OBR, obx("Clear.")).decode()})
    lines = "\n".join(line.replace("A1", f"A{n}") for n in range(20_000))
    (tmp_path / "feed.jsonl").write_text(lines)
    call = [sys.executable, "-c", "from vlmkg.cli import main; main()", "import", str(tmp_path / "feed.jsonl")]
    with subprocess.Popen([*call, "--json", "--data", str(data)], stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not _received(data):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    found = json.loads(output.splitlines()[-1])
    assert process.returncode == 130
    assert 0 < found["received"] < 20_000
    assert found["received"] == _received(data)


def _received(data: Path) -> int:
    if not (data / "ledger.sqlite").exists():
        return 0
    try:
        with opened(data) as ledger, ledger.read() as connection:
            return events.count(connection)
    except OutageError:
        return 0


def test_a_dead_event_ends_the_waiting_too(data, tmp_path):
    (tmp_path / "a.xml").write_bytes(citation())
    run(data, tmp_path / "a.xml")
    with opened(data) as ledger:
        for _ in range(ATTEMPTS):
            (claim,) = claims.claim(ledger, Stage.EXTRACT, "w", limit=1, lease=LEASE)
            claims.fail(ledger, [claim], DeadReason.EXTRACT_FAILED, "It failed.")
        tally = Tally()
        tally.add(Receipt(claim.event_id, State.RECEIVED, None, duplicate=False))
        ending = wait(ledger, tally, patience_s=5, stopped=lambda: False, moved=lambda: None, still=lambda: None)
    assert (ending, tally.dead, tally.received, tally.pending) == (Ending.SETTLED, 1, 1, set())


def test_the_real_hl7_feed_is_accounted_for(data, shared_data):
    with worker(data):
        result = run(data, shared_data / "feeds/hl7/scout_oru_1994_2014.jsonl", "--wait", "--json")
    assert summary(result) | {"seconds": 0} == {
        "received": 503, "merged": 474, "refused": 28, "duplicate": 1, "dead": 0, "pending": 0, "seconds": 0,
        "refused_by_reason": {"no_report_text": 28},
    }  # fmt: skip


def test_the_real_openi_archive_is_accounted_for(data, shared_data):
    with worker(data):
        result = run(data, shared_data / "openi/ecgen-radiology-dev.tgz", "--wait", "--json")
    assert summary(result) | {"seconds": 0} == {
        "received": 3080, "merged": 3059, "refused": 21, "duplicate": 0, "dead": 0, "pending": 0, "seconds": 0,
        "refused_by_reason": {"no_report_text": 21},
    }  # fmt: skip


def test_a_standstill_is_told_once_and_the_wait_goes_on(data, tmp_path, monkeypatch):
    monkeypatch.setattr(waiting, "NOTICE_S", 0.3)
    (tmp_path / "a.xml").write_bytes(citation())
    result = run(data, tmp_path / "a.xml", "--wait", "--json", "--timeout", "1.5")
    assert result.stderr.count("check that a worker is running") == 1
