"""The issuer's keys: rotated, taken back, out of reach; and which addresses and settings are safe."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.oidc.issuer_keys import open_issuer_keys
from api.oidc.settings import OidcSettings, is_safe, oidc_settings
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api, Serve
from tests.api.issuer import AUDIENCE, DISCOVERY, KEYS, OTHER_RSA_KEY, RSA_KEY, Issuer, published
from tests.api.test_oidc import ask
from tests.api.test_subscriptions import closed_with, opened, receive, send
from vlmkg.errors import UsageError

VIEWER = "vlmkg-viewer"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes minutes takes moments here; tests that are about the real times set them themselves."""
    monkeypatch.setattr("api.oidc.issuer_keys.ASK_AGAIN_S", 0.1)
    monkeypatch.setattr("api.callers.REMEMBERED_S", 0.0)


def settings(issuer: Issuer, **more: str) -> OidcSettings:
    return OidcSettings(VLMKG_OIDC_ISSUER=issuer.url, VLMKG_OIDC_AUDIENCE=AUDIENCE, **more)


def outcome(api: Api, token: str) -> int:
    return ask(api, token)[0]


def becomes(api: Api, token: str, status: int) -> None:
    deadline = time.monotonic() + 20
    while (found := outcome(api, token)) != status:
        assert time.monotonic() < deadline, f"it stays {found}"
        time.sleep(0.05)


def rotated(issuer: Issuer, **header: Any) -> str:
    return issuer.token(VIEWER, key=OTHER_RSA_KEY, header={"kid": "next", **header})


