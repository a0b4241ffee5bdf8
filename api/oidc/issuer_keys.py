"""The issuer's public keys: fetched in the background, kept while the issuer does not respond, and fetched again for an
unknown key (OpenID Connect Discovery 1.0; RFC 7517).
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import structlog

from api.oidc.settings import OidcSettings, is_safe
from vlmkg.plaintext_settings import is_loopback

log = structlog.get_logger()

FRESH_FOR_S = 300.0
"""Seconds after which all keys are fetched again: a withdrawn key is accepted at most this long."""

ASK_AGAIN_S = 5.0
"""Minimum seconds between two fetches, however many tokens name unknown keys."""

PATIENCE_S = 5.0
"""Time limit of the issuer's response."""

DOCUMENT_LIMIT = 512 * 1024
"""Most bytes of a document of the issuer."""

KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The key type (`kty`) of an algorithm, by the beginning of its name."""


class _UnfitError(Exception):
    """The issuer's response can't be used."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One public key. `algorithm` is its only algorithm, if the issuer states one."""

    key_id: str | None
    kind: str
    algorithm: str | None
    key: Any

    def fits(self, key_id: str | None, algorithm: str) -> bool:
        """Whether a token with this key id and algorithm may use this key."""
        return (
            (key_id == self.key_id or None in (key_id, self.key_id))
            and self.kind == KINDS.get(algorithm[:2])
            and self.algorithm in (None, algorithm)
        )


@dataclass(slots=True)
class IssuerKeys:
    """All known keys. `answers`: whether the issuer responded to the last request."""

    settings: OidcSettings
    client: httpx2.AsyncClient
    keys: tuple[IssuerKey, ...] = ()
    answers: bool = False
    _asked_at: float = field(default=float("-inf"))
    _fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> IssuerKey | None:
        """The key that a token names; None if it is unknown, or the token names none and there are several.

        Check `answers` then: while the issuer does not respond, the key may be a new one.
        """
        found = self._known(key_id, algorithm)
        if found is None and self._may_ask():
            await self.fetch()
            found = self._known(key_id, algorithm)
        return found

    async def fetch(self) -> None:
        """Fetch all keys, or wait for a running fetch. If it fails, the known keys are kept."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def keep_fresh(self) -> None:
        """Fetch now and periodically, until cancelled."""
        while True:
            await self.fetch()
            await asyncio.sleep(FRESH_FOR_S if self.answers else ASK_AGAIN_S)

    async def stop(self, fresh: asyncio.Task[None]) -> None:
        """Stop `keep_fresh` and a running fetch."""
        for task in (fresh, self._fetching):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _known(self, key_id: str | None, algorithm: str) -> IssuerKey | None:
        fitting = [key for key in self.keys if key.fits(key_id, algorithm)]
        return fitting[0] if len(fitting) == 1 else None

    def _may_ask(self) -> bool:
        under_way = self._fetching is not None and not self._fetching.done()
        return under_way or time.monotonic() - self._asked_at >= ASK_AGAIN_S

    async def _fetch(self) -> None:
        answered, why = False, ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.keys = await self._keys_of_issuer()
            answered = True
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            why = type(error).__name__
        except _UnfitError as error:
            why = str(error)
        self._asked_at = time.monotonic()
        if not answered:
            log.warning("oidc.keys_not_fetched", why=why, known=len(self.keys))
        elif not self.answers:
            log.info("oidc.keys_fetched", known=len(self.keys))
        self.answers = answered

    async def _keys_of_issuer(self) -> tuple[IssuerKey, ...]:
        document = await self._get(self.settings.jwks_url or await self._discovered())
        entries = document.get("keys")
        keys = [key for entry in entries if (key := _read(entry))] if isinstance(entries, list) else []
        if not keys:
            raise _UnfitError("the key document has no key of a supported kind")
        return tuple(keys)

    async def _discovered(self) -> str:
        issuer = self.settings.issuer
        document = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise _UnfitError("the discovery document names another issuer: set VLMKG_OIDC_ISSUER to its `issuer`")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_safe(url):
            raise _UnfitError("the discovery document names no https:// address of keys")
        return url

    async def _get(self, url: str) -> dict[str, Any]:
        body = b""
        async with self.client.stream("GET", url) as response:
            if response.status_code != httpx2.codes.OK:
                raise _UnfitError(f"the issuer responded with status {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > DOCUMENT_LIMIT:
                    raise _UnfitError("a document of the issuer is too large")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise _UnfitError("a document of the issuer is not JSON") from None
        if not isinstance(document, dict):
            raise _UnfitError("a document of the issuer is not a JSON object")
        return document


@asynccontextmanager
async def open_issuer_keys(settings: OidcSettings) -> AsyncIterator[IssuerKeys]:
    """The issuer's keys, kept fresh until the end of the block. It does not wait for the issuer."""
    # Redirects are not followed: they could lead to an unsafe address. A proxy is only for other machines.
    host = urlsplit(settings.jwks_url or settings.issuer).hostname or ""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with httpx2.AsyncClient(timeout=PATIENCE_S, headers=headers, trust_env=not is_loopback(host)) as client:
        keys = IssuerKeys(settings, client)
        fresh = asyncio.create_task(keys.keep_fresh())
        try:
            yield keys
        finally:
            await keys.stop(fresh)


def _read(entry: Any) -> IssuerKey | None:
    """A key of the set; None for one that is not for signatures, or is not supported."""
    if not isinstance(entry, dict) or entry.get("kty") not in KINDS.values() or entry.get("use", "sig") != "sig":
        return None
    try:
        read = jwt.PyJWK.from_dict(entry)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, NotImplementedError):
        return None
    key_id, algorithm = entry.get("kid"), entry.get("alg")
    if not isinstance(key_id, str | None) or not isinstance(algorithm, str | None):
        return None
    return IssuerKey(key_id, entry["kty"], algorithm, read.key)
