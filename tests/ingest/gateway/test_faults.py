"""The gateway under real faults: what senders see, that nothing acknowledged is lost, and how it heals.

docs/operations.md has the table. Those marked `faults` take long, or need root: `make test-faults`.
"""

import contextlib
import errno
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events
from tests.fixtures.faulty_system import FaultySystem, remount, small_disk
from tests.fixtures.road import road_to
from tests.ingest.gateway.mllp_peer import END, START
from tests.ingest.gateway.senders import LONG, Sender, refused_in, started_gateways
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.gateway.test_process import Gateway, ask

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    with started_gateways(tmp_path) as start:
        yield start


@pytest.mark.faults
@pytest.mark.parametrize("text", ["No pneumothorax.", LONG], ids=["row", "file"])
def test_a_full_disk(tmp_path: Path, start: Callable[..., Gateway], text: str) -> None:
    """Without VLMKG_MIN_FREE, which would refuse before the disk is full: each write fails where it happens to."""
    with small_disk(tmp_path / "disk", 24) as disk:
        gateway = start(disk, VLMKG_MIN_FREE="0")
        sender = Sender(gateway)
        assert sender.send(text) == "AA"
        ballast = disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        sender.until("AE", text=text)
        assert {sender.send(text) for _ in range(20)} <= {"AE", "AA"}
        assert gateway.process.poll() is None
        ballast.unlink()
        sender.until("AA", text=text)
        sender.require_stored()
        gateway.end()
        with sqlite3.connect(gateway.data.root / "ledger.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        gateway.restart()
        gateway.end()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("text", ["No pneumothorax.", LONG], ids=["row", "file"])
def test_a_disk_that_fails_at_each_step(
    start: Callable[..., Gateway], faulty_system: FaultySystem, text: str, error: int
) -> None:
    """Full, read-only or broken from the first step of storing a message on, then from the second, and so on."""
    gateway = start(**faulty_system.environment, VLMKG_MIN_FREE="0")
    sender = Sender(gateway)
    assert sender.send(text) == "AA"
    told = set()
    for step in (*range(1, 20), *range(20, 1000, 11)):
        faulty_system.break_disk(step, error)
        told.add(sender.send(text))
        if not faulty_system.mend_disk():
            break
        sender.until("AA", text=text)
    assert step > 3, "no step of writing was seen"
    assert told == {"AA", "AE"}
    assert gateway.process.poll() is None
    sender.require_stored()
    assert refused_in(gateway.data.ledger_url) == []
    gateway.end()
    with sqlite3.connect(gateway.data.root / "ledger.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    gateway.restart()


@pytest.mark.faults
def test_blobs_that_can_not_be_written(tmp_path: Path, start: Callable[..., Gateway]) -> None:
    """A file system that went read-only, as after an error of the disk. Small messages are rows: they go on."""
    with small_disk(tmp_path / "var" / "blobs", 64) as blobs:
        sender = Sender(start(VLMKG_MIN_FREE="0"))
        assert [sender.send(), sender.send(LONG)] == ["AA", "AA"]
        remount(blobs, "ro")
        assert [sender.send(LONG), sender.send(), sender.send(LONG)] == ["AE", "AA", "AE"]
        remount(blobs, "rw")
        sender.until("AA", text=LONG)
        sender.require_stored()


def test_steps_of_the_clock(start: Callable[..., Gateway], faulty_system: FaultySystem) -> None:
    """An hour back, two forward, and a year: nothing waits for the clock, and every report is received once."""
    sender = Sender(start(**faulty_system.environment))
    for seconds in (0, -3600, 3600, -365 * 86400, 365 * 86400, 0):
        faulty_system.step_clock(seconds)
        started = time.monotonic()
        assert [sender.send() for _ in range(5)] == ["AA"] * 5
        assert time.monotonic() - started < 20
    sender.require_stored()


def test_a_slow_disk(start: Callable[..., Gateway], faulty_system: FaultySystem) -> None:
    """Each fsync takes half a second: senders wait for it, and share it."""
    gateway = start(**faulty_system.environment)
    faulty_system.slow_disk(500)
    senders = [Sender(gateway) for _ in range(8)]
    for number, sender in enumerate(senders):
        sender.number = 100 * number
    started = time.monotonic()
    threads = [threading.Thread(target=lambda one=one: [one.send() for _ in range(3)]) for one in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.5, "the disk was not slow"
    faulty_system.slow_disk(0)
    assert all(len(sender.acknowledged) == 3 for sender in senders)
    for sender in senders:
        sender.require_stored()


def test_a_gateway_that_is_stopped_for_a_while(start: Callable[..., Gateway]) -> None:
    """SIGSTOP: as a virtual machine that is moved. The sender gets its answer when it goes on."""
    gateway = start()
    sender = Sender(gateway)
    assert sender.send() == "AA"
    gateway.process.send_signal(signal.SIGSTOP)
    threading.Timer(3, gateway.process.send_signal, [signal.SIGCONT]).start()
    started = time.monotonic()
    assert sender.send() == "AA"
    assert time.monotonic() - started > 2
    sender.require_stored()


def test_a_network_that_breaks_before_the_answer(start: Callable[..., Gateway]) -> None:
    """The sender does not know whether its report arrived. It sends it again: it is acknowledged, and received once."""
    gateway = start()
    direct = gateway.connect()
    port = direct.getpeername()[1]
    direct.close()
    raw = oru(1)
    with road_to(port) as road:
        for cut in (1, len(raw) // 2, len(raw)):
            with socket.create_connection(("127.0.0.1", road.port)) as peer:
                peer.sendall((START + raw + END)[: cut + 1])
                time.sleep(0.3)
                road.break_off()
            road.mend()
            with socket.create_connection(("127.0.0.1", road.port)) as peer:
                peer.sendall(START + raw + END)
                road.break_off()
            road.mend()
        with socket.create_connection(("127.0.0.1", road.port), timeout=20) as peer:
            assert b"MSA|AA" in ask(peer, raw)
    ledger = open_ledger(gateway.data.ledger_url)
    with ledger.read() as connection:
        whole = select(func.count()).where(events.c.state != "refused")
        assert connection.execute(whole).scalar_one() == 1
    ledger.close()


def test_a_damaged_page_of_the_ledger(start: Callable[..., Gateway]) -> None:
    """Bytes of the database file are overwritten while nobody has it open: nothing is acknowledged that is not stored,
    and the senders are asked to send again until the ledger is restored."""
    gateway = start()
    sender = Sender(gateway)
    for _ in range(200):
        sender.send()
    sender.peer.close()
    gateway.process.terminate()
    gateway.process.wait(30)
    path = gateway.data.root / "ledger.sqlite"
    whole = path.read_bytes()
    with path.open("r+b") as file:
        for page in range(1, len(whole) // 4096):
            if page % 2:
                file.seek(page * 4096)
                file.write(b"\xff" * 4096)
    told = set()
    with contextlib.suppress(AssertionError):
        gateway.restart()
        sender.peer = gateway.connect()
        sender.acknowledged, sender.number = set(), 1000
        told = {sender.send() for _ in range(5)}
        sender.peer.close()
    assert "AA" not in told
    gateway.end()
    log = gateway.log.read_text()
    assert told <= {"AE", "lost"}
    assert "the ledger is damaged" in log, log[-2000:]
    assert "this is a bug" not in log
    for part in path.parent.glob("ledger.sqlite-*"):
        part.unlink()
    path.write_bytes(whole)
    gateway.restart()
    sender.peer = gateway.connect()
    sender.until("AA")
    sender.require_stored()
