"""The service around the questions: is it well, does it show its page, does it start and end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from api.app import Parts, create_app
from api.graphiql import VENDOR
from api.schema import SDL, build_schema
from api.settings import GRAPHIQL, ApiSettings
from graph.browser.guide import PATH, guide_html
from ingest.ledger.access.api_keys import Role, ensure_admin_key
from ingest.settings import ledger_of
from tests.api.conftest import Api, Serve
from tests.fixtures.neo4j_server import Neo4jServer, Outage
from tests.fixtures.ports import free_port
from tests.fixtures.redis_server import RedisServer
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


def test_the_schema_is_the_committed_one() -> None:
    """`python -m api.schema` writes it anew."""
    assert build_schema(ApiSettings()).as_str() + "\n" == SDL.read_text()


def test_alive_and_ready(serve: Serve, redis_server: RedisServer) -> None:
    client = serve(broker_url=redis_server.url).client
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"graph": "ok", "ledger": "ok", "queue": "ok"})


def test_metrics_count_and_name_nobody(api: Api) -> None:
    api.submit("REPORT-MARK", "FINDINGS: Left pleural effusion MARK.", "PATIENT-MARK")
    api.ask("{ findings(first: -1) { totalCount } }")
    api.ask("{ findings { totalCount } }", role=None)
    before = api.client.get("/metrics").text
    assert 'vlmkg_events{state="received"} 1.0' in before
    assert 'vlmkg_api_operations_total{code="ok",kind="mutation"} 1.0' in before
    assert 'vlmkg_api_operations_total{code="BAD_USER_INPUT",kind="query"} 1.0' in before
    assert 'vlmkg_api_operations_total{code="UNAUTHENTICATED",kind="unread"} 1.0' in before
    assert 'vlmkg_api_operation_seconds_count{kind="mutation"} 1.0' in before
    assert "MARK" not in before
    age = re.search(r"^vlmkg_oldest_unsettled_event_seconds (\S+)$", before, re.MULTILINE)
    assert age is not None
    assert float(age[1]) > 0
    api.work()
    after = api.client.get("/metrics").text
    assert 'vlmkg_events{state="merged"} 1.0' in after
    assert 'vlmkg_reports{what="all"} 1.0' in after
    assert 'vlmkg_reports{what="nothing_read"} 0.0' in after
    assert 'vlmkg_set_aside_ratio{of="characters"} 0.0' in after
    assert "vlmkg_oldest_unsettled_event_seconds 0.0" in after


def test_readiness_names_the_part_that_does_not_answer(serve: Serve) -> None:
    client = serve(broker_url=f"redis://127.0.0.1:{free_port()}/0").client
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["queue"]) == (503, "does not answer")
    assert ready.json()["graph"] == "ok"


def test_without_neo4j_it_says_so_and_comes_back(serve: Serve, outage: Outage) -> None:
    api = serve(login=outage.settings)
    api.data("{ findings { totalCount } }")
    outage.road.break_off()
    answer = api.ask("{ findings { totalCount } }")
    assert answer["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
    assert api.client.get("/readyz").status_code == 503
    assert api.client.get("/readyz").json() == {"graph": "does not answer", "ledger": "ok"}
    assert api.client.get("/healthz").status_code == 200
    assert api.submit("r1", "FINDINGS: Clear lungs.")["event"]["state"] == "RECEIVED"
    outage.road.mend()
    assert api.data("{ findings { totalCount } }") == {"findings": {"totalCount": 0}}


def test_auth_off_is_refused_beyond_loopback(neo4j_server: Neo4jServer) -> None:
    parts = Parts(neo4j_server.settings, lambda: pytest.fail("nothing is opened"), None)
    for host in ("0.0.0.0", "::", "10.1.2.3", "example.org"):
        with pytest.raises(UsageError, match="loopback"):
            create_app(ApiSettings(VLMKG_AUTH="off", VLMKG_API_HOST=host), parts)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        create_app(ApiSettings(VLMKG_AUTH="off", VLMKG_API_HOST=host), parts)


def test_auth_off_answers_only_loopback_names(serve: Serve) -> None:
    api = serve(VLMKG_AUTH="off")
    assert api.ask("{ findings { totalCount } }", role=None) == {"data": {"findings": {"totalCount": 0}}}
    rebound = api.post({"query": "{ __typename }"}, role=None, Host="evil.example")
    assert rebound.status_code == 400


@pytest.mark.skipif(not GRAPHIQL.is_dir(), reason="the explorer's files are not set up")
def test_the_explorer_comes_from_this_machine_alone(hospital: Api) -> None:
    page = hospital.client.get("/graphql")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    for link in links:
        if not link.startswith("data:"):
            assert link.startswith("/graphql/files/")
            file = hospital.client.get(link)
            assert (file.status_code, file.headers["X-Content-Type-Options"]) == (200, "nosniff")
    for name in VENDOR:
        assert hospital.client.get(f"/graphql/files/{name}").status_code == 200


@pytest.mark.parametrize("name", ["..%2f..%2fsettings.py", "explorer.html%00", "%2e%2e", "x"])
def test_no_other_file_is_given_out(hospital: Api, name: str) -> None:
    assert hospital.client.get(f"/graphql/files/{name}").status_code == 404


def test_the_examples_of_the_explorer_are_answered(hospital: Api) -> None:
    script = (Path(__file__).parents[2] / "api/static/explorer.js").read_text()
    examples = re.findall(r"`(#.*?)`,", script, re.DOTALL)
    assert len(examples) == 5
    for example in examples:
        (answer,) = hospital.data(example, Role.RESEARCHER).values()
        assert answer if isinstance(answer, list) else answer["edges"], example


def test_the_explorer_says_how_to_get_its_files(serve: Serve, tmp_path: Path) -> None:
    api = serve(VLMKG_GRAPHIQL=tmp_path)
    assert "make setup" in api.client.get("/graphql").text
    assert api.client.get("/graphql/files/graphiql.js").status_code == 404


def test_the_guide_for_neo4j_browser_needs_no_key_and_answers_the_preflight(api: Api) -> None:
    guide, preflight = api.client.get(PATH), api.client.options(PATH)
    assert (guide.status_code, guide.text) == (200, guide_html())
    assert guide.headers["access-control-allow-origin"] == "*"
    assert (preflight.status_code, preflight.headers["access-control-allow-headers"]) == (204, "cache-control, pragma")
    assert api.client.post(PATH).status_code == 405


def test_graphiql_is_where_setup_puts_it() -> None:
    if not GRAPHIQL.is_dir():
        pytest.skip("the explorer's files are not set up")
    assert all((GRAPHIQL / name).is_file() for name in VENDOR)


def test_the_command_serves_and_ends_at_sigterm(tmp_path: Path, api: Api, neo4j_server: Neo4jServer) -> None:
    data = DataDir(tmp_path / "own")
    ledger = ledger_of(data)
    key = ensure_admin_key(ledger, data.secrets / "api.key")
    ledger.close()
    port = free_port()
    environment = {**os.environ, **neo4j_server.environment, "VLMKG_API_PORT": str(port), "VLMKG_DATA": str(data.root)}
    process = subprocess.Popen([sys.executable, "-P", "-m", "vlmkg", "api"], env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_alive(process, address)
        response = httpx2.post(
            f"{address}/graphql",
            json={"query": "{ findings { totalCount } }"},
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
        )
        assert response.json() == {"data": {"findings": {"totalCount": 0}}}
        assert "server" not in response.headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()


def _wait_until_alive(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx2.get(f"{address}/healthz", trust_env=False).status_code == 200
        except httpx2.TransportError:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.1)
        else:
            return
