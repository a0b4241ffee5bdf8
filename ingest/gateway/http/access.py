"""Who may send over HTTP: by address, and by an API key or a client certificate."""

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
"""Roles that may send, as in GraphQL's submitReport."""


class Access:
    """Lets requests through to `app`. `open_house`: without a key."""

    def __init__(self, app: ASGIApp, ledger: Ledger, allowed: tuple[Network, ...], *, open_house: bool) -> None:
        self._app = app
        self._ledger = ledger
        self._allowed = allowed
        self._open_house = open_house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 403 or 503, or hand on."""
        if scope["type"] == "http" and (refusal := await self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        if not is_allowed(scope["client"][0], self._allowed):
            return JSONResponse({"detail": "this address is not allowed to send: see VLMKG_GATEWAY_ALLOW"}, 403)
        # What the door can do is no secret: clients ask before they log in. Nor is whether it works.
        if self._open_house or scope["path"] == "/fhir/metadata" or scope["path"] in PATHS:
            return None
        scheme, _, key = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").partition(" ")
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
