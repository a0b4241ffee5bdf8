"""Many together or one alone, never both; who waits to be alone is let in."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.workers.shared_lock import Turns


def test_nobody_is_beside_the_one_who_is_alone() -> None:
    turns, lock = Turns(), threading.Lock()
    inside: list[str] = []
    seen: list[list[str]] = []

    def work(number: int) -> None:
        kind = "alone" if number % 7 == 0 else "together"
        with turns.alone() if kind == "alone" else turns.together():
            with lock:
                inside.append(kind)
                seen.append(list(inside))
            time.sleep(0.002)
            with lock:
                inside.remove(kind)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(100)))
    assert all(found == ["alone"] for found in seen if "alone" in found)
    assert any(len(found) > 4 for found in seen)
    assert sum("alone" in found for found in seen) == 15


def test_a_stream_of_others_does_not_keep_out_who_waits_to_be_alone() -> None:
    turns, stop, done = Turns(), threading.Event(), threading.Event()

    def others() -> None:
        while not stop.is_set():
            with turns.together():
                time.sleep(0.005)

    def alone() -> None:
        with turns.alone():
            done.set()

    threads = [threading.Thread(target=others) for _ in range(4)]
    for thread in threads:
        thread.start()
    waiting = threading.Thread(target=alone)
    waiting.start()
    assert done.wait(5)
    stop.set()
    for thread in [*threads, waiting]:
        thread.join()


def test_a_failure_ends_the_turn() -> None:
    turns = Turns()
    for turn in (turns.together, turns.alone):
        with pytest.raises(ZeroDivisionError), turn():
            _ = 1 / 0
    with turns.alone():
        pass
