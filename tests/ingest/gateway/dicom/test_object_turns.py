"""Who sends expensive objects waits for himself, and nobody else does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.gateway.dicom import turns
from ingest.gateway.dicom.turns import Turns


def busy(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "EXPENSIVE_S", 0.02)


def at_once(of: Turns, address: str, objects: int, seconds: float) -> int:
    """How many objects of an address were read at the same time."""
    lock, now, most = threading.Lock(), 0, 0

    def read(_: int) -> None:
        nonlocal now, most
        with of.turn(address):
            with lock:
                now += 1
                most = max(most, now)
            busy(seconds)
            time.sleep(0.02)
            with lock:
                now -= 1

    with ThreadPoolExecutor(objects) as pool:
        list(pool.map(read, range(objects)))
    return most


def test_objects_of_an_expensive_address_are_read_one_after_the_other() -> None:
    of = Turns()
    assert at_once(of, "a", 4, 0) == 4
    with of.turn("a"):
        busy(0.05)
    assert at_once(of, "a", 4, 0) == 1
    assert at_once(of, "b", 4, 0) == 4


def test_an_expensive_object_waits_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(turns.time, "sleep", waited.append)
    of = Turns()
    with of.turn("a"):
        busy(0.01)
    assert waited == []
    with of.turn("a"):
        busy(0.1)
    monkeypatch.setattr(turns, "LONGEST_S", 0.01)
    with of.turn("a"):
        busy(0.1)
    assert waited == [pytest.approx(0.1, abs=0.05), 0.01]


def test_an_address_is_forgiven_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "REMEMBERED_S", 0.0)
    monkeypatch.setattr(turns, "ADDRESSES", 2)
    of = Turns()
    for address in "abc":
        with of.turn(address):
            busy(0.05)
    assert at_once(of, "c", 3, 0) == 3
    assert list(of._expensive) == ["b", "c"]


def test_an_error_in_the_block_frees_the_turn() -> None:
    of = Turns()

    def damaged() -> None:
        with of.turn("a"):
            busy(0.05)
            raise ValueError("damaged")

    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"):
            damaged()
