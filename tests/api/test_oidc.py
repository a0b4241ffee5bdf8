"""Tokens of an issuer, through the real application: what lets in, as whom, and what does not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from neo4j import Driver

from api.oidc.settings import OidcSettings
from api.oidc.tokens import LEEWAY_S, TOKEN_LIMIT
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api, Workshop
from tests.api.issuer import (
    AUDIENCE,
    EC_KEY,
    ED_KEY,
    KEYS,
    OTHER_RSA_KEY,
    RSA_KEY,
    WEAK_RSA_KEY,
    Issuer,
    pem,
    published,
)
from tests.api.test_subscriptions import closed_with, follow, opened, receive, send
from tests.fixtures.neo4j_server import Neo4jServer, empty

VIEWER = "vlmkg-viewer"
QUERY = "{ findings { totalCount } }"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.publish(*issuer.documents[KEYS]["keys"], published(WEAK_RSA_KEY, "weak", "RS256"))
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
def api(
    issuer: Issuer, tmp_path_factory: pytest.TempPathFactory, neo4j_driver: Driver, neo4j_server: Neo4jServer
) -> Iterator[Api]:
    empty(neo4j_server, neo4j_driver)
    workshop = Workshop(tmp_path_factory.mktemp("oidc"), neo4j_server, neo4j_driver)
    oidc = OidcSettings(VLMKG_OIDC_ISSUER=issuer.url, VLMKG_OIDC_AUDIENCE=AUDIENCE)
    yield workshop.serve(oidc=oidc)
    workshop.close()


def ask(api: Api, token: str, query: str = QUERY) -> tuple[int, Any]:
    response = api.client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
    return response.status_code, response.json()


def refused(api: Api, token: str) -> str:
    """Why the token does not let in."""
    before = len(audited(api))
    status, answer = ask(api, token)
    (error,) = answer["errors"]
    assert (status, error["extensions"], "data" in answer) == (401, {"code": "UNAUTHENTICATED"}, False)
    assert len(audited(api)) == before
    message: str = error["message"]
    return message


def audited(api: Api) -> list[audit.AuditEntry]:
    with api.ledger.read() as connection:
        return audit.entries(connection, limit=1_000)


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"),
    [(RSA_KEY, "RS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed"), (EC_KEY, "ES256", None)],
)
def test_each_kind_of_key(api: Api, issuer: Issuer, key: Any, algorithm: str, key_id: str | None) -> None:
    token = issuer.token(VIEWER, key=key, algorithm=algorithm, header={"kid": key_id})
    assert ask(api, token) == (200, {"data": {"findings": {"totalCount": 0}}})
    entry = audited(api)[0]
    assert (entry.actor, entry.outcome) == ("anna@hospital.example (oidc:5f1c)", "ok")


@pytest.mark.parametrize(
    "more",
    [
        {"aud": ["another", AUDIENCE]},
        {"exp": int(time.time() + 10**9)},
        {"header": {"typ": "at+jwt"}},
        {"header": {"typ": None}},
        {"iat": None, "nbf": None},
    ],
)
def test_what_may_differ(api: Api, issuer: Issuer, more: dict[str, Any]) -> None:
    assert ask(api, issuer.token(VIEWER, **more))[0] == 200


def test_clocks_may_differ_a_little(api: Api, issuer: Issuer) -> None:
    now = int(time.time())
    assert ask(api, issuer.token(VIEWER, exp=now - LEEWAY_S // 2))[0] == 200
    assert ask(api, issuer.token(VIEWER, nbf=now + LEEWAY_S // 2, iat=now + LEEWAY_S // 2))[0] == 200
    assert refused(api, issuer.token(VIEWER, exp=now - LEEWAY_S - 1)) == "the token has expired"
    assert refused(api, issuer.token(VIEWER, nbf=now + LEEWAY_S + 20)) == "the token is not valid yet"
    assert refused(api, issuer.token(VIEWER, iat=now + LEEWAY_S + 20)) == "the token is not valid yet"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "https://elsewhere.example"}, "the token is from another issuer"),
        ({"iss": None}, "the token is from another issuer"),
        ({"aud": "another"}, "the token is for another audience"),
        ({"aud": ["another", AUDIENCE + "2"]}, "the token is for another audience"),
        ({"aud": {AUDIENCE: 1}}, "the token is for another audience"),
        ({"aud": None}, "the token lacks"),
        ({"exp": None}, "the token lacks"),
        ({"sub": None}, "the token lacks"),
        ({"exp": "soon"}, "the token is malformed"),
        ({"exp": float("inf")}, "the token is malformed"),
        ({"sub": ""}, "the token's subject"),
        ({"sub": "a\nb"}, "the token's subject"),
        ({"sub": "x" * 256}, "the token's subject"),
    ],
)
def test_claims_that_are_not_right(api: Api, issuer: Issuer, claims: dict[str, Any], message: str) -> None:
    assert refused(api, issuer.token(VIEWER, **claims)).startswith(message)


def test_the_issuer_is_meant_to_the_letter(api: Api, issuer: Issuer) -> None:
    for other in (issuer.url + "/", issuer.url.upper(), issuer.url[:-1]):
        assert refused(api, issuer.token(VIEWER, iss=other)) == "the token is from another issuer"


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hmac(issuer: Issuer, secret: bytes, key_id: str) -> str:
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': key_id})}.{segment(issuer.claims('vlmkg-admin'))}"
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{segment(claims | {'roles': ['vlmkg-admin']})}.{signature}"


FORGED: dict[str, Callable[[Issuer], str]] = {
    "unsigned": lambda issuer: jwt.encode(issuer.claims(VIEWER), None, algorithm="none", headers={"kid": "rsa"}),
    "NONE": lambda issuer: f"{segment({'alg': 'NONE', 'kid': 'rsa'})}.{segment(issuer.claims(VIEWER))}.",
    "no algorithm": lambda issuer: f"{segment({'kid': 'rsa'})}.{segment(issuer.claims(VIEWER))}.AAAA",
    "the public key as a secret": lambda issuer: by_hmac(issuer, pem(RSA_KEY), "rsa"),
    "a published secret": lambda issuer: by_hmac(issuer, b"secret", "shared"),
    "another key": lambda issuer: issuer.token(VIEWER, key=OTHER_RSA_KEY),
    "a key for encryption": lambda issuer: issuer.token(VIEWER, key=OTHER_RSA_KEY, header={"kid": "for-encryption"}),
    "a key nobody knows": lambda issuer: issuer.token(VIEWER, key=OTHER_RSA_KEY, header={"kid": "new"}),
    "a key of its own": lambda issuer: issuer.token(
        VIEWER, key=OTHER_RSA_KEY, header={"jwk": published(OTHER_RSA_KEY, "rsa", "RS256")}
    ),
    "an algorithm that the key is not for": lambda issuer: issuer.token(VIEWER, algorithm="RS512"),
    "padding that the key is not for": lambda issuer: issuer.token(VIEWER, algorithm="PS256"),
    "the name of another key": lambda issuer: issuer.token(VIEWER, key=EC_KEY, algorithm="ES256"),
    "other claims": lambda issuer: tampered(issuer.token(VIEWER)),
    "no signature": lambda issuer: issuer.token(VIEWER).rpartition(".")[0] + ".",
    "a logout token": lambda issuer: issuer.token(VIEWER, header={"typ": "logout+jwt"}),
    "a type that is none": lambda issuer: issuer.token(VIEWER, header={"typ": 1}),
    "something critical": lambda issuer: issuer.token(VIEWER, header={"crit": ["x"], "x": 1}),
    "a name that is none": lambda issuer: f"{segment({'alg': 'RS256', 'kid': {}})}.{segment({})}.AAAA",
    "claims that are none": lambda _: f"{segment({'alg': 'RS256', 'kid': 'rsa'})}.{segment([])}.AAAA",
    "deep claims": lambda _: f"{segment({'alg': 'RS256', 'kid': 'rsa'})}.{segment(b'[' * 9_000)}.AAAA",
    "no base64": lambda _: "!.!.!",
    "nothing": lambda _: "..",
    "encrypted": lambda issuer: issuer.token(VIEWER) + ".a.b",
}


@pytest.mark.parametrize("fault", FORGED)
def test_forged_tokens(api: Api, issuer: Issuer, fault: str) -> None:
    refused(api, FORGED[fault](issuer))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_that_is_too_short(api: Api, issuer: Issuer) -> None:
    refused(api, issuer.token(VIEWER, key=WEAK_RSA_KEY, header={"kid": "weak"}))


def test_a_token_at_the_limit_and_one_past_it(api: Api, issuer: Issuer) -> None:
    size = len(issuer.token(VIEWER, x=""))
    filled = issuer.token(VIEWER, x="x" * ((TOKEN_LIMIT - size) * 3 // 4))
    assert TOKEN_LIMIT - 3 <= len(filled) <= TOKEN_LIMIT
    assert ask(api, filled)[0] == 200
    assert "characters" in refused(api, issuer.token(VIEWER, x="x" * ((TOKEN_LIMIT - size) * 3 // 4 + 4)))


def test_a_token_of_a_size_that_no_issuer_makes(api: Api, issuer: Issuer) -> None:
    token = issuer.token(VIEWER, x="x" * 100_000)
    assert ask(api, token)[0] in {401, 431}
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {token}"})
        assert closed_with(socket) == 4403
    assert ask(api, issuer.token(VIEWER))[0] == 200


def test_no_signs_but_those_of_a_token(api: Api) -> None:
    for bearer in ("é.b.c", "\ud800.b.c", "\ud800"):
        with opened(api) as socket:
            send(socket, "connection_init", payload={"Authorization": f"Bearer {bearer}"})
            assert closed_with(socket) == 4403


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": ["vlmkg-researcher"]}, Role.RESEARCHER),
        ({"roles": ["vlmkg-viewer"]}, Role.VIEWER),
        ({"roles": ["vlmkg-operator"]}, Role.OPERATOR),
        ({"roles": ["vlmkg-admin"]}, Role.ADMIN),
        ({"roles": "vlmkg-viewer"}, Role.VIEWER),
        ({"roles": None, "realm_access": {"roles": ["offline_access", "vlmkg-viewer"]}}, Role.VIEWER),
        ({"roles": ["vlmkg-researcher"], "realm_access": {"roles": ["vlmkg-operator"]}}, Role.OPERATOR),
        ({"roles": ["vlmkg-viewer", "vlmkg-researcher"]}, Role.VIEWER),
        ({"roles": ["vlmkg-operator", 7, None, "vlmkg-admin", "x"]}, Role.ADMIN),
    ],
)
def test_the_strongest_role_that_is_granted(api: Api, issuer: Issuer, claims: dict[str, Any], role: Role) -> None:
    token = issuer.token(**claims)
    identifying, operating = (
        "errors" not in ask(api, token, query)[1]
        for query in ("{ studies { edges { node { studyUid } } } }", "{ events { totalCount } }")
    )
    assert ask(api, token)[0] == 200
    assert identifying == (role is not Role.RESEARCHER)
    assert operating == (role in {Role.OPERATOR, Role.ADMIN})


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"roles": None},
        {"roles": ["admin", "viewer", "VLMKG-ADMIN"]},
        {"roles": "vlmkg-viewer vlmkg-admin"},
        {"roles": {"vlmkg-admin": True}},
        {"roles": None, "realm_access": ["vlmkg-admin"]},
        {"roles": None, "realm_access": {"roles": {"roles": ["vlmkg-admin"]}}},
        {"groups": ["vlmkg-admin"]},
    ],
)
def test_who_has_no_role_is_known_and_not_let_in(api: Api, issuer: Issuer, claims: dict[str, Any]) -> None:
    status, answer = ask(api, issuer.token(sub="norole", **claims))
    assert (status, answer["errors"][0]["extensions"]) == (403, {"code": "FORBIDDEN"})
    assert "data" not in answer
    entry = audited(api)[0]
    assert (entry.actor, entry.action) == ("anna@hospital.example (oidc:norole)", "enter")
    assert (entry.patients, entry.outcome) == ((), "FORBIDDEN")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "(oidc:5f1c)"),
        ("admin (oidc:0000)", "admin oidc:0000 (oidc:5f1c)"),
        ("cli:root\n\u202e", "cli:root (oidc:5f1c)"),
        (["x"], "x (oidc:5f1c)"),
        (7, "(oidc:5f1c)"),
        ("n" * 500, "n" * 128 + " (oidc:5f1c)"),
    ],
)
def test_a_name_can_not_pass_for_another_subject(api: Api, issuer: Issuer, name: Any, shown: str) -> None:
    assert ask(api, issuer.token(VIEWER, preferred_username=name))[0] == 200
    assert audited(api)[0].actor == shown


def test_keys_work_beside_tokens(api: Api) -> None:
    assert api.data(QUERY, Role.VIEWER) == {"findings": {"totalCount": 0}}
    assert (
        refused(api, "vlmkg_unknown") == "the API key is unknown, revoked or expired: ask an administrator for another"
    )


def test_nothing_of_a_token_is_logged(api: Api, issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    token = issuer.token(VIEWER, sub="SUBJECT-MARK", preferred_username="NAME-MARK")
    ask(api, token)
    ask(api, tampered(token))
    shown = capsys.readouterr()
    assert "MARK" not in shown.out + shown.err
    assert token[:20] not in shown.out + shown.err


def test_a_token_opens_a_subscription(api: Api, issuer: Issuer) -> None:
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {issuer.token(VIEWER)}"})
        assert receive(socket) == {"type": "connection_ack"}
        follow(socket, "99")
        assert receive(socket) == {"type": "complete", "id": "1"}


def test_a_subscription_ends_with_its_token(api: Api, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    event = api.submit("r1", "FINDINGS: Clear lungs.")["event"]
    token = issuer.token(VIEWER, exp=int(time.time()) + 1_000, iat=None, nbf=None)
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {token}"})
        assert receive(socket) == {"type": "connection_ack"}
        follow(socket, event["id"])
        assert receive(socket)["type"] == "next"
        monkeypatch.setattr("api.oidc.tokens.LEEWAY_S", -2_000.0)  # as if so many seconds had passed
        assert closed_with(socket) == 4403


def test_who_has_no_role_follows_nothing(api: Api, issuer: Issuer) -> None:
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {issuer.token(sub='follower')}"})
        assert closed_with(socket) == 4403
    assert (audited(api)[0].actor, audited(api)[0].outcome) == ("anna@hospital.example (oidc:follower)", "FORBIDDEN")
