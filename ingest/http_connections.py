"""Connections of HTTP servers: uvicorn's, with limits. The gateway's HTTP door and the API use them.

uvicorn answers 503 over its limit, but keeps any number of connections, and waits forever for a request. Classes here
inherit from the library's. Only this module uses its undocumented parts; `tests/ingest/test_uvicorn_parts.py` names it.
pyproject.toml bounds the version: raise the bound when that test has passed with the newer one.
"""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ingest.idle_connections import room

HEADERS_S = 30.0
"""Seconds in which the headers of a request must arrive.

They count from opening the connection, then from the first byte of each further request. Otherwise the connection is
closed.
"""

STALL_S = 30.0
"""Seconds without data after which reading a body is aborted; a slow body has as many in addition to SLOWEST."""

SLOWEST = 2000
"""The minimum bytes per second of a body, not counting the time in which nobody reads it."""

log = structlog.get_logger()


async def in_time(parts: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The parts of a body. Raises TimeoutError if it stalls, or comes so slowly that its connection is only held."""
    waited, size = 0.0, 0
    while True:
        started = time.monotonic()
        async with asyncio.timeout(min(STALL_S, max(STALL_S + size / SLOWEST - waited, 0.0))):
            part = await anext(parts, None)
        if part is None:
            return
        waited += time.monotonic() - started
        size += len(part)
        yield part


async def serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until the server is told to exit. `Server.serve` would take the signals that close the whole gateway."""
    await server._serve([listening])


class BoundedProtocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """Gives an address its share of the connections, and closes those on which no request comes to its end.

    `Config.limit_concurrency` is the number of connections of all addresses, `most_of_peer` that of one; 0: it has no
    share of its own.
    """

    def __init__(self, *arguments: Any, most_of_peer: int = 0, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.most_of_peer = most_of_peer
        self.waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or let it go. One that rests gives way to it."""
        super().connection_made(transport)
        # asyncio does this only for sockets that name their protocol, which those of `socket.create_server` do not.
        # Without it the body of an answer waits 40 ms for the peer's acknowledgement of the head.
        if (connection := transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._make_room():
            log.warning("http.turned_away", connections=len(self.connections))
            transport.abort()
            return
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came. Where a request has begun, its headers must come soon."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._wait_no_more()
        elif self.waiting is None and self._rests():
            self._wait_for_headers()

    def _make_room(self) -> bool:
        """Whether this one may stay. `connections` are all that are open, this one with them, in no order."""
        among = {one: _host(one) for one in self.connections if one is not self}
        idle = [one for one in among if isinstance(one, BoundedProtocol) and one._rests()]
        full = 0 < (self.limit_concurrency or 0) <= len(self.connections)
        found = room(among, idle, _host(self), most_of_peer=self.most_of_peer, full=full)
        if (gone := found.instead_of) is not None:
            log.info("http.gave_way", connections=len(self.connections))
            self.connections.discard(gone)
            gone.transport.abort()
        used_up = 0 < self.most_of_peer <= list(among.values()).count(_host(self))
        # If no connection is idle, uvicorn answers 503, up to twice the limit.
        return found.is_there or (not used_up and len(self.connections) <= 2 * (self.limit_concurrency or 0))

    def _rests(self) -> bool:
        """Whether no request is in hand."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_headers(self) -> None:
        self.waiting = asyncio.get_running_loop().call_later(HEADERS_S, self._let_go)

    def _wait_no_more(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _let_go(self) -> None:
        self.waiting = None
        if self._rests():
            self.transport.abort()


def _host(connection: Any) -> str:
    client = getattr(connection, "client", None)
    return str(client[0]) if client else ""
