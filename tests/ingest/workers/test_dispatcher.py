import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from ingest.ledger.events import claims, events
from ingest.ledger.states import Stage, State
from ingest.ledger.storage import database
from ingest.ledger.storage.database import Ledger
from ingest.receiving.submit import Receiver, receive, receive_many
from ingest.settings import ledger_of
from ingest.workers.broker import Broker
from ingest.workers.celery_app import make_app
from ingest.workers.dispatcher import Dispatcher
from ingest.workers.extract import GROUP, extract_some
from ingest.workers.queue_top_up import MOST
from ingest.workers.queues import Queue
from ingest.workers.study_reader import reader_of
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import hl7
from tests.ingest.workers.running import wait_for
from vlmkg.data_dir import DataDir

LEASE = timedelta(seconds=1.5)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ours(broker: RedisServer) -> Iterator[Broker]:
    ours = Broker(make_app(broker.url), broker.url)
    yield ours
    ours.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dispatcher(ledger: Ledger, ours: Broker, clock: Clock) -> Dispatcher:
    return Dispatcher(ledger, ours, "me", LEASE, clock)


def waiting(broker: Broker) -> tuple[int, int]:
    return broker.waiting(Queue.EXTRACT), broker.waiting(Queue.MERGE)


def states(ledger: Ledger) -> dict[State, int]:
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


def test_received_events_are_queued_and_workers_woken(receiver: Receiver, dispatcher: Dispatcher, ours: Broker) -> None:
    receive(receiver, hl7("a"))

    dispatcher.tick()

    assert states(receiver.ledger) == {State.QUEUED: 1}
    assert waiting(ours) == (1, 0)


def test_nothing_to_do_sends_nothing(dispatcher: Dispatcher, ours: Broker) -> None:
    for _ in range(3):
        dispatcher.tick()
    assert waiting(ours) == (0, 0)


def test_one_wake_up_for_each_group_however_often_it_looks(
    receiver: Receiver, dispatcher: Dispatcher, ours: Broker
) -> None:
    receive_many(receiver, [hl7(f"r{number}") for number in range(3 * GROUP)])

    for _ in range(5):
        dispatcher.tick()

    assert waiting(ours) == (3, 0)


def test_a_backlog_of_any_length_keeps_redis_small(receiver: Receiver, dispatcher: Dispatcher, ours: Broker) -> None:
    receive_many(receiver, [hl7(f"r{number}") for number in range((MOST + 3) * GROUP)])

    for _ in range(3):
        dispatcher.tick()

    assert waiting(ours) == (MOST, 0)


def test_lost_wake_ups_are_sent_again(
    receiver: Receiver, dispatcher: Dispatcher, ours: Broker, broker: RedisServer
) -> None:
    receive_many(receiver, [hl7(f"r{number}") for number in range(GROUP + 1)])
    dispatcher.tick()
    broker.flush()

    dispatcher.tick()

    assert waiting(ours) == (2, 0)


def test_extracted_events_wake_a_merge(receiver: Receiver, dispatcher: Dispatcher, ours: Broker) -> None:
    receive_many(receiver, [hl7("a"), hl7("b")])
    extract_some(receiver.ledger, reader_of(rules()), "worker", LEASE)

    dispatcher.tick()

    assert waiting(ours) == (0, 1)


def test_events_of_a_dead_worker_go_to_others_one_by_one(
    receiver: Receiver, dispatcher: Dispatcher, ours: Broker, clock: Clock
) -> None:
    receive_many(receiver, [hl7("a"), hl7("b"), hl7("c")])
    claims.claim(receiver.ledger, Stage.EXTRACT, "worker", limit=9, lease=LEASE)
    dispatcher.tick()
    assert states(receiver.ledger) == {State.EXTRACTING: 3}

    time.sleep(LEASE.total_seconds() + 0.1)
    clock.now += 2
    dispatcher.tick()

    assert states(receiver.ledger) == {State.QUEUED: 3}
    assert waiting(ours) == (3, 0)
    assert len(claims.claim(receiver.ledger, Stage.EXTRACT, "other", limit=9, lease=LEASE)) == 1


def test_one_of_two_works_and_the_other_takes_over(
    receiver: Receiver, data: DataDir, ours: Broker, clock: Clock
) -> None:
    first = Dispatcher(receiver.ledger, ours, "first", LEASE, clock)
    second_ledger = ledger_of(data)
    second = Dispatcher(second_ledger, ours, "second", LEASE, clock)
    first.tick()
    receive(receiver, hl7("a"))
    second.tick()
    assert states(receiver.ledger) == {State.RECEIVED: 1}

    # The first is gone without a word: its duty ends with its lease.
    time.sleep(3.1)
    clock.now += 1.1
    second.tick()

    assert states(receiver.ledger) == {State.QUEUED: 1}
    second_ledger.close()


