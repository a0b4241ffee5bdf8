"""Sign-in with an identity provider: a real issuer on loopback, a real Chromium."""

import time
from collections.abc import Iterator

import pytest
from neo4j import Driver

from api.oidc.settings import OidcSettings
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import EFFUSION, Api, Workshop
from tests.api.issuer import AUDIENCE, Issuer
from tests.fixtures.browser import CHROMIUM, opened_tab
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.page.driving import Person
from tests.page.provider import CLIENT, Provider

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
def provider(issuer: Issuer) -> Provider:
    return Provider(issuer, "vlmkg-viewer")


@pytest.fixture(scope="module")
def api(
    issuer: Issuer, tmp_path_factory: pytest.TempPathFactory, neo4j_driver: Driver, neo4j_server: Neo4jServer
) -> Iterator[Api]:
    empty(neo4j_server, neo4j_driver)
    workshop = Workshop(tmp_path_factory.mktemp("sign-in"), neo4j_server, neo4j_driver)
    names = {"ISSUER": issuer.url, "AUDIENCE": AUDIENCE, "CLIENT_ID": CLIENT}
    oidc = OidcSettings(**{f"VLMKG_OIDC_{name}": value for name, value in names.items()})
    api = workshop.serve(oidc=oidc, VLMKG_API_TIMEOUT=120)
    api.submit("a1", EFFUSION, "anna", studyUid="1.2.3")
    api.work()
    yield api
    workshop.close()


@pytest.fixture
def person(api: Api, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH: make test-page")
    with opened_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield Person(tab, str(api.client.base_url).rstrip("/"))


def enter(person: Person, path: str = "/studies?sort=oldest") -> None:
    person.visit(path)
    person.click("button", "Sign in with your organisation")
    person.tab.wait("document.querySelector('#enter') !== null")
    person.tab.value("document.querySelector('#enter').click()")
    person.sees("1 study", "[role=status]")


def test_a_person_signs_in_and_comes_back_to_where_they_were(person: Person, provider: Provider) -> None:
    before = provider.granted["authorization_code"]
    enter(person)
    assert person.tab.value("location.pathname + location.search") == "/studies?sort=oldest"
    assert person.tab.value("localStorage.length + sessionStorage.length") == 0
    assert person.tab.value("document.cookie") == ""
    assert "anna@hospital.example" in person.text("header")
    assert provider.granted["authorization_code"] == before + 1
    assert [one for one in person.tab.complaints if "401" not in one] == []
    person.visit("/studies")
    person.sees("Sign in", ".sign-in")


def test_a_token_is_renewed_before_it_ends(person: Person, provider: Provider) -> None:
    provider.lives_s = 31
    enter(person)
    before = provider.granted["refresh_token"]
    deadline = time.monotonic() + 60
    while provider.granted["refresh_token"] == before:
        assert time.monotonic() < deadline, "the token was not renewed"
        time.sleep(0.1)
    provider.lives_s = 300
    person.go("/cohort")
    person.sees("suppressed", ".totals")


def test_who_signs_out_is_signed_out_at_the_provider_too(person: Person, provider: Provider) -> None:
    provider.returns = {f"{person.address}/"}
    provider.ended.clear()
    enter(person)
    person.click("button", "Sign out")
    person.sees("Sign in", ".sign-in")
    assert provider.ended == ["5f1c"]
    assert person.tab.value("location.href") == f"{person.address}/"
    assert person.tab.value("localStorage.length + sessionStorage.length") == 0


def test_a_key_signs_out_here_alone(person: Person, api: Api, provider: Provider) -> None:
    provider.ended.clear()
    person.visit("/studies")
    person.sign_in(api.keys[Role.VIEWER])
    person.sees("1 study", "[role=status]")
    person.click("button", "Sign out")
    person.sees("Sign in", ".sign-in")
    assert provider.ended == []


@pytest.mark.parametrize("search", ["?code=stolen&state=unknown", "?error=access_denied&state=x", ""])
def test_an_answer_that_nobody_asked_for_lets_nobody_in(person: Person, provider: Provider, search: str) -> None:
    before = dict(provider.granted)
    person.visit(f"/signed-in{search}")
    person.sees("The sign-in did not succeed", ".failure")
    assert person.tab.value("location.search") == ""
    assert dict(provider.granted) == before


def test_a_key_works_beside_it(person: Person, api: Api) -> None:
    person.visit("/studies")
    person.sign_in(api.keys[Role.VIEWER])
    person.sees("1 study", "[role=status]")


def test_the_policy_names_the_issuer_alone(api: Api, issuer: Issuer) -> None:
    origin = issuer.url.rsplit("/realms", 1)[0]
    policy = api.client.get("/studies").headers["content-security-policy"]
    assert f"connect-src 'self' {origin};" in policy
    assert policy.count("http") == 1
    told = api.client.get("/sign-in").json()
    assert told == {"oidc": {"issuer": issuer.url, "clientId": CLIENT, "scope": "openid profile"}}
