"""How fast one address may send: a bucket of a second's messages, and waiting where it is empty."""

import asyncio
import threading
import time
from collections import OrderedDict

ADDRESSES = 10_000
"""Addresses that are remembered. Whoever is forgotten starts with a full bucket."""


class Rate:
    """`limit` messages a second of one address; 0: no limit. Good for threads."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._free_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def due(self, address: str, messages: int) -> float:
        """Seconds after which so many messages of the address may be taken, which are counted by this."""
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
        """Return when so many messages of the address may be taken. TCP makes the sender wait meanwhile."""
        if self._limit:
            await asyncio.sleep(self.due(address, messages))