def test_an_outage_of_redis_is_logged_once_and_survived(receiver: Receiver, ours: Broker, broker: RedisServer) -> None:
    stop, gate = threading.Event(), threading.Lock()
    dispatcher = Dispatcher(receiver.ledger, ours, "me", LEASE)
    receive(receiver, hl7("a"))
    broker.kill()
    with capture_logs() as logs:
        thread = threading.Thread(target=dispatcher.run, args=(stop, gate))
        thread.start()
        time.sleep(2)
        assert states(receiver.ledger) == {State.QUEUED: 1}
        broker.start()
        deadline = time.monotonic() + 5
        while not ours.waiting(Queue.EXTRACT) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        stop.set()
        thread.join()

    assert ours.waiting(Queue.EXTRACT) == 1
    assert [entry["event"] for entry in logs] == ["outage", "outage over"]


def test_it_gives_up_its_duty_at_the_end(receiver: Receiver, ours: Broker, data: DataDir) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=Dispatcher(receiver.ledger, ours, "me", LEASE).run, args=(stop, threading.Lock()))
    thread.start()
    time.sleep(0.5)
    stop.set()
    thread.join()

    receive(receiver, hl7("a"))
    Dispatcher(receiver.ledger, ours, "other", LEASE).tick()

    assert states(receiver.ledger) == {State.QUEUED: 1}


def test_no_database_connection_is_carried_over_a_fork(data: DataDir) -> None:
    """In a process of its own: the hooks of a fork can't be taken away again."""
    script = f"""
import os
from pathlib import Path
from ingest.settings import ledger_of
from ingest.workers.dispatcher import fork_gate
from vlmkg.data_dir import DataDir
ledger = ledger_of(DataDir(Path({str(data.root)!r})))
gate = fork_gate(ledger)
ledger.ping()
count = lambda: sum("ledger.sqlite" in os.readlink(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd")
                    if os.path.islink(f"/proc/self/fd/{{fd}}"))
assert count() > 0
if os.fork() == 0:
    os._exit(count() + 10 * gate.locked())
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
assert not gate.locked()
ledger.ping()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30, env=os.environ)


@pytest.mark.parametrize("step", [timedelta(days=-30), timedelta(days=30)])
def test_a_step_of_the_clock_costs_nobody_its_work(
    receiver: Receiver, dispatcher: Dispatcher, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: timedelta
) -> None:
    """A worker that goes on prolongs its lease within the time that it is given after the step."""
    receive(receiver, hl7("a"))
    held = claims.claim(receiver.ledger, Stage.EXTRACT, "worker", limit=1, lease=LEASE)
    dispatcher.tick()

    class Wall:
        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return datetime.now(zone) + step

    monkeypatch.setattr(database, "datetime", Wall)
    clock.now += 2
    dispatcher.tick()
    assert states(receiver.ledger) == {State.EXTRACTING: 1}
    assert claims.renew(receiver.ledger, held, LEASE)
    clock.now += LEASE.total_seconds() + 1
    dispatcher.tick()
    assert states(receiver.ledger) == {State.EXTRACTING: 1}
    # One that does not prolong it has died.
    time.sleep(LEASE.total_seconds() + 0.1)
    clock.now += 2
    dispatcher.tick()
    assert states(receiver.ledger) == {State.QUEUED: 1}


def test_it_goes_on_after_an_error_that_nobody_foresaw(receiver: Receiver, dispatcher: Dispatcher) -> None:
    """Without it no worker of the installation gets work. Here a lease has no time that can be read."""
    ledger, stop = receiver.ledger, threading.Event()
    with ledger.write() as connection:
        connection.execute(text("INSERT INTO leases VALUES ('dispatcher', 'another', 'no time')"))
    receive(receiver, hl7("r1"))
    thread = threading.Thread(target=dispatcher.run, args=(stop, threading.Lock()))
    with capture_logs() as logs:
        thread.start()
        try:
            wait_for(lambda: any(one["event"] == "dispatcher.unforeseen" for one in logs), 20)
            with ledger.write() as connection:
                connection.execute(text("DELETE FROM leases"))
            wait_for(lambda: states(ledger).get(State.QUEUED) == 1, 20)
        finally:
            stop.set()
            thread.join()
