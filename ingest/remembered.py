"""What anybody may ask for without a key, however often: it is computed for all of them together.

The pages for monitoring count rows of the whole ledger. Without this, whoever asks for them without end takes the
threads and the database from those who send and read.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PAUSE = 9
"""An answer counts for so many times the seconds that it took, so that a tenth of the time is spent on it at most."""


@dataclass(slots=True)
class Remembered(Generic[T]):
    """The last answer of one question in one event loop. Those who ask while it is computed wait for it together."""

    _asked: "asyncio.Task[T] | None" = None
    _until: float = 0.0

    async def get(self, work: Callable[[], Awaitable[T]]) -> T:
        """The answer, or the error, of the work: a former one while it counts."""
        if self._asked is None or (self._asked.done() and time.monotonic() >= self._until):
            self._asked = asyncio.create_task(self._ask(work))
        return await asyncio.shield(self._asked)

    async def _ask(self, work: Callable[[], Awaitable[T]]) -> T:
        started = time.monotonic()
        try:
            return await work()
        finally:
            self._until = time.monotonic() + PAUSE * (time.monotonic() - started)
