"""Senders of expensive objects wait for themselves.

An object is read by the thread of its association, under Python's one lock. Many small elements, or items of unknown
length, take a hundred times longer to read than a film of the same size; several associations that send them leave no
time for others.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

EXPENSIVE_S = 0.05
"""CPU seconds of an object from which on its sender counts as expensive. A film of 20 MB takes a quarter of that."""

REMEMBERED_S = 60.0
"""Seconds after its last expensive object in which an address counts as expensive."""

LONGEST_S = 2.0
"""The longest time that an expensive object waits for its answer. Senders give up after 30 s or more."""

ADDRESSES = 1000


@dataclass(slots=True)
class _Address:
    until: float
    turn: threading.Lock = field(default_factory=threading.Lock)


class Turns:
    """The addresses that sent expensive objects lately. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expensive: OrderedDict[str, _Address] = OrderedDict()

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Read one object in the block.

        Objects of an expensive address are read one after the other, and each waits as long as it took, so that its
        sender takes half of the interpreter's time at most.
        """
        known = self._known(address)
        if known is None:
            with self._measured(address):
                yield
            return
        with known.turn, self._measured(address):
            yield

    @contextmanager
    def _measured(self, address: str) -> Iterator[None]:
        started = time.thread_time()
        try:
            yield
        finally:
            used = time.thread_time() - started
            if used > EXPENSIVE_S:
                self._note(address)
                time.sleep(min(used, LONGEST_S))

    def _known(self, address: str) -> _Address | None:
        with self._lock:
            found = self._expensive.get(address)
            return found if found and time.monotonic() < found.until else None

    def _note(self, address: str) -> None:
        until = time.monotonic() + REMEMBERED_S
        with self._lock:
            found = self._expensive.setdefault(address, _Address(until))
            found.until = until
            self._expensive.move_to_end(address)
            if len(self._expensive) > ADDRESSES:
                self._expensive.popitem(last=False)
