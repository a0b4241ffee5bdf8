"""Group commit: what several threads want done at once is done together, by one of them, in one transaction.

Whoever comes while a group is at work waits and goes with the next one. Nobody waits for company: one alone goes at
once.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from vlmkg.errors import VlmkgError

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[Sequence[T]], Sequence[R]]
"""Does all of its items or none, and returns their results in order."""


class GroupCommit(Generic[T, R]):
    """The queue of one kind of work in one process. At most `largest` items are done together."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._turn = threading.Lock()
        self._waiting: deque[tuple[T, Future[R]]] = deque()

    def do(self, item: T, work: Work[T, R]) -> R:
        """Have the item done, perhaps in company, and return its result. Raises what `work` raises for it."""
        mine: Future[R] = Future()
        self._waiting.append((item, mine))
        with self._turn:
            while not mine.done():
                _settle(self._next_group(), work)
        return mine.result()

    def _next_group(self) -> list[tuple[T, Future[R]]]:
        return [self._waiting.popleft() for _ in range(min(self._largest, len(self._waiting)))]


def _settle(group: Sequence[tuple[T, Future[R]]], work: Work[T, R]) -> None:
    try:
        results = work([item for item, _ in group])
    except BaseException as error:  # noqa: BLE001 - each caller gets it raised in its own thread
        if len(group) > 1 and not (isinstance(error, VlmkgError) and error.retryable):
            # It may be the fault of one: the others must not fail with it.
            for one in group:
                _settle([one], work)
        else:
            for _, future in group:
                future.set_exception(error)
    else:
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
