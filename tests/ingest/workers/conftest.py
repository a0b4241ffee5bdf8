from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from neo4j import Driver

from ingest.ledger.storage.database import Ledger
from ingest.receiving.submit import Receiver
from ingest.settings import receiver_of
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.running import VLMKG, Worker
from vlmkg.data_dir import DataDir


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


@pytest.fixture
def receiver(data: DataDir) -> Iterator[Receiver]:
    receiver = receiver_of(data)
    yield receiver
    receiver.ledger.close()


@pytest.fixture
def ledger(receiver: Receiver) -> Ledger:
    return receiver.ledger


@pytest.fixture
def environment(data: DataDir, broker: RedisServer, neo4j_server: Neo4jServer, empty_graph: Driver) -> dict[str, str]:
    """What a worker must know to work on `data` and the empty graph; its leases are short, to see them end."""
    del empty_graph
    return {
        "CELERY_BROKER_URL": broker.url,
        "VLMKG_DATA": str(data.root),
        "VLMKG_WORKER_LEASE": "2",
        **neo4j_server.environment,
    }


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Worker]]:
    """Start workers, to be ended with the test."""
    started: list[Worker] = []

    def start(*arguments: str, program: tuple[str, ...] = VLMKG, **variables: str) -> Worker:
        started.append(Worker(tmp_path, environment | variables, *arguments, program=program))
        return started[-1]

    yield start
    for worker in started:
        worker.end()
