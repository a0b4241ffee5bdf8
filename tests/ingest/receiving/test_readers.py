"""Reading in processes of their own: the same events, and a process that dies refuses one message and nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.abusive_messages import KINDS, abusive
from ingest.errors import Reason
from ingest.formats.origin import Format, Origin
from ingest.formats.settings import FormatSettings
from ingest.ledger.states import State
from ingest.receiving.reader_process import ReaderLimits
from ingest.receiving.readers import Readers
from ingest.receiving.submit import ReceivedMessage, interpret_here

pytestmark = pytest.mark.timeout(300)
KEY = b"0123456789abcdef0123456789abcdef"
FORMATS = FormatSettings()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = ReceivedMessage(abusive(Format.HL7, "results", 10_000), Format.HL7, Origin(name="x.hl7"))
SLOW = ReceivedMessage(abusive(Format.HL7, "attributes", 15 << 20), Format.HL7)


@pytest.fixture
def started() -> Iterator[Callable[..., Readers]]:
    found: list[Readers] = []

    def start(number: int = 1, **limits: float) -> Readers:
        found.append(Readers(FORMATS, KEY, ReaderLimits(**limits), number))  # type: ignore[arg-type]
        return found[-1]

    yield start
    for readers in found:
        readers.close()


def test_the_events_are_those_of_this_process(started) -> None:
    """Of every kind of message that is dear to read, in two sizes."""
    readers = started()
    for form, name in KINDS:
        for size in (9_000, 70_000):
            message = ReceivedMessage(abusive(form, name, size), form)
            assert readers.read(message, NOW) == interpret_here(FORMATS, KEY, message, NOW), (name, size)
    assert len(readers.pids) == 1


def test_one_that_died_while_it_was_idle_is_replaced(started) -> None:
    readers = started()
    for _ in range(2):
        assert readers.read(PLAIN, NOW).state is State.RECEIVED
        (pid,) = readers.pids
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    assert readers.read(PLAIN, NOW).state is State.RECEIVED
    assert readers.pids != {pid}


def killed(readers: Readers, done: threading.Event, times: int) -> None:
    """Kill so many of the processes, each as soon as it has its message in hand for a moment."""
    seen: set[int] = set()
    while not done.is_set() and len(seen) < times:
        for pid in readers.pids - seen:
            time.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            seen.add(pid)
        time.sleep(0.01)


@pytest.mark.parametrize(("times", "reason"), [(1, None), (2, Reason.READING_FAILED)])
def test_one_that_is_killed_at_work(started, times: int, reason: str | None) -> None:
    """Once the message is read again, twice it is refused; either way the next one is read."""
    readers, done = started(), threading.Event()
    killer = threading.Thread(target=killed, args=(readers, done, times))
    killer.start()
    event = readers.read(PLAIN, NOW)
    done.set()
    killer.join()
    assert event.reason == reason
    assert event.digest == interpret_here(FORMATS, KEY, PLAIN, NOW).digest
    assert event.raw == PLAIN.raw
    assert readers.read(PLAIN, NOW).state is State.RECEIVED


@pytest.mark.parametrize("limits", [{"cpu_s": 0.05}, {"memory": 120 << 20}], ids=["time", "memory"])
def test_a_message_beyond_the_limits_is_refused(started, limits) -> None:
    readers = started(**limits)
    event = readers.read(SLOW, NOW)
    assert (event.state, event.reason) == (State.REFUSED, Reason.READING_FAILED)
    assert event.blob_key == event.digest
    assert readers.read(ReceivedMessage(b"x", Format.HL7), NOW).reason == Reason.UNREADABLE


def test_they_end_with_their_gateway(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from tests.ingest.receiving.test_readers import *\n"
        "readers = Readers(FORMATS, KEY)\n"
        "readers.read(PLAIN, NOW)\n"
        "print(*readers.pids, flush=True)\n"
        "time.sleep(300)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        (pid,) = map(int, parent.stdout.readline().split())
        parent.kill()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or "Z (" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.05)
    pytest.fail("the process goes on")
