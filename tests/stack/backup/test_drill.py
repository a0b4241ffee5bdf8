"""The whole drill: workers at work, messages coming in, a backup, the loss of everything, and the same graph again."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from neo4j import Driver

from graph.digest import graph_digest
from graph.study_keys import study_keys
from graph.verify import violations
from graph.writes import Projection, merge_studies
from ingest.cli.rebuild import rebuild
from ingest.ledger import study_facts
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.reports import texts
from ingest.receiving.submit import ReceivedMessage, Receiver, receive, receive_many
from ingest.settings import receiver_of
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from tests.ingest.workers.running import Worker, states, wait_for, wait_until_settled
from tests.stack.backup.installation import Installation, all_events

pytestmark = pytest.mark.long

TEXTS = (EFFUSION, NODULE, CLEAR)
FIRST = 60
LIMIT_S = 200
PADDING = " " * 70_000
"""Makes a message one that is kept as a file."""


class Sender:
    """Sends the first reports at once, and later more from a thread of its own; `acknowledged` are all of these."""

    def __init__(self, receiver: Receiver) -> None:
        self.acknowledged = [report(number) for number in range(FIRST)]
        receive_many(receiver, self.acknowledged)
        self._receiver = receiver
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.03):
            message = report(len(self.acknowledged))
            receive(self._receiver, message)
            self.acknowledged.append(message)


def report(number: int) -> ReceivedMessage:
    text = TEXTS[number % 3] + (PADDING if number % 10 == 0 else "")
    return hl7(f"r{number}", text, patient=f"p{number % 17}")


@pytest.fixture
def sender(installation: Installation) -> Iterator[Sender]:
    sender = Sender(installation.receiver)
    yield sender
    sender.stop()


@pytest.fixture
def start(
    installation: Installation, broker: RedisServer, neo4j_server: Neo4jServer, tmp_path: Path
) -> Iterator[Callable[[], list[Worker]]]:
    """Start a worker of each queue on the data folder, to be ended with the test."""
    known = {"CELERY_BROKER_URL": broker.url, "VLMKG_DATA": str(installation.data.root), "VLMKG_WORKER_LEASE": "2"}
    started: list[Worker] = []

    def start() -> list[Worker]:
        both = [
            Worker(tmp_path, known | neo4j_server.environment, "--queue", queue, "--concurrency", "1")
            for queue in ("extract", "merge")
        ]
        started.extend(both)
        return both

    yield start
    for worker in started:
        worker.end()


def look(driver: Driver, server: Neo4jServer, ledger: Ledger) -> str:
    """The graph's digest, once it is seen to be sound."""

    def of_reports(keys: Sequence[str]) -> dict[str, str]:
        with ledger.read() as connection:
            return texts(connection, keys)

    assert set(violations(driver, server.settings.database, of_reports).values()) == {0}
    return graph_digest(driver, server.settings.database)


def remove_strangers(driver: Driver, server: Neo4jServer, ledger: Ledger) -> int:
    """Take the studies out of the graph that the ledger does not know; how many."""
    with ledger.read() as connection:
        known = study_facts.all_study_keys(connection)
    strangers = sorted(study_keys(driver, server.settings.database).difference(known))
    merge_studies(driver, lambda: Projection([], strangers), server.settings.database)
    return len(strangers)


@pytest.mark.timeout(600)
def test_everything_is_lost_and_comes_back(
    installation: Installation,
    sender: Sender,
    start: Callable[[], list[Worker]],
    empty_graph: Driver,
    neo4j_server: Neo4jServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger = installation.receiver.ledger
    workers = start()
    wait_for(lambda: State.MERGED in states(ledger), LIMIT_S)
    sender.start()
    wait_for(lambda: len(sender.acknowledged) > FIRST, LIMIT_S)
    before = len(sender.acknowledged)
    running = installation.start_backup()
    said = json.loads(running.communicate()[0])
    assert running.returncode == 0
    wait_for(lambda: len(sender.acknowledged) > said["events"] + 20, LIMIT_S)
    sender.stop()
    assert wait_until_settled(ledger, LIMIT_S).keys() == {State.MERGED}
    whole = look(empty_graph, neo4j_server, ledger)

    for worker in workers:
        worker.end()
    ledger.close()
    shutil.rmtree(installation.data.root)
    assert installation.verify().exit_code == 0
    assert installation.restore(installation.data.root).exit_code == 0
    kept = all_events(installation.data)
    assert before <= len(kept) < len(sender.acknowledged)
    assert [message.raw for message in sender.acknowledged[: len(kept)]] == [kept[f"r{n}"] for n in range(len(kept))]

    installation.receiver = receiver_of(installation.data)
    ledger = installation.receiver.ledger
    assert states(ledger).keys() - {State.MERGED}, "nothing was in flight"
    assert remove_strangers(empty_graph, neo4j_server, ledger) >= 20
    held = look(empty_graph, neo4j_server, ledger)
    assert held != whole
    empty(neo4j_server, empty_graph)

    start()
    assert wait_until_settled(ledger, LIMIT_S).keys() == {State.MERGED}
    for name, value in neo4j_server.environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(rebuild, ["--data", str(installation.data.root)])
    assert result.exit_code == 0, result.output
    assert look(empty_graph, neo4j_server, ledger) == held, "what the snapshot held"

    receive_many(installation.receiver, sender.acknowledged)
    assert wait_until_settled(ledger, LIMIT_S).keys() == {State.MERGED}
    assert look(empty_graph, neo4j_server, ledger) == whole, "and what was sent again"
