"""How fast one address may send: a bucket of a second's messages, and waiting where it is empty."""

import asyncio
import time
from collections import OrderedDict

ADDRESSES = 10_000
"""Addresses that are remembered. Whoever is forgotten starts with a full bucket."""


class Rate:
    """`limit` messages a second of one address; 0: no limit."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._free_at: OrderedDict[str, float] = OrderedDict()

    async def wait(self, address: str, messages: int) -> None:
        """Return when so many messages of the address may be taken. TCP makes the sender wait meanwhile."""
        if not self._limit:
            return
        now = time.monotonic()
        at = max(self._free_at.pop(address, 0.0), now - 1.0)
        self._free_at[address] = at + messages / self._limit
        if len(self._free_at) > ADDRESSES:
            self._free_at.popitem(last=False)
        await asyncio.sleep(max(at - now, 0.0))
