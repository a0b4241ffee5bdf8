"""Connections of the HTTP door: uvicorn's, with bounds.

uvicorn answers 503 where there are too many, but keeps as many as come, and waits for a first request for ever. What is
inherited here is the library's own.
"""

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.auto import AutoHTTPProtocol

FIRST_REQUEST_S = 30.0
"""A connection on which no request has come for so long is closed."""

log = structlog.get_logger()


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
