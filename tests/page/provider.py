"""The two endpoints of an OpenID provider at which a person signs in: authorization code with PKCE (RFC 7636, S256)."""

import base64
import hashlib
import json
import secrets
from collections import Counter
from html import escape
from urllib.parse import urlencode, urlsplit

from tests.api.issuer import DISCOVERY, Issuer

CLIENT = "vlmkg-page"
Given = dict[str, str]
Told = tuple[int, dict[str, str], bytes]


class Provider:
    """Lets people sign in at an issuer. `granted` counts tokens by the kind of grant; `lives_s` is their life."""

    def __init__(self, issuer: Issuer, role: str) -> None:
        self.granted: Counter[str] = Counter()
        self.lives_s = 300
        self._issuer, self._role = issuer, role
        self._codes: dict[str, Given] = {}
        self._refresh: set[str] = set()
        own = {"authorization_endpoint": f"{issuer.url}/authorize", "token_endpoint": f"{issuer.url}/token"}
        issuer.documents[DISCOVERY] |= own
        path = urlsplit(issuer.url).path
        issuer.actions |= {f"{path}/authorize": self._authorize, f"{path}/token": self._token}

    def _authorize(self, given: Given) -> Told:
        """A page with a link that signs in."""
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(given.get(name) != value for name, value in wanted.items()) or len(given.get("state", "")) < 16:
            return 400, {}, b"refused"
        code = secrets.token_urlsafe()
        self._codes[code] = given
        back = f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}"
        head = "<!doctype html><title>Issuer</title><link rel=icon href='data:,'>"
        page = f"{head}<a id=enter href='{escape(back)}'>Enter as anna</a>"
        return 200, {"Content-Type": "text/html"}, page.encode()

    def _token(self, given: Given) -> Told:
        if given.get("grant_type") == "refresh_token" and given.get("refresh_token") in self._refresh:
            self._refresh.remove(given["refresh_token"])
            return self._grant("refresh_token")
        asked = self._codes.pop(given.get("code", ""), None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        same = asked and all(asked[name] == given.get(name) for name in ("client_id", "redirect_uri"))
        if not same or asked["code_challenge"] != challenge:
            return 400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}'
        return self._grant("authorization_code")

    def _grant(self, kind: str) -> Told:
        self.granted[kind] += 1
        refresh = secrets.token_urlsafe()
        self._refresh.add(refresh)
        body = {
            "access_token": self._issuer.token(self._role, jti=secrets.token_urlsafe()),
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.lives_s,
        }
        return 200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, json.dumps(body).encode()
