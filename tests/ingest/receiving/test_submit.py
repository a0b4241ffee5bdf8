"""Receiving: what is acknowledged is stored, whatever it is and whatever happens next."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from ingest.errors import BlobLostError, MessageRefusedError, OutageError, Reason
from ingest.formats.cleaning import RAW_LIMIT, TEXT_LIMIT
from ingest.formats.origin import Format, Origin
from ingest.ledger import study_facts
from ingest.ledger.events import events, raw_messages
from ingest.ledger.events.raw_messages import SMALL
from ingest.ledger.states import State
from ingest.ledger.storage import tables
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import patients, sightings
from ingest.receiving.raw import raw_of
from ingest.receiving.replay import replay
from ingest.receiving.submit import ReceivedMessage, Receiver, receive, receive_many, refuse, refuse_unread
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, obr, obx
from tests.ingest.receivers import plain, receiver_in


@pytest.fixture
def receiver(ledger: Ledger, tmp_path: Path) -> Receiver:
    return receiver_in(tmp_path, ledger)


def look(receiver: Receiver, event_id: int) -> events.Event:
    with receiver.ledger.read() as connection:
        found = events.get(connection, event_id)
    assert found
    return found


def texts(receiver: Receiver) -> set[str]:
    with receiver.ledger.read() as connection:
        found = study_facts.load_many(connection, study_facts.all_study_keys(connection))
    return {version.text for study in found.values() for version in study.reports}


def test_a_message_is_stored_with_its_bytes_and_its_facts(receiver: Receiver) -> None:
    message = plain("Findings: No pneumothorax.")
    receipt = receive(receiver, message)
    assert (receipt.state, receipt.reason, receipt.duplicate) == (State.RECEIVED, None, False)
    found = look(receiver, receipt.event_id)
    assert (found.source, found.external_id, found.format, found.origin_name) == ("text", "r1", "text", "r1")
    assert found.digest == sha256(message.raw).hexdigest()
    assert found.size == len(message.raw)
    assert raw_of(receiver.ledger, receiver.blobs, found) == message.raw
    assert texts(receiver) == {"Findings: No pneumothorax."}


def test_the_same_again_is_acknowledged_and_does_nothing(receiver: Receiver) -> None:
    first = receive(receiver, plain("clear"))
    again = receive(receiver, plain("clear"))
    assert (again.event_id, again.duplicate) == (first.event_id, True)
    assert look(receiver, first.event_id).deliveries == 2


def test_the_same_id_with_other_words_is_a_new_version(receiver: Receiver) -> None:
    first, second = receive_many(receiver, [plain("clear"), plain("not clear")])
    assert first.event_id != second.event_id
    assert look(receiver, second.event_id).warnings == ("conflicting_version",)
    assert texts(receiver) == {"clear", "not clear"}


def test_receipts_come_in_order_whatever_is_among_them(receiver: Receiver) -> None:
    receipts = receive_many(receiver, [plain("a", "a"), plain(b"\xff\xfe\xff", "bad"), plain("a", "a"), plain("", "b")])
    assert [(receipt.state, receipt.reason, receipt.duplicate) for receipt in receipts] == [
        (State.RECEIVED, None, False),
        (State.REFUSED, "bad_encoding", False),
        (State.RECEIVED, None, True),
        (State.REFUSED, "no_report_text", False),
    ]


def test_a_refused_message_is_kept_with_its_reason_and_what_is_known_of_it(receiver: Receiver) -> None:
    receipt = receive(receiver, plain(b"\xff\xfe\xff", "bad"))
    found = look(receiver, receipt.event_id)
    assert (found.state, found.reason, found.source, found.external_id) == (
        State.REFUSED,
        "bad_encoding",
        "text",
        "bad",
    )
    assert found.detail
    assert raw_of(receiver.ledger, receiver.blobs, found) == b"\xff\xfe\xff"
    assert receive(receiver, plain(b"\xff\xfe\xff", "bad")).duplicate


def test_the_limit_of_a_raw_message(receiver: Receiver) -> None:
    largest = ReceivedMessage(b"<" * RAW_LIMIT, Format.OPENI)
    over = ReceivedMessage(b"<" * (RAW_LIMIT + 1), Format.OPENI)
    at_limit, past_limit = receive(receiver, largest), receive(receiver, over)
    assert at_limit.reason != "too_large"
    assert look(receiver, at_limit.event_id).blob_key
    assert past_limit.reason == "too_large"
    found = look(receiver, past_limit.event_id)
    assert (found.blob_key, found.size) == (None, RAW_LIMIT + 1)
    assert found.digest == sha256(over.raw).hexdigest()


def test_the_limit_of_a_text(receiver: Receiver) -> None:
    assert receive(receiver, plain("x" * TEXT_LIMIT, "a")).state is State.RECEIVED
    over = receive(receiver, plain("x" * (TEXT_LIMIT + 1), "b"))
    assert over.reason == "too_large"
    assert look(receiver, over.event_id).blob_key


def test_names_that_no_database_takes(receiver: Receiver) -> None:
    named = receive(receiver, plain("clear", "caf\udce9\0 1"))
    refused = receive(receiver, plain(b"\xff\xfe\xff", "caf\udce9\0 2"))
    assert (named.state, refused.state) == (State.RECEIVED, State.REFUSED)
    assert look(receiver, named.event_id).external_id == look(receiver, named.event_id).origin_name == "caf 1"


def test_what_never_was_a_message_is_recorded_too(receiver: Receiver) -> None:
    error = MessageRefusedError(Reason.EMPTY_ARCHIVE, "the archive has no members")
    receipt = refuse(receiver, ReceivedMessage(b"PK", Format.OPENI, Origin(name="a.zip")), error)
    assert (receipt.state, receipt.reason) == (State.REFUSED, "empty_archive")
    assert raw_of(receiver.ledger, receiver.blobs, look(receiver, receipt.event_id)) == b"PK"


def test_a_file_too_large_to_be_read(receiver: Receiver) -> None:
    error = MessageRefusedError(Reason.TOO_LARGE, "the file has more than 20 MiB")
    receipt = refuse_unread(receiver, error, digest="d" * 64, size=1 << 30, origin=Origin(name="big"))
    found = look(receiver, receipt.event_id)
    assert (found.state, found.reason, found.size, found.blob_key) == (State.REFUSED, "too_large", 1 << 30, None)
    assert refuse_unread(receiver, error, digest="d" * 64, size=1 << 30, origin=Origin(name="big")).duplicate


def test_originals_stay_in_the_ledger(receiver: Receiver) -> None:
    receive(receiver, plain("clear", "Roe-1950"))
    with receiver.ledger.read() as connection:
        (study,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
        assert connection.execute(select(patients.c.identifier)).scalars().all() == ["Roe-1950"]
        assert connection.execute(select(sightings.c.report_id_original)).scalars().all() == ["Roe-1950"]
    assert "Roe" not in repr(study)


def test_nothing_is_acknowledged_that_has_no_blob(receiver: Receiver, tmp_path: Path) -> None:
    large = "clear " * SMALL
    (tmp_path / "blobs" / sha256(large.encode()).hexdigest()[:2]).write_text("a file where a folder should be")
    with pytest.raises(OutageError) as caught:
        receive(receiver, plain(large))
    assert caught.value.retryable
    with receiver.ledger.read() as connection:
        assert events.count(connection) == 0


def test_nothing_is_acknowledged_that_is_not_in_the_ledger(tmp_path: Path, sqlite_url: str) -> None:
    receiver = receiver_in(tmp_path, open_ledger(sqlite_url))
    with receiver.ledger.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    other = open_ledger(sqlite_url)
    with other.write(), pytest.raises(OutageError):
        receive(receiver, plain("clear"))
    assert receive(receiver, plain("clear")).duplicate is False
    receiver.ledger.close()
    other.close()


def test_a_file_is_safe_before_its_event_and_its_name_before_the_answer(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[int | str] = []
    real = os.fsync

    def watch(handle: int) -> None:
        real(handle)
        happened.append(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", watch)
    event.listen(receiver.ledger.writer, "commit", lambda _: happened.append("commit"))
    receive(receiver, plain("clear " * SMALL))
    happened.append("answer")
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file() and len(path.name) == 64)
    file, folder = blob.stat().st_ino, blob.parent.stat().st_ino
    assert happened.index(file) < happened.index("commit") < happened.index("answer")
    assert happened.index(file) < happened.index(folder) < happened.index("answer")


@pytest.mark.parametrize("failing", ["fsync", "rename", "again"])
def test_of_a_file_that_is_not_kept_nothing_stays(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    message = plain("clear " * SMALL)
    if failing == "again":
        receive(receiver, message)
        assert receive(receiver, message).duplicate
    else:
        with monkeypatch.context() as broken:
            broken.setattr(os if failing == "fsync" else Path, failing, _fails)
            with pytest.raises(OutageError):
                receive(receiver, message)
        with receiver.ledger.read() as connection:
            assert events.count(connection) == 0
    assert list((tmp_path / "blobs").rglob(".part-*")) == []
    assert receive(receiver, message).duplicate is (failing == "again")


def _fails(*_arguments: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_small_messages_are_rows_and_larger_ones_files(receiver: Receiver, tmp_path: Path) -> None:
    for size, files in ((SMALL, 0), (SMALL + 1, 1)):
        message = plain("x" * size, f"of {size}")
        found = look(receiver, receive(receiver, message).event_id)
        assert raw_of(receiver.ledger, receiver.blobs, found) == message.raw
        assert len([path for path in (tmp_path / "blobs").rglob("*") if len(path.name) == 64]) == files


def test_a_raw_message_that_was_lost_is_kept_again_when_it_comes_again(receiver: Receiver) -> None:
    found = look(receiver, receive(receiver, plain("clear")).event_id)
    with receiver.ledger.write() as connection:
        raw_messages.remove(connection, [found.id])
    with pytest.raises(BlobLostError):
        raw_of(receiver.ledger, receiver.blobs, found)
    receive(receiver, plain("clear"))
    assert raw_of(receiver.ledger, receiver.blobs, found) == b"clear"


def test_a_raw_message_that_was_changed_is_found_out(receiver: Receiver) -> None:
    found = look(receiver, receive(receiver, plain("clear")).event_id)
    with receiver.ledger.write() as connection:
        connection.execute(update(tables.raw_messages).values(raw=b"other"))
    with pytest.raises(BlobLostError):
        raw_of(receiver.ledger, receiver.blobs, found)


CHILD = """
import json, sys
from pathlib import Path
from ingest.ledger.storage.database import open_ledger
from ingest.receiving.submit import receive_many
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, obr, obx
from tests.ingest.receivers import plain, receiver_in
url, folder, name, group = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
receiver = receiver_in(folder, open_ledger(url))
number = 0
while True:
    group_of = [plain(f"Findings: opacity {name} {number + i}.", f"{name}-{number + i}") for i in range(group)]
    for message, receipt in zip(group_of, receive_many(receiver, group_of), strict=True):
        print(json.dumps([receipt.event_id, message.raw.decode()]), flush=True)
    number += group
