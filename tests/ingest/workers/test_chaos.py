"""kill -9 of every part in the middle of an import: afterwards every report is in the graph, once."""

import os
import signal
from collections.abc import Callable

import pytest
from neo4j import Driver
from sqlalchemy import select

from graph.verify import violations
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import report_texts
from ingest.receiving.submit import Receiver, receive_many
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from tests.ingest.workers.running import Worker, states, wait_for, wait_until_settled

pytestmark = pytest.mark.long

PART = 200
TEXTS = (EFFUSION, NODULE, CLEAR)
BUSY = {
    "extract": {State.EXTRACTING},
    "merge": {State.EXTRACTED, State.MERGING},
}


def send(receiver: Receiver, part: int) -> None:
    """One more part of the import."""
    numbers = range(part * PART, (part + 1) * PART)
    messages = [
        hl7(f"r{number}", f"{TEXTS[number % 3]} Note {number}.", patient=f"p{number % 97}") for number in numbers
    ]
    receive_many(receiver, messages)


def wait_until_busy(ledger: Ledger, stage: str) -> None:
    """Wait until a stage has work in hand, so that the kill that follows hits it."""
    wait_for(lambda: bool(BUSY[stage] & states(ledger).keys()), 90)


@pytest.mark.timeout(400)
def test_every_report_is_in_the_graph_once_after_kills_of_every_part(
    receiver: Receiver,
    start: Callable[..., Worker],
    broker: RedisServer,
    neo4j_server: Neo4jServer,
    empty_graph: Driver,
) -> None:
    ledger = receiver.ledger
    extract = start("--queue", "extract", "--concurrency", "2").wait_until_ready()
    merge = start("--queue", "merge").wait_until_ready()

    send(receiver, 0)
    wait_until_busy(ledger, "extract")
    os.kill(extract.children()[0], signal.SIGKILL)

    send(receiver, 1)
    wait_until_busy(ledger, "extract")
    extract.kill()
    broker.kill()
    send(receiver, 2)
    broker.start()
    extract.restart()

    wait_until_busy(ledger, "merge")
    neo4j_server.kill()
    send(receiver, 3)
    neo4j_server.start()

    send(receiver, 4)
    wait_until_busy(ledger, "merge")
    os.kill(merge.children()[0], signal.SIGKILL)
    merge.kill()
    merge.restart()

    assert wait_until_settled(ledger, 200) == {State.MERGED: 5 * PART}
    with ledger.read() as connection:
        received = sorted(connection.execute(select(report_texts.c.report_key)).scalars())
    records, _, _ = empty_graph.execute_query("MATCH (:Study)-[:HAS_REPORT]->(r:Report) RETURN r.reportKey AS key")
    assert sorted(record["key"] for record in records) == received
    assert len(received) == 5 * PART
    assert set(violations(empty_graph, neo4j_server.settings.database).values()) == {0}
