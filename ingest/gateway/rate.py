"""Rate limit per address: a token bucket that holds one second's messages; senders wait if it is empty."""

import asyncio
import threading
import time
from collections import OrderedDict

ADDRESSES = 10_000
"""The maximum number of remembered addresses. A forgotten one starts with a full bucket."""


class Rate:
    """`limit` messages per second and address; 0: no limit. Thread-safe."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._free_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def due(self, address: str, messages: int) -> float:
        """Count `messages` messages of the address, and return the seconds to wait before they may be received."""
        if not self._limit:
            return 0.0
        with self._lock:
            now = time.monotonic()
            at = max(self._free_at.pop(address, 0.0), now - 1.0)
            self._free_at[address] = at + messages / self._limit
            if len(self._free_at) > ADDRESSES:
                self._free_at.popitem(last=False)
        return max(at - now, 0.0)

    async def wait(self, address: str, messages: int) -> None:
        """Return when `messages` messages of the address may be received. Meanwhile TCP makes the sender wait."""
        if self._limit:
            await asyncio.sleep(self.due(address, messages))
