"""Group commit: one of several threads does the work of all waiting threads in one transaction.

A thread that arrives while a group is processed joins the next group. No thread waits for others: a single one starts
at once.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from ingest.isolation import each_result

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[Sequence[T]], Sequence[R]]
"""Processes all of its items or none, and returns their results in order."""


class GroupCommit(Generic[T, R]):
    """The queue of one kind of work in one process. At most `largest` items are done together."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._turn = threading.Lock()
        self._waiting: deque[tuple[T, Future[R]]] = deque()

    def do(self, item: T, work: Work[T, R]) -> R:
        """Process the item, perhaps with others, and return its result. Raises what `work` raises for it."""
        mine: Future[R] = Future()
        self._waiting.append((item, mine))
        with self._turn:
            while not mine.done():
                _settle(self._next_group(), work)
        return mine.result()

    def _next_group(self) -> list[tuple[T, Future[R]]]:
        return [self._waiting.popleft() for _ in range(min(self._largest, len(self._waiting)))]


def _settle(group: Sequence[tuple[T, Future[R]]], work: Work[T, R]) -> None:
    for (_, future), result in zip(group, each_result([item for item, _ in group], work), strict=True):
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
