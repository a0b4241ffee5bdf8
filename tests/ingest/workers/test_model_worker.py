"""A model's worker: one process a device, threads that feed it, nothing lost while it loads, hangs or is killed."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.gateway.door import Reception
from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.states import State
from ingest.ledger.study_facts import LedgerStudy
from ingest.projection.stored_readings import load_readings
from ingest.receiving.space import Space
from ingest.receiving.submit import Receiver, receive, receive_many
from tests.fixtures.redis_server import RedisServer
from tests.ingest.gateway.mllp_peer import code_of, open_door
from tests.ingest.workers.messages import EFFUSION, hl7
from tests.ingest.workers.modelling import HANGS, LOADS_FOR
from tests.ingest.workers.running import Worker, states, wait_for
from vlmkg.data_dir import DataDir
from vlmkg.schema import Witness

pytestmark = pytest.mark.long

PROGRAM = ("-m", "tests.ingest.workers.modelling")
LOAD_S = os.environ.get("VLMKG_TEST_LOAD_S", "4")
"""Seconds that the model takes to load: four leases. A real one takes 60 (VLMKG_TEST_LOAD_S=60), which is long."""
Start = Callable[..., Worker]


@pytest.fixture
def start_model(tmp_path: Path, data: DataDir, broker: RedisServer) -> Iterator[Start]:
    """Start workers that extract by the model of modelling.py."""
    started: list[Worker] = []
    variables = {"CELERY_BROKER_URL": broker.url, "VLMKG_DATA": str(data.root), "VLMKG_WORKER_LEASE": "1"}

    def start(*arguments: str, **more: str) -> Worker:
        options = ("--queue", "extract", "--engine", str(tmp_path), *arguments)
        started.append(Worker(tmp_path, variables | more, *options, program=PROGRAM))
        return started[-1]

    yield start
    for worker in started:
        worker.end()


def all_studies(receiver: Receiver) -> list[LedgerStudy]:
    with receiver.ledger.read() as connection:
        return list(study_facts.load_many(connection, study_facts.all_study_keys(connection)).values())


async def test_nothing_is_claimed_while_the_model_loads_and_nothing_is_lost(
    receiver: Receiver, start_model: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start_model(**{LOADS_FOR: LOAD_S})
    with ThreadPoolExecutor(4) as threads:
        async with open_door(Reception(receiver, threads, Space([], 0)), monkeypatch) as door:
            peer = await door.connect()
            for number in range(50):
                answer = await peer.ask(hl7(f"r{number}", patient=f"p{number}").raw)
                assert code_of(answer)[0] == "AA"
    seen: set[State] = set()

    def loaded() -> bool:
        seen.update(states(receiver.ledger))
        return "engine loaded" in worker.log.read_text()

    wait_for(loaded, 120)
    assert seen == {State.RECEIVED}
    wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: 50}, 120)
    worker.wait_until_ready()
    for study in all_studies(receiver):
        assert study.extraction is not None
        assert (study.extraction.checkpoint, study.extraction.checkpoint_digest) == ("tests", "c" * 64)
        (reading,) = load_readings(study.extraction.result).values()
        assert {mention.witness for mention in reading.graph.mentions} == {Witness.BOTH}
    assert len(worker.children()) == 1
    assert worker.stop() == 0


def test_a_hung_or_killed_engine_is_replaced_and_its_events_are_read(receiver: Receiver, start_model: Start) -> None:
    parent = start_model(VLMKG_ENGINE_LIMIT="3")
    receive(receiver, hl7("hangs", f"FINDINGS: Left base {HANGS}. No effusion."))
    wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: 1}, 120)
    assert "the engine does not return" in parent.log.read_text()

    killed = parent.children()
    receive_many(receiver, [hl7(f"r{number}") for number in range(100)])
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: 101}, 120)
    assert set(parent.children()).isdisjoint(killed)
    with receiver.ledger.read() as connection:
        found = events.list_events(connection, limit=200)
    assert {event.attempts for event in found} == {0}
    assert EFFUSION.split()[1] not in parent.log.read_text()
    assert parent.stop() == 0
