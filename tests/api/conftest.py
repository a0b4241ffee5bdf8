"""The API over a real ledger and a real graph, filled by the worker's own functions."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from neo4j import Driver
from starlette.applications import Starlette

from api.app import Parts, create_app
from api.oidc.settings import OidcSettings
from api.settings import ApiSettings
from graph.settings import Neo4jSettings
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.storage.database import Ledger
from ingest.settings import ledger_of, receiver_of
from ingest.workers.extract import extract_some
from ingest.workers.merge import Target, follow_changes, merge_some
from ingest.workers.study_reader import Reader, reader_of
from tests.fixtures.neo4j_server import Neo4jServer, empty
from vlmkg.data_dir import DataDir
from vlmkg.pipeline import load_engine

Answer = dict[str, Any]
SUBMIT = "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { duplicate event { id state reason } } }"


@dataclass(frozen=True)
class Api:
    """The application as a client sees it, with a key for each role."""

    client: httpx2.Client
    keys: dict[Role, str]
    ledger: Ledger
    graph: Driver
    target: Target

    def post(self, body: Any, role: Role | None = Role.ADMIN, **headers: str) -> Any:
        authorization = {} if role is None else {"Authorization": f"Bearer {self.keys[role]}"}
        return self.client.post("/graphql", json=body, headers=authorization | headers)

    def ask(self, query: str, role: Role | None = Role.ADMIN, **variables: Any) -> Answer:
        """The whole answer to a query."""
        answer: Answer = self.post({"query": query, "variables": variables}, role).json()
        return answer

    def data(self, query: str, role: Role | None = Role.ADMIN, **variables: Any) -> Any:
        """The data of a query that succeeds."""
        answer = self.ask(query, role, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def code(self, query: str, role: Role | None = Role.ADMIN, **variables: Any) -> str:
        """The code of a query that is refused, without any data."""
        answer = self.ask(query, role, **variables)
        assert not any((answer.get("data") or {}).values()), answer
        code: str = answer["errors"][0]["extensions"]["code"]
        return code

    def submit(self, report_id: str, text: str, patient: str = "p1", **study: Any) -> Answer:
        """Send a report of its own study."""
        found: Answer = self.data(SUBMIT, input=submission(report_id, text, patient, **study))["submitReport"]
        return found

    def work(self) -> None:
        """Read and merge all that was sent, as workers do."""
        lease = timedelta(seconds=30)
        while extract_some(self.ledger, rules(), "tests", lease):
            pass
        while merge_some(self.ledger, self.target, "tests", lease):
            pass
        follow_changes(self.ledger, self.target)


@cache
def rules() -> Reader:
    return reader_of(load_engine("rules"))


def submission(report_id: str, text: str, patient: str = "p1", **study: Any) -> Answer:
    """The input of `submitReport`."""
    return {
        "reportId": report_id,
        "text": text,
        "patient": {"authority": "TESTS", "identifier": patient, "sex": "female", "birthDate": "1950-06-07"},
        "study": {"modality": "CR", **study},
    }


class Served:
    """An application on a free port of this machine, in a thread of its own."""

    def __init__(self, app: Starlette) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="websockets-sansio"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the application did not start"
            time.sleep(0.01)
        address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.client = httpx2.Client(base_url=address, timeout=30, trust_env=False)

    def stop(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


class Workshop:
    """Makes applications over one ledger and one graph, and ends them."""

    def __init__(self, folder: Path, server: Neo4jServer, graph: Driver) -> None:
        self.data = DataDir(folder / "var")
        self.ledger = ledger_of(self.data)
        self._server = server
        self._graph = graph
        self._opened: list[Served] = []
        self._keys: dict[Role, str] = {}

    def serve(
        self,
        broker_url: str | None = None,
        login: Neo4jSettings | None = None,
        oidc: OidcSettings | None = None,
        **settings: Any,
    ) -> Api:
        """An Api under settings, by their variables' names. `login`: its own way to the graph, where it has one."""
        parts = Parts(login or self._server.settings, lambda: receiver_of(self.data), broker_url)
        served = Served(create_app(ApiSettings(**settings), parts, oidc))
        self._opened.append(served)
        self._keys = self._keys or {role: api_keys.create(self.ledger, f"{role}-key", role) for role in Role}
        target = Target(self._graph, self._server.settings.database, with_text=False)
        return Api(served.client, self._keys, self.ledger, self._graph, target)

    def close(self) -> None:
        """End what was made."""
        for served in self._opened:
            served.stop()
        self.ledger.close()


Serve = Callable[..., Api]


@pytest.fixture
def serve(tmp_path: Path, empty_graph: Driver, neo4j_server: Neo4jServer) -> Iterator[Serve]:
    """Makes an Api under settings, over an empty graph."""
    workshop = Workshop(tmp_path, neo4j_server, empty_graph)
    yield workshop.serve
    workshop.close()


@pytest.fixture
def api(serve: Serve) -> Api:
    """An Api over an empty graph."""
    return serve()


EFFUSION = "FINDINGS: Small left pleural effusion. No pneumothorax."
CLEAR = "FINDINGS: The lungs are clear. No pleural effusion or pneumothorax."
PNEUMONIA = "FINDINGS: Opacity in the right lower lobe, suspicious for pneumonia."


@pytest.fixture(scope="module")
def hospital(
    tmp_path_factory: pytest.TempPathFactory, neo4j_driver: Driver, neo4j_server: Neo4jServer
) -> Iterator[Api]:
    """Three patients: one whose effusion went away, one whose effusion stayed, one with a suspected pneumonia.

    For tests that only read, in modules that use no other graph.
    """
    empty(neo4j_server, neo4j_driver)
    workshop = Workshop(tmp_path_factory.mktemp("hospital"), neo4j_server, neo4j_driver)
    api = workshop.serve()
    api.submit("a1", EFFUSION, "anna", startedAt="2024-01-01T08:00:00Z", studyUid="1.2.1", accession="A-1")
    api.submit("a2", CLEAR, "anna", startedAt="2024-02-01T08:00:00Z", studyUid="1.2.2")
    api.submit("b1", CLEAR, "bert", startedAt="2024-01-01T08:00:00Z", studyUid="1.2.3")
    api.submit("b2", EFFUSION, "bert", startedAt="2024-03-01T08:00:00Z", studyUid="1.2.4", modality="DX")
    api.submit("c1", PNEUMONIA, "carl", studyUid="1.2.5")
    api.work()
    yield api
    workshop.close()