def test_a_new_key_is_asked_for_when_a_token_names_it(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    time.sleep(0.2)
    issuer.publish(published(RSA_KEY, "rsa", "RS256"), published(OTHER_RSA_KEY, "next", "RS256"))
    assert outcome(api, rotated(issuer)) == 200
    assert outcome(api, issuer.token(VIEWER)) == 200


def test_a_key_that_was_taken_back_lets_nobody_in(
    serve: Serve, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oidc.issuer_keys.FRESH_FOR_S", 0.2)
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    issuer.publish(published(OTHER_RSA_KEY, "next", "RS256"))
    becomes(api, issuer.token(VIEWER), 401)
    assert outcome(api, rotated(issuer)) == 200


def test_keys_that_nobody_knows_cost_the_issuer_one_question(
    serve: Serve, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oidc.issuer_keys.ASK_AGAIN_S", 600.0)
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    asked = issuer.asked[KEYS]
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda n: outcome(api, rotated(issuer, kid=f"k{n}")), range(40)))
    assert found == {401}
    assert issuer.asked[KEYS] == asked
    assert outcome(api, issuer.token(VIEWER)) == 200


def test_tokens_of_others_are_no_question_to_the_issuer(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    time.sleep(0.2)
    asked = issuer.asked[KEYS]
    token = issuer.token(VIEWER, key=OTHER_RSA_KEY, header={"kid": "next"}, iss="https://elsewhere.example")
    assert outcome(api, token) == 401
    assert issuer.asked[KEYS] == asked


def test_many_who_need_a_new_key_ask_together(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    time.sleep(0.2)
    issuer.publish(published(OTHER_RSA_KEY, "next", "RS256"))
    asked = issuer.asked[KEYS]
    issuer.held.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(outcome, api, rotated(issuer)) for _ in range(8)]
        time.sleep(1)
        issuer.held.set()
        assert {one.result(20) for one in waiting} == {200}
    assert issuer.asked[KEYS] == asked + 1


def test_while_the_issuer_is_away_known_keys_are_good(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    issuer.status = 500
    time.sleep(0.2)
    status, answer = ask(api, rotated(issuer))
    assert (status, answer["errors"][0]["extensions"]) == (503, {"code": "SERVICE_UNAVAILABLE"})
    assert outcome(api, issuer.token(VIEWER)) == 200
    assert outcome(api, issuer.token(VIEWER, key=OTHER_RSA_KEY)) == 401
    assert outcome(api, issuer.token(VIEWER, exp=1)) == 401
    issuer.publish(published(OTHER_RSA_KEY, "next", "RS256"))
    issuer.status = 200
    becomes(api, rotated(issuer), 200)


def test_an_issuer_that_is_away_at_the_start(serve: Serve, issuer: Issuer) -> None:
    issuer.status = 503
    api = serve(oidc=settings(issuer))
    assert outcome(api, issuer.token(VIEWER)) == 503
    assert outcome(api, issuer.token(VIEWER, iss="https://elsewhere.example")) == 401
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {issuer.token(VIEWER)}"})
        assert closed_with(socket) == 1013
    assert "errors" not in api.ask("{ __typename }", Role.VIEWER)
    issuer.status = 200
    becomes(api, issuer.token(VIEWER), 200)


def test_an_issuer_that_hangs_holds_up_nobody_else(
    serve: Serve, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oidc.issuer_keys.PATIENCE_S", 120.0)
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    time.sleep(0.2)
    asked = issuer.asked[DISCOVERY]
    issuer.held.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(outcome, api, rotated(issuer))
        while issuer.asked[DISCOVERY] == asked:
            time.sleep(0.01)
        for _ in range(5):
            assert api.client.get("/healthz").status_code == 200
            assert outcome(api, issuer.token(VIEWER)) == 200
            assert "errors" not in api.ask("{ __typename }", Role.VIEWER)
        assert not waiting.done()
        issuer.held.set()
        assert waiting.result(60) == 401


def test_an_issuer_that_hangs_is_not_waited_for(serve: Serve, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    monkeypatch.setattr("api.oidc.issuer_keys.PATIENCE_S", 0.5)
    time.sleep(0.2)
    issuer.held.clear()
    assert outcome(api, rotated(issuer)) == 503
    assert outcome(api, issuer.token(VIEWER)) == 200


def test_open_connections_stay_while_the_issuer_is_away(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer))
    becomes(api, issuer.token(VIEWER), 200)
    with opened(api) as socket:
        send(socket, "connection_init", payload={"Authorization": f"Bearer {issuer.token(VIEWER)}"})
        assert receive(socket) == {"type": "connection_ack"}
        issuer.status = 500
        time.sleep(2.5)
        send(socket, "ping")
        assert receive(socket) == {"type": "pong"}


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://elsewhere.example", "jwks_uri": "KEYS"},
        {"issuer": "ISSUER/", "jwks_uri": "KEYS"},
        {"issuer": "ISSUER", "jwks_uri": "http://192.0.2.1/keys"},
        {"issuer": "ISSUER", "jwks_uri": "file:///etc/passwd"},
        {"issuer": "ISSUER", "jwks_uri": 7},
        {"issuer": "ISSUER"},
        [],
        b"<html>",
        b"[" * 100_000,
        b" " * 600_000,
    ],
)
async def test_discovery_documents_that_are_not_followed(issuer: Issuer, document: Any) -> None:
    if isinstance(document, dict):
        issuer.documents[DISCOVERY] = {
            name: value.replace("ISSUER", issuer.url).replace("KEYS", f"{issuer.url}/keys") if value != 7 else value
            for name, value in document.items()
        }
    else:
        issuer.documents[DISCOVERY] = document
    async with open_issuer_keys(settings(issuer)) as keys:
        assert await keys.find("rsa", "RS256") is None
        assert not keys.answers
    assert issuer.asked[KEYS] == 0


@pytest.mark.parametrize("document", [{"keys": []}, {"keys": "rsa"}, {"keys": [7, {}, {"kty": "RSA"}]}, {}, []])
async def test_key_sets_without_a_key_replace_none(issuer: Issuer, document: Any) -> None:
    async with open_issuer_keys(settings(issuer)) as keys:
        assert await keys.find("rsa", "RS256") is not None
        issuer.documents[KEYS] = document
        await keys.fetch()
        assert not keys.answers
        assert await keys.find("rsa", "RS256") is not None


ODD = [7, {}, {"kty": ["RSA"]}, {"kty": "EC", "alg": "none"}, {"kty": "RSA", "alg": "none", "n": "AQ", "e": "AQ"}]


async def test_a_key_set_may_hold_what_is_no_key_for_signatures(issuer: Issuer) -> None:
    """One that the library does not know ended the fetching of keys for good, and nobody with a new key was let in."""
    async with open_issuer_keys(settings(issuer)) as keys:
        issuer.publish(*ODD, published(OTHER_RSA_KEY, "next", "RS256"))
        await keys.fetch()
        assert keys.answers
        assert await keys.find("next", "RS256") is not None


def test_an_address_of_keys_that_is_given_needs_no_discovery(serve: Serve, issuer: Issuer) -> None:
    api = serve(oidc=settings(issuer, VLMKG_OIDC_JWKS_URL=f"{issuer.url}/keys"))
    becomes(api, issuer.token(VIEWER), 200)
    assert set(issuer.asked) == {KEYS}


def test_names_of_roles_and_claims_are_the_hospitals(serve: Serve, issuer: Issuer) -> None:
    api = serve(
        oidc=settings(
            issuer,
            VLMKG_OIDC_ROLE_CLAIM="https://hospital.example/roles, resource_access.vlmkg.api.roles, scp",
            VLMKG_OIDC_ROLES="/radiology/read = viewer, cn=research=researcher, kg.operate=operator",
            VLMKG_OIDC_NAME_CLAIM="upn",
        )
    )
    becomes(api, issuer.token(**{"https://hospital.example/roles": ["/radiology/read"]}), 200)
    assert outcome(api, issuer.token(resource_access={"vlmkg.api": {"roles": ["cn=research"]}}, upn="bert")) == 200
    assert outcome(api, issuer.token(scp="openid kg.operate")) == 200
    assert outcome(api, issuer.token("vlmkg-admin")) == 403


def test_without_an_issuer_a_token_is_an_unknown_key(serve: Serve, issuer: Issuer) -> None:
    assert outcome(serve(), issuer.token(VIEWER)) == 401
    assert not issuer.asked


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://login.example/t/v2.0", True),
        ("http://127.0.0.1:8080/realms/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/x", True),
        ("http://login.example/x", False),
        ("http://127.0.0.1.example/x", False),
        ("http://localhost@login.example/x", False),
        ("ftp://127.0.0.1/x", False),
        ("https://", False),
        ("https://[", False),
        ("login.example", False),
    ],
)
def test_addresses(url: str, safe: bool) -> None:
    assert is_safe(url) == safe


