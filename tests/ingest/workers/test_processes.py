import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import graph_outbox
from ingest.receiving.submit import Receiver, receive, receive_many
from ingest.workers.queues import Queue
from ingest.workers.settings import find_config
from tests.ingest.workers.engines import POISON
from tests.ingest.workers.messages import EFFUSION, hl7
from tests.ingest.workers.running import Worker, states, wait_for, wait_until_settled
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

pytestmark = pytest.mark.long

Start = Callable[..., Worker]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_report_is_merged_soon_after_it_was_received(receiver: Receiver, start: Start) -> None:
    for queue in ("extract", "merge"):
        start("--queue", queue, "--concurrency", "1").wait_until_ready()
    receive(receiver, hl7("first"))
    wait_until_settled(receiver.ledger)

    seconds = []
    for number in range(5):
        began = time.monotonic()
        receive(receiver, hl7(f"r{number}"))
        assert wait_until_settled(receiver.ledger) == {State.MERGED: number + 2}
        seconds.append(time.monotonic() - began)

    print("seconds from received to merged:", sorted(seconds))
    # Measured at 0.3 s on an idle machine; the bound is for one that runs other things too.
    assert min(seconds) < 3


def test_one_command_runs_both_and_sigterm_ends_all_of_it(receiver: Receiver, start: Start) -> None:
    worker = start("--concurrency", "1")
    receive(receiver, hl7("a"))
    assert wait_until_settled(receiver.ledger) == {State.MERGED: 1}
    mains = worker.children()

    assert worker.stop() == 0
    assert alive(mains) == []


def test_a_worker_that_is_ended_or_killed_leaves_no_process_behind(receiver: Receiver, start: Start) -> None:
    worker = start("--queue", "extract", "--concurrency", "2").wait_until_ready()
    receive_many(receiver, [hl7(f"r{number}") for number in range(100)])
    wait_for(lambda: State.EXTRACTED in states(receiver.ledger), 60)
    pool = worker.children()

    assert worker.stop() == 0
    assert alive(pool) == []
    assert State.EXTRACTING not in states(receiver.ledger)

    worker.restart()
    pool = worker.children()
    assert len(pool) == 2
    worker.kill()
    wait_for(lambda: not alive(pool), 5)


def test_a_report_that_kills_its_process_dies_and_the_others_live(receiver: Receiver, start: Start) -> None:
    """And the graph hears of it, and nothing of a patient is printed on the way."""
    program = ("-m", "tests.ingest.workers.crashing")
    workers = [
        start("--queue", "extract", "--concurrency", "1", "--engine", "crashing", program=program),
        start("--queue", "merge"),
    ]
    receive_many(receiver, [hl7(f"r{number}", POISON if number == 3 else EFFUSION) for number in range(10)])

    assert wait_until_settled(receiver.ledger) == {State.MERGED: 9, State.DEAD: 1}
    with receiver.ledger.read() as connection:
        (dead,) = events.list_events(connection, EventFilter(state=State.DEAD), limit=2)
    assert (dead.id, dead.reason, dead.attempts) == (4, "crashed", 3)
    wait_for(lambda: not change_waits(receiver.ledger), 10)
    printed = "".join(worker.log.read_text() for worker in workers)
    assert "worker is ready" in printed
    for word in ("DOE", "JANE", "19500607", "p1^", "effusion", POISON):
        assert word not in printed


def change_waits(ledger: Ledger) -> bool:
    with ledger.read() as connection:
        return graph_outbox.waiting(connection)


def test_a_killed_child_is_replaced_and_its_events_are_read(receiver: Receiver, start: Start) -> None:
    worker = start("--queue", "extract", "--concurrency", "1").wait_until_ready()
    receive_many(receiver, [hl7(f"r{number}") for number in range(300)])
    wait_for(lambda: State.EXTRACTING in states(receiver.ledger), 60)
    os.kill(worker.children()[0], signal.SIGKILL)

    wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: 300}, 60)


@pytest.mark.parametrize("queue", list(Queue))
def test_without_anything_running_it_says_what_to_do(
    queue: Queue, data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CELERY_BROKER_URL", "NEO4J_URI"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(UsageError) as raised:
        find_config(data, queue, "rules")

    assert "vlmkg up" in raised.value.remedy
