"""A small OpenID Connect issuer on loopback, as much as the API sees of one: a discovery document, keys, tokens."""

import json
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "vlmkg-api"
DISCOVERY, KEYS = "/realms/hospital/.well-known/openid-configuration", "/realms/hospital/keys"

Private = Any
Action = Callable[[dict[str, str]], tuple[int, dict[str, str], bytes]]
"""Answers a request: from its parameters to status, headers and body."""
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
RSA_KEY, OTHER_RSA_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
_FORMS = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}


def published(key: Private, key_id: str | None, algorithm: str, **more: Any) -> dict[str, Any]:
    """A public key as it stands in a key set; `more` changes entries, None removes them."""
    form: Any = _FORMS[algorithm[:2]]
    entry = {**form.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "alg": algorithm, "use": "sig", **more}
    return {name: value for name, value in entry.items() if value is not None}


def pem(key: Private) -> bytes:
    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


class Issuer:
    """Answers until it is closed. `status`, `documents`, `actions`, `held` can be changed meanwhile; `asked` counts."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.status = 200
        self.actions: dict[str, Action] = {}
        self.held = Event()
        self.held.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/realms/hospital"
        self.documents: dict[str, Any] = {
            DISCOVERY: {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            KEYS: {"keys": []},
        }
        self.publish(
            published(RSA_KEY, "rsa", "RS256"),
            published(EC_KEY, "ec", "ES256"),
            published(ED_KEY, "ed", "EdDSA"),
            published(OTHER_RSA_KEY, "for-encryption", "RS256", use="enc", alg=None),
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"},
            {"kty": "EC", "kid": "unknown-curve", "crv": "P-999"},
        )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def publish(self, *keys: Any) -> None:
        """These are its keys from now on."""
        self.documents[KEYS] = {"keys": list(keys)}

    def claims(self, *roles: str, **more: Any) -> dict[str, Any]:
        """What a token of a person with these roles says; `more` changes claims, None removes them."""
        now = int(time.time())
        whole = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "5f1c",
            "preferred_username": "anna@hospital.example",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "roles": list(roles),
            **more,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def token(
        self,
        *roles: str,
        key: Private = RSA_KEY,
        algorithm: str = "RS256",
        header: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A token as the issuer makes it, or one with a fault."""
        head = {"kid": "rsa", **(header or {})}
        return jwt.encode(
            self.claims(*roles, **more),
            key,
            algorithm=algorithm,
            headers={name: value for name, value in head.items() if value is not None},
        )

    def close(self) -> None:
        self.held.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(issuer) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked[self.path] += 1
                issuer.held.wait(200)
                action = issuer.actions.get(self.path.partition("?")[0])
                if action is not None:
                    self._act(action, self.path.partition("?")[2])
                    return
                found = issuer.documents.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(issuer.status if found is not None else 404)
                self.send_header("Content-Length", str(len(body)))
                self.send_header(*next(iter(ANY_ORIGIN.items())))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                action = issuer.actions.get(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._act(action or (lambda _: (404, {}, b"")), body)

            def _act(self, action: Action, given: str) -> None:
                status, headers, body = action(dict(parse_qsl(given)))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **ANY_ORIGIN, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        return Handler