GOOD = {"VLMKG_OIDC_ISSUER": "https://login.example", "VLMKG_OIDC_AUDIENCE": "x"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"VLMKG_OIDC_ISSUER": "https://login.example"}, "VLMKG_OIDC_AUDIENCE"),
        ({"VLMKG_OIDC_AUDIENCE": "x"}, "VLMKG_OIDC_ISSUER"),
        (GOOD | {"VLMKG_OIDC_ISSUER": "http://login.example"}, "VLMKG_OIDC_ISSUER"),
        (GOOD | {"VLMKG_OIDC_JWKS_URL": "http://login.example/keys"}, "VLMKG_OIDC_JWKS_URL"),
        (GOOD | {"VLMKG_OIDC_ROLES": "x=king"}, "VLMKG_OIDC_ROLES"),
        (GOOD | {"VLMKG_OIDC_ROLES": "viewer"}, "VLMKG_OIDC_ROLES"),
        (GOOD | {"VLMKG_OIDC_ROLES": "x=viewer,x=admin"}, "VLMKG_OIDC_ROLES"),
    ],
)
def test_settings_that_can_not_be_meant(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=named):
        oidc_settings()


def test_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert oidc_settings() is None
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    found = oidc_settings()
    assert found is not None
    assert found.granted == {f"vlmkg-{role}": role for role in Role}
    assert found.role_claims == ("roles", "realm_access.roles")