"""


@pytest.mark.parametrize("group", [1, 5])
def test_killed_receivers_lose_nothing_that_they_acknowledged(
    ledger: Ledger, ledger_url: str, tmp_path: Path, group: int
) -> None:
    """kill -9, several times, at whatever instruction it hits: what stood on stdout is in the ledger and the store."""
    receiver = receiver_in(tmp_path, ledger)
    acknowledged: list[tuple[int, str]] = []
    for life in range(3):
        argv = [sys.executable, "-c", CHILD, ledger_url, str(tmp_path), f"life{life}", str(group)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ) as child:
            assert child.stdout
            first = child.stdout.readline()
            time.sleep(0.05 + 0.037 * life)
            child.send_signal(signal.SIGKILL)
            lines = [first, *child.stdout.readlines()]
        acknowledged += [tuple(json.loads(line)) for line in lines if line.endswith("\n")]
    assert len(acknowledged) > 3 * group
    stored = texts(receiver)
    for event_id, text in acknowledged:
        found = look(receiver, event_id)
        assert found.state is State.RECEIVED
        assert raw_of(receiver.ledger, receiver.blobs, found).decode() == text
        assert text in stored
    with ledger.read() as connection:
        assert events.count(connection) == len(stored)


def test_the_limit_of_all_texts_of_a_message(receiver: Receiver) -> None:
    words = "x" * (TEXT_LIMIT - 10)
    orders = [f"{obr(f'A{number}')}\rOBX|1|TX|1||{words}{number}||||||F" for number in range(3)]
    for count, reason in ((2, None), (3, "too_large")):
        raw = "\r".join([MSH, PID, *orders[:count]]).encode()
        assert receive(receiver, ReceivedMessage(raw, Format.HL7)).reason == reason


@pytest.mark.parametrize("times", [("21620110", "20260110"), ("20260110", "21620110")])
def test_a_time_far_in_the_future_is_that_of_the_receipt(receiver: Receiver, times: tuple[str, str]) -> None:
    sent, issued = times
    header = MSH.replace("20260301101500", sent)
    order = OBR.replace("20260301100000", issued)
    receipt = receive(receiver, ReceivedMessage("\r".join([header, PID, order, obx("Clear.")]).encode(), Format.HL7))
    found = look(receiver, receipt.event_id)
    assert "future_time" in found.warnings
    assert found.message_time is not None
    assert found.message_time <= datetime.now(UTC)


def test_a_name_of_any_length_is_kept_as_far_as_it_matters(receiver: Receiver) -> None:
    """A member of an archive can have one of megabytes. Replayed, it is refused as before."""
    receipt = receive(receiver, plain("No pneumothorax.", "q" * 100_000))
    assert receipt.reason == Reason.UNREADABLE
    assert len(look(receiver, receipt.event_id).origin_name) < 2000
    assert replay(receiver, [receipt.event_id]).refused == {Reason.UNREADABLE: 1}
