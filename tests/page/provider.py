"""The two endpoints of an OpenID provider at which a person signs in: authorization code with PKCE (RFC 7636, S256)."""

import base64
import hashlib
import json
import secrets
from collections import Counter
from html import escape
from urllib.parse import urlencode, urlsplit

import jwt

from tests.api.issuer import DISCOVERY, RSA_KEY, Issuer

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
        self.ended: list[str] = []
        """Subjects whose session was ended by a sign-out."""
        self.returns: set[str] = set()
        """Addresses to which a sign-out may lead."""
        names = {"authorization": "authorize", "token": "token", "end_session": "logout"}
        own = {f"{name}_endpoint": f"{issuer.url}/{place}" for name, place in names.items()}
        issuer.documents[DISCOVERY] |= own
        path = urlsplit(issuer.url).path
        actions = {"authorize": self._authorize, "token": self._token, "logout": self._logout}
        issuer.actions |= {f"{path}/{place}": action for place, action in actions.items()}

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

    def _logout(self, given: Given) -> Told:
        """End the session that the ID token names, and lead back (OpenID Connect RP-Initiated Logout 1.0)."""
        hint = jwt.decode(given["id_token_hint"], RSA_KEY.public_key(), ["RS256"], audience=CLIENT)
        if given["client_id"] != CLIENT or given["post_logout_redirect_uri"] not in self.returns:
            return 400, {}, b"refused"
        self.ended.append(hint["sub"])
        return 302, {"Location": given["post_logout_redirect_uri"]}, b""

    def _grant(self, kind: str) -> Told:
        self.granted[kind] += 1
        refresh = secrets.token_urlsafe()
        self._refresh.add(refresh)
        body = {
            "access_token": self._issuer.token(self._role, jti=secrets.token_urlsafe()),
            "refresh_token": refresh,
            "id_token": self._issuer.token(self._role, aud=CLIENT),
            "token_type": "Bearer",
            "expires_in": self.lives_s,
        }
        return 200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, json.dumps(body).encode()
