"""A hospital whose live graph was looked at, and a server for the copies."""

from collections.abc import Iterator

import pytest
from neo4j import Driver

from ingest.receiving.submit import receive_many
from ingest.settings import receiver_of
from ingest.workers.merge import Target
from ingest.workers.study_reader import reader_of
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.ingest.research.hospital import Misreading, messages
from tests.ingest.research.looking import Hospital, answers, call, clear, values
from tests.ingest.workers.test_merge import work
from vlmkg.data_dir import DataDir


@pytest.fixture(scope="module")
def hospital(
    tmp_path_factory: pytest.TempPathFactory, neo4j_server: Neo4jServer, neo4j_driver: Driver
) -> Iterator[Hospital]:
    """The hospital. The server is empty then, as one that was just installed, and at the end as other tests want it."""
    data = DataDir(tmp_path_factory.mktemp("hospital") / "var")
    receiver = receiver_of(data)
    receive_many(receiver, messages())
    empty(neo4j_server, neo4j_driver)
    target = Target(neo4j_driver, neo4j_server.settings.database, with_text=True)
    work(receiver.ledger, target, reader_of(Misreading()))
    said, before = answers(neo4j_driver), values(neo4j_driver)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLMKG_RESEARCH_NEO4J_PASSWORD", neo4j_server.password)
        refused = call(data, "--neo4j", neo4j_server.uri)
    found = Hospital(data, receiver.ledger, said, before, refused, values(neo4j_driver))
    clear(neo4j_driver)
    yield found
    receiver.ledger.close()
    clear(neo4j_driver)
    empty(neo4j_server, neo4j_driver)


@pytest.fixture
def data(hospital: Hospital) -> DataDir:
    return hospital.data


@pytest.fixture
def graph(hospital: Hospital, neo4j_driver: Driver) -> Driver:
    """The server of the copies; it has the copy that the test before has left."""
    del hospital
    return neo4j_driver


@pytest.fixture
def place(neo4j_server: Neo4jServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its address, to be named as a copy's place."""
    monkeypatch.setenv("VLMKG_RESEARCH_NEO4J_PASSWORD", neo4j_server.password)
    return neo4j_server.uri
