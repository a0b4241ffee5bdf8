"""Questions to an API that is slow or away: they are put again, and it is said; what is refused is not."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stack import graphql_client
from stack.graphql_client import NotNowError, Question, ask
from stack.simulate.addresses import endpoints_with
from tests.fixtures.ports import free_port
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import UsageError, VlmkgError

QUESTION = Question("Is it there?", "{ __typename }")
DATA = {"__typename": "Query"}
Answer = tuple[int, object]


def failed(code: str) -> Answer:
    return 200, {"errors": [{"message": "the answer took too long: ask for less", "extensions": {"code": code}}]}


@contextmanager
def api(*answers: Answer) -> Iterator[Endpoints]:
    """A server that gives these answers in turn, the last one for ever; status 0: none."""
    left = list(answers)

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            if status:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Endpoints(graphql=f"http://127.0.0.1:{server.server_address[1]}/graphql", api_key="key")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_client, "PAUSE_S", 0.01)


PASSING = [failed("TIMEOUT"), failed("SERVICE_UNAVAILABLE"), (502, ""), (503, ""), (0, "")]


@pytest.mark.parametrize("passing", PASSING)
def test_it_asks_again_and_says_so_once(passing: Answer) -> None:
    said: list[str] = []
    answer = (200, {"data": DATA})
    with api(passing, passing, passing, answer) as endpoints:
        assert ask(endpoints, QUESTION, say=said.append) == DATA
    assert len(said) == 1
    assert "sent again" in said[0]


def test_its_patience_ends() -> None:
    said: list[str] = []
    with api(failed("TIMEOUT")) as endpoints, pytest.raises(NotNowError, match="too long"):
        ask(endpoints, QUESTION, patience_s=0.2, say=said.append)
    with pytest.raises(NotNowError, match="did not answer"):
        ask(Endpoints(graphql=f"http://127.0.0.1:{free_port()}/graphql"), QUESTION, patience_s=0, say=said.append)


@pytest.mark.parametrize("refusal", [failed("FORBIDDEN"), failed("COST_LIMIT"), failed("INTERNAL_ERROR"), (401, "")])
def test_what_is_refused_is_not_asked_again(refusal: Answer) -> None:
    said: list[str] = []
    with api(refusal, (200, {"data": DATA})) as endpoints, pytest.raises(VlmkgError) as raised:
        ask(endpoints, QUESTION, say=said.append)
    assert not raised.value.retryable
    assert said == []


ADDRESSES = {
    "mllp": "gateway:2575",
    "dicom": "gateway:11112",
    "dicomweb": "http://gateway:8090/dicomweb",
    "fhir": "http://gateway:8090/fhir",
    "graphql": "https://api:8000/graphql",
    "api_key": "key",
}


def test_addresses_stand_for_a_running_stack(tmp_path) -> None:
    data = DataDir(tmp_path)
    assert endpoints_with(data, ADDRESSES) == Endpoints(**ADDRESSES)
    data.write_endpoints(Endpoints(**ADDRESSES))
    assert endpoints_with(data, dict.fromkeys(ADDRESSES)) == Endpoints(**ADDRESSES)
    assert endpoints_with(data, {"mllp": "other:1"}).mllp == "other:1"


@pytest.mark.parametrize("missing", sorted(ADDRESSES))
def test_a_missing_address_is_named(tmp_path, missing: str) -> None:
    with pytest.raises(UsageError) as raised:
        endpoints_with(DataDir(tmp_path), {**ADDRESSES, missing: None})
    assert f"--{missing.replace('_', '-')}" in raised.value.remedy


@pytest.mark.parametrize(("name", "value"), [("mllp", "gateway"), ("dicom", "x:port"), ("fhir", "gateway:8090/fhir")])
def test_an_address_of_another_form_is_refused(tmp_path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"--{name}"):
        endpoints_with(DataDir(tmp_path), {**ADDRESSES, name: value})
