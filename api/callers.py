"""Authentication: callers with an API key of the ledger, or a token of the issuer in the settings."""

import asyncio
import time
from dataclasses import dataclass
from hashlib import sha256

from api.errors import ApiError, Code
from api.oidc.tokens import TokenReader, looks_like_token
from api.rights import RIGHTS, Right
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.database import Ledger

REMEMBERED_S = 1.0
"""Seconds for which a key or token is cached: a revoked one works at most this long."""

_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller. `name` is shown in the audit trail."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        """Whether the caller's role has this right."""
        return right in RIGHTS[self.role]


EVERYONE = Caller("everyone (VLMKG_AUTH=off)", Role.ADMIN)


@dataclass(slots=True)
class Authenticator:
    """Authenticates callers by keys, and by tokens if `tokens` is given. `everyone_is_admin`: without credentials."""

    ledger: Ledger
    tokens: TokenReader | None
    everyone_is_admin: bool
    _known: dict[bytes, tuple[Caller, float]]

    async def admit(self, authorization: str | None) -> Caller:
        """The caller behind an `Authorization` header. Raises ApiError, OutageError.

        UNAUTHENTICATED: the credentials are not valid. FORBIDDEN (NoRoleError): the caller is known, but has no role.
        SERVICE_UNAVAILABLE and OutageError: the credentials can't be checked now.
        """
        if self.everyone_is_admin:
            return EVERYONE
        key = _bearer(authorization)
        mark = sha256(key.encode()).digest()
        found = self._known.get(mark)
        if found is None or found[1] < time.monotonic():
            found = (await self._look_up(key), time.monotonic() + REMEMBERED_S)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[mark] = found
        return found[0]

    async def _look_up(self, key: str) -> Caller:
        if self.tokens is not None and looks_like_token(key):
            bearer = await self.tokens.read(key)
            return Caller(bearer.name, bearer.role)
        holder = await asyncio.to_thread(api_keys.authenticate, self.ledger, key)
        if holder is None:
            raise ApiError(
                Code.UNAUTHENTICATED, "the API key is unknown, revoked or expired: ask an administrator for another"
            )
        return Caller(holder.name, holder.role)


def authenticator(ledger: Ledger, tokens: TokenReader | None, *, everyone_is_admin: bool) -> Authenticator:
    """An authenticator with an empty cache."""
    return Authenticator(ledger, tokens, everyone_is_admin, {})


def _bearer(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip() or not key.isascii():
        raise ApiError(
            Code.UNAUTHENTICATED,
            "the request has no credentials: send an API key or a token in the header `Authorization: Bearer KEY`",
        )
    return key.strip()
