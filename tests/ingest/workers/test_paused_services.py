"""Redis and Neo4j that stop for a while (SIGSTOP), or are killed: work waits, no event dies, and it goes on by itself.

`make test-faults`. Kills in the middle of an import: test_chaos.py.
"""

import signal
import threading
import time
from collections.abc import Callable

import pytest
import redis
from neo4j import Driver

from graph.verify import violations
from ingest.ledger.states import State
from ingest.receiving.submit import Receiver, receive_many
from tests.fixtures.faulty_system import FaultySystem
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.messages import hl7
from tests.ingest.workers.running import Worker, states, wait_for, wait_until_settled

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

PAUSE_S = 12.0
"""Longer than the leases of the tests, so that work is given back and claimed again."""

Signal = Callable[[signal.Signals], None]


@pytest.fixture
def signals(broker: RedisServer, neo4j_server: Neo4jServer) -> dict[str, Signal]:
    """How to send a signal to a service."""

    def to(server: RedisServer | Neo4jServer) -> Signal:
        def send(number: signal.Signals) -> None:
            assert server._process is not None
            server._process.send_signal(number)

        return send

    return {"redis": to(broker), "neo4j": to(neo4j_server)}


@pytest.mark.parametrize("service", ["redis", "neo4j"])
def test_a_service_that_stops_for_a_while(
    receiver: Receiver, start: Callable[..., Worker], empty_graph: Driver, signals: dict[str, Signal], service: str
) -> None:
    start("--queue", "extract", "--concurrency", "1").wait_until_ready()
    start("--queue", "merge").wait_until_ready()
    receive_many(receiver, [hl7(f"r{number}", patient=f"p{number}") for number in range(20)])
    assert wait_until_settled(receiver.ledger) == {State.MERGED: 20}

    signals[service](signal.SIGSTOP)
    resumed = threading.Timer(PAUSE_S, signals[service], [signal.SIGCONT])
    resumed.start()
    try:
        receive_many(receiver, [hl7(f"s{number}", patient=f"q{number}") for number in range(100)])
        time.sleep(PAUSE_S / 2)
        assert states(receiver.ledger)[State.MERGED] < 120, "the pause was not felt"
        resumed.join()
        assert wait_until_settled(receiver.ledger, 150) == {State.MERGED: 120}
    finally:
        resumed.cancel()
        signals[service](signal.SIGCONT)
    assert not any(violations(empty_graph).values())


def test_a_redis_that_loses_everything(receiver: Receiver, start: Callable[..., Worker], broker: RedisServer) -> None:
    """Its content is hints only: the dispatcher counts what is missing, and sends it again."""
    start("--queue", "extract", "--concurrency", "1").wait_until_ready()
    start("--queue", "merge").wait_until_ready()
    for turn in range(3):
        receive_many(receiver, [hl7(f"r{turn}-{number}", patient=f"p{number}") for number in range(50)])
        wait_for(lambda: states(receiver.ledger).get(State.RECEIVED, 0) == 0, 60)
        broker.kill()
        broker.start()
    assert wait_until_settled(receiver.ledger, 150) == {State.MERGED: 150}


def test_a_redis_without_memory(
    receiver: Receiver, start: Callable[..., Worker], broker: RedisServer, empty_graph: Driver
) -> None:
    """It refuses every write: wake-ups wait in the ledger, and are sent when there is room."""
    workers = [start("--queue", "extract", "--concurrency", "1"), start("--queue", "merge")]
    for worker in workers:
        worker.wait_until_ready()
    receive_many(receiver, [hl7(f"r{number}", patient=f"p{number}") for number in range(20)])
    assert wait_until_settled(receiver.ledger) == {State.MERGED: 20}
    with redis.Redis(port=broker.port) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(redis.OutOfMemoryError):
                client.lpush("full", "x")
            receive_many(receiver, [hl7(f"s{number}", patient=f"q{number}") for number in range(100)])
            time.sleep(PAUSE_S / 2)
            assert states(receiver.ledger)[State.MERGED] < 120, "the full memory was not felt"
        finally:
            client.config_set("maxmemory", 0)
    assert wait_until_settled(receiver.ledger, 150) == {State.MERGED: 120}
    assert [worker.process.poll() for worker in workers] == [None, None]
    assert not any(violations(empty_graph).values())


def test_steps_of_the_clock_under_work(
    receiver: Receiver, start: Callable[..., Worker], faulty_system: FaultySystem, empty_graph: Driver
) -> None:
    """An hour and a year, back and forward, while workers hold leases: work goes on, and each report is merged once."""
    for queue in ("extract", "merge"):
        start("--queue", queue, "--concurrency", "1", **faulty_system.environment).wait_until_ready()
    steps = (-3600, 0, 3600, -365 * 86400, 365 * 86400, 0)
    for turn, seconds in enumerate(steps):
        receive_many(receiver, [hl7(f"r{turn}-{number}", patient=f"p{number}") for number in range(30)])
        faulty_system.step_clock(seconds)
        assert wait_until_settled(receiver.ledger, 30) == {State.MERGED: 30 * (turn + 1)}
    assert not any(violations(empty_graph).values())
