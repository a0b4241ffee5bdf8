"""Many shared holders or one exclusive holder, never both; exclusive waiters take precedence."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.workers.shared_lock import SharedLock


def test_an_exclusive_holder_is_the_only_one() -> None:
    shared_lock, lock = SharedLock(), threading.Lock()
    inside: list[str] = []
    seen: list[list[str]] = []

    def work(number: int) -> None:
        kind = "exclusive" if number % 7 == 0 else "shared"
        with shared_lock.exclusive() if kind == "exclusive" else shared_lock.shared():
            with lock:
                inside.append(kind)
                seen.append(list(inside))
            time.sleep(0.002)
            with lock:
                inside.remove(kind)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(100)))
    assert all(found == ["exclusive"] for found in seen if "exclusive" in found)
    assert any(len(found) > 4 for found in seen)
    assert sum("exclusive" in found for found in seen) == 15


def test_exclusive_waiters_take_precedence_over_later_shared_ones() -> None:
    shared_lock, stop, done = SharedLock(), threading.Event(), threading.Event()

    def others() -> None:
        while not stop.is_set():
            with shared_lock.shared():
                time.sleep(0.005)

    def exclusive() -> None:
        with shared_lock.exclusive():
            done.set()

    threads = [threading.Thread(target=others) for _ in range(4)]
    for thread in threads:
        thread.start()
    waiting = threading.Thread(target=exclusive)
    waiting.start()
    assert done.wait(5)
    stop.set()
    for thread in [*threads, waiting]:
        thread.join()


def test_an_error_releases_the_lock() -> None:
    shared_lock = SharedLock()
    for hold in (shared_lock.shared, shared_lock.exclusive):
        with pytest.raises(ZeroDivisionError), hold():
            _ = 1 / 0
    with shared_lock.exclusive():
        pass
