"""Access to the HTTP door: by address, and by API key or client certificate."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.errors import OutageError
from ingest.gateway.http.watching import PATHS
from ingest.gateway.settings import Network, is_allowed
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.database import Ledger

SENDERS = frozenset({Role.OPERATOR, Role.ADMIN})
"""The roles that may send, as for GraphQL's submitReport."""


_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


def is_this_machine(host: str) -> bool:
    """Whether a Host header (RFC 9110 7.2) names this machine itself."""
    name, mark, port = host.strip().lower().rpartition(":")
    return (name if mark and port.isdecimal() else host.strip().lower()) in _NAMES


class Access:
    """Passes permitted requests to `app`.

    `keyless`: no API key is needed. `local_names_only`: only Host headers that name this machine are answered, so that
    a web page elsewhere can't reach a keyless door through a DNS name that resolves to this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        ledger: Ledger,
        allowed: tuple[Network, ...],
        *,
        keyless: bool,
        local_names_only: bool = False,
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._allowed = allowed
        self._keyless = keyless
        self._local_names_only = local_names_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 403 or 503, or call `app`."""
        if scope["type"] == "http" and (refusal := await self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _forbidden(self, scope: Scope, headers: dict[bytes, bytes]) -> JSONResponse | None:
        """The answer to a forbidden address, or to a Host name that is not this machine's."""
        if not is_allowed(scope["client"][0], self._allowed):
            return JSONResponse({"detail": "this address is not allowed to send: see VLMKG_GATEWAY_ALLOW"}, 403)
        if self._local_names_only and not is_this_machine(headers.get(b"host", b"").decode("latin-1")):
            detail = "without API keys only names of this machine are answered: send to localhost or 127.0.0.1"
            return JSONResponse({"detail": detail}, 400)
        return None

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = dict(scope["headers"])
        if forbidden := self._forbidden(scope, headers):
            return forbidden
        # Capabilities and health are public: clients read them before they authenticate.
        if self._keyless or scope["path"] == "/fhir/metadata" or scope["path"] in PATHS:
            return None
        scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            detail = "the request has no API key: send it in the header `Authorization: Bearer KEY`"
            return JSONResponse({"detail": detail}, 401, {"WWW-Authenticate": "Bearer"})
        try:
            holder = await asyncio.to_thread(api_keys.authenticate, self._ledger, key.strip())
        except OutageError:
            return JSONResponse({"detail": "the ledger does not respond: try again"}, 503, {"Retry-After": "5"})
        if holder is None:
            return JSONResponse(
                {"detail": "the API key is unknown, revoked or expired: ask an administrator for another"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        return (
            None
            if holder.role in SENDERS
            else JSONResponse({"detail": "the role of this key is not allowed to send: ask for another key"}, 403)
        )
