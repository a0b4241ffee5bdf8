"""Connections of the HTTP door: uvicorn's, with bounds.

uvicorn answers 503 where there are too many, but keeps as many as come, and waits for a first request for ever. What is
inherited here is the library's own. Everything of it that is used and not documented is used in this module;
`tests/ingest/gateway/http/test_uvicorn_parts.py` names it. pyproject.toml bounds the version: raise the bound when that
test has passed with the newer one.
"""

import asyncio
import socket
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

FIRST_REQUEST_S = 30.0
"""A connection on which no request has come for so long is closed."""

log = structlog.get_logger()


async def serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until the server is told to exit. `Server.serve` would take the signals that close the whole gateway."""
    await server._serve([listening])


class BoundedProtocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """Closes a connection beyond twice the limit as it opens, and one on which nothing is asked."""

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or let it go."""
        super().connection_made(transport)
        if len(self.connections) > 2 * self.limit_concurrency:
            log.warning("http.turned_away", connections=len(self.connections))
            transport.abort()
            return
        self.waiting = asyncio.get_running_loop().call_later(FIRST_REQUEST_S, self._let_go)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if hasattr(self, "waiting"):
            self.waiting.cancel()
        super().connection_lost(exc)

    def _let_go(self) -> None:
        if self.cycle is None:
            self.transport.abort()
