"""The same reports give the same graph: once, twice, in any order, by many workers at once, from the ledger alone."""

import random
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

import pytest
from click.testing import CliRunner
from neo4j import Driver
from neo4j.time import DateTime
from pydantic import SecretStr

from graph.connection import open_driver
from graph.digest import graph_digest
from graph.local_server import USERNAME, prepare, wait_until_ready
from graph.migrate import migrate
from graph.settings import Neo4jSettings
from graph.verify import violations
from ingest.cli.rebuild import rebuild
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.reports import texts
from ingest.receiving.submit import ReceivedMessage, Receiver, receive_many
from ingest.settings import receiver_of
from stack.bulk_load import bulk_load
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.fixtures.ports import free_port
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from tests.ingest.workers.running import Worker, wait_until_settled
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

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


@pytest.mark.timeout(600)
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

    for ledger_of in (other, one):
        empty(neo4j_server, empty_graph)
        for name, value in neo4j_server.environment.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(rebuild, ["--data", str(ledger_of.root)])
        assert result.exit_code == 0, result.output
        assert look(empty_graph, neo4j_server, first.ledger) == once, "rebuilt from the ledger"

    contents = everything(empty_graph)
    for name in neo4j_server.environment:
        monkeypatch.delenv(name)
    loaded_at_once(one, contents)


def everything(driver: Driver) -> Counter[str]:
    """Every node and relationship with all properties, but the times of migrations and locks."""
    found: Counter[str] = Counter()
    with driver.session() as session:
        for statement in (
            "MATCH (n) WHERE NOT n:Migration AND NOT n:Vocabulary AND NOT n:Lock RETURN labels(n), properties(n)",
            "MATCH (a)-[r]->(b) RETURN properties(a), type(r), properties(r), properties(b)",
        ):
            found.update(repr([plain(value) for value in record.values()]) for record in session.run(statement))
    return found


def plain(value: object) -> object:
    """Properties and labels in an order; times by what they say, in UTC."""
    if isinstance(value, dict):
        return sorted((name, plain(inner)) for name, inner in value.items())
    if isinstance(value, DateTime):
        return value.to_native().astimezone(UTC).isoformat()
    return sorted(value) if isinstance(value, list) and value and isinstance(value[0], str) else value


def loaded_at_once(data: DataDir, contents: Counter[str]) -> None:
    """`vlmkg graph bulk-load` writes what the merge writes, to the last property, and no graph over another."""
    assert CliRunner().invoke(bulk_load, ["--data", str(data.root)]).exit_code == 0
    password = (data.secrets / "neo4j.password").read_text()
    server = prepare(data.neo4j, bolt_port=free_port(), http_port=free_port(), password=password)
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(server, password, alive=lambda: process.poll() is None)
        login = Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(password))
        with open_driver(login) as driver:
            assert everything(driver) == contents
            assert migrate(driver).applied == ()
            assert set(violations(driver).values()) == {0}
    finally:
        process.kill()
        process.wait()
    again = CliRunner().invoke(bulk_load, ["--data", str(data.root)])
    assert isinstance(again.exception, UsageError)
    assert "--anew" in again.exception.remedy
    assert not (data.root / "bulk-load").exists()
