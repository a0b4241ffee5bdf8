"""Threads that are woken by what they wait for, not by a clock."""

import fcntl
import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ingest.gateway.dicom import waking
from ingest.gateway.dicom.waking import Alarm, Arrivals
from tests.ingest.formats.dicom_files import film
from tests.ingest.gateway.dicom.peer import OpenDicom

LONG_S = 30.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    made = Alarm()
    yield made
    made.close()


def test_what_comes_over_the_connection_is_heard_at_once(
    alarm: Alarm, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    threading.Timer(0.1, theirs.send, [b"x"]).start()
    started = time.monotonic()
    assert alarm.wait(ours, LONG_S)
    assert time.monotonic() - started < LONG_S / 2


def test_the_alarm_ends_the_waiting_once(alarm: Alarm, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    for _ in range(100_000):
        alarm.ring()
    started = time.monotonic()
    assert not alarm.wait(ours, LONG_S)
    assert time.monotonic() - started < LONG_S / 2
    started = time.monotonic()
    assert not alarm.wait(ours, 0.05)
    assert time.monotonic() - started >= 0.04


def test_a_connection_of_many_is_heard(alarm: Alarm, pair: tuple[socket.socket, socket.socket]) -> None:
    """select(2) takes no descriptor above 1,023."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    try:
        ours, theirs = pair
        with socket.socket(fileno=fcntl.fcntl(ours, fcntl.F_DUPFD, 2000)) as high:
            assert high.fileno() >= 2000
            theirs.send(b"x")
            assert alarm.wait(high, LONG_S)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_an_alarm_that_is_gone_rings_for_nobody(alarm: Alarm) -> None:
    alarm.close()
    alarm.ring()


@pytest.mark.parametrize("which", ["messages", "requests"])
def test_messages_and_requests_are_waited_for(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    monkeypatch.setattr(waking, "LOOK_S", LONG_S)
    arrivals = Arrivals()
    arrivals.set()
    threading.Timer(0.1, getattr(arrivals, which).put, ["one"]).start()
    started = time.monotonic()
    assert arrivals.wait()
    assert time.monotonic() - started < LONG_S / 2
    # What is there already is not waited for.
    arrivals.wait()
    assert time.monotonic() - started < LONG_S / 2


async def test_objects_come_through_though_nobody_looks(dicom: OpenDicom, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that hardly ticks all is done in time all the same: negotiation, ten objects, release."""
    monkeypatch.setattr(waking, "LOOK_S", 3.0)
    monkeypatch.setattr("ingest.gateway.dicom.connections.LOOK_S", 3.0)
    started = time.monotonic()
    sent = [film(SOPInstanceUID=f"1.2.3.{number}") for number in range(10)]
    assert await dicom.send(*sent) == [0] * 10
    assert time.monotonic() - started < 3.0
