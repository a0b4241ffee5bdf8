"""The same reports give the same graph: once, twice, in any order, by many workers at once, from the ledger alone."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from neo4j import Driver

from graph.digest import graph_digest
from graph.verify import violations
from ingest.cli.rebuild import rebuild
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.reports import texts
from ingest.receiving.submit import ReceivedMessage, Receiver, receive_many
from ingest.settings import receiver_of
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from tests.ingest.workers.running import Worker, wait_until_settled
from vlmkg.data_dir import DataDir

pytestmark = pytest.mark.long

TEXTS = (EFFUSION, NODULE, CLEAR)


def hospital() -> list[ReceivedMessage]:
    """Versions, withdrawals, studies that get their UID late, and a UID that two patients claim."""
    messages = []
    for number in range(60):
        name, patient = f"r{number}", f"p{number % 11}"
        for minute, status in enumerate("PFC"[: 1 + number % 3]):
            uid = f"1.2.{number}" if number % 4 == 0 and minute else ""
            text = TEXTS[(number + minute) % 3]
            messages.append(hl7(name, text, patient=patient, status=status, minute=minute, study_uid=uid))
        if number % 10 == 9:
            messages.append(hl7(name, "", patient=patient, status="X", minute=30))
    messages.append(hl7("twice", EFFUSION, patient="p1", study_uid="1.9"))
    messages.append(hl7("claimed", NODULE, patient="p2", study_uid="1.9"))
    return messages


def look(driver: Driver, server: Neo4jServer, ledger: Ledger) -> str:
    """The graph's digest, once it is seen to be sound."""

    def of_reports(keys: Sequence[str]) -> dict[str, str]:
        with ledger.read() as connection:
            return texts(connection, keys)

    assert set(violations(driver, server.settings.database, of_reports).values()) == {0}
    return graph_digest(driver, server.settings.database)


def import_all(receiver: Receiver, messages: Sequence[ReceivedMessage], at_once: int = 1) -> None:
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda part: receive_many(receiver, part), [messages[n::at_once] for n in range(at_once)]))
    assert set(wait_until_settled(receiver.ledger)) == {State.MERGED}


@pytest.mark.timeout(300)
def test_once_twice_shuffled_by_many_workers_and_rebuilt(
    tmp_path: Path,
    start: Callable[..., Worker],
    empty_graph: Driver,
    neo4j_server: Neo4jServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VLMKG_PSEUDONYM_KEY", "the same key for both ledgers, so the same names")
    messages = hospital()
    one, other = DataDir(tmp_path / "one"), DataDir(tmp_path / "other")

    first = receiver_of(one)
    workers = [
        start("--queue", queue, "--concurrency", "1", VLMKG_DATA=str(one.root)) for queue in ("extract", "merge")
    ]
    import_all(first, messages)
    once = look(empty_graph, neo4j_server, first.ledger)
    import_all(first, messages)
    assert look(empty_graph, neo4j_server, first.ledger) == once, "imported twice"
    assert [worker.stop() for worker in workers] == [0, 0]

    empty(neo4j_server, empty_graph)
    assert look(empty_graph, neo4j_server, first.ledger) != once
    random.Random(7).shuffle(messages)
    second = receiver_of(other)
    queues = (("extract", "4"), ("merge", "1"), ("merge", "1"))
    workers = [start("--queue", queue, "--concurrency", n, VLMKG_DATA=str(other.root)) for queue, n in queues]
    import_all(second, messages, at_once=4)
    assert look(empty_graph, neo4j_server, second.ledger) == once, "shuffled, by many workers at once"
    assert [worker.stop() for worker in workers] == [0, 0, 0]
    assert not [worker.log.name for worker in workers if "will be retried" in worker.log.read_text()]

    for ledger_of in (one, other):
        empty(neo4j_server, empty_graph)
        for name, value in neo4j_server.environment.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(rebuild, ["--data", str(ledger_of.root)])
        assert result.exit_code == 0, result.output
        assert look(empty_graph, neo4j_server, first.ledger) == once, "rebuilt from the ledger"
