"""The outbox, and the duty of emptying it."""

import time
from datetime import timedelta

from ingest.ledger import changes, claims, dispatch, events, leases
from ingest.ledger.database import Ledger
from ingest.ledger.states import Stage, State
from tests.ingest.ledger import workers
from tests.ingest.ledger.test_claims import look, receive_some, take

LONG = timedelta(hours=1)
NOW = timedelta(0)


def test_received_events_are_queued_once_the_oldest_first(ledger: Ledger) -> None:
    received = receive_some(ledger, 3)
    assert dispatch.enqueue(ledger, limit=2) == received[:2]
    assert dispatch.enqueue(ledger, limit=2) == received[2:]
    assert dispatch.enqueue(ledger, limit=2) == []
    assert {look(ledger, event_id).state for event_id in received} == {State.QUEUED}


def test_a_queued_event_can_be_claimed(ledger: Ledger) -> None:
    received = dispatch.enqueue(ledger, limit=receive_some(ledger, 1)[0])
    assert [claim.event_id for claim in take(ledger)] == received


def test_lost_wakeups_are_found_and_not_sent_again_at_once(ledger: Ledger) -> None:
    received = receive_some(ledger, 2)
    dispatch.enqueue(ledger, limit=9)
    assert dispatch.requeue_stale(ledger, older_than=LONG, limit=9) == []
    time.sleep(0.06)
    assert dispatch.requeue_stale(ledger, older_than=timedelta(milliseconds=50), limit=1) == received[:1]
    assert dispatch.requeue_stale(ledger, older_than=timedelta(milliseconds=50), limit=9) == received[1:]


def test_events_that_were_taken_are_not_stale(ledger: Ledger) -> None:
    receive_some(ledger, 1)
    dispatch.enqueue(ledger, limit=9)
    take(ledger)
    assert dispatch.requeue_stale(ledger, older_than=NOW, limit=9) == []


def test_when_a_merge_has_something_to_do(ledger: Ledger) -> None:
    def waiting() -> bool:
        with ledger.read() as connection:
            return dispatch.merge_waiting(connection)

    receive_some(ledger, 1)
    assert not waiting()
    workers.extract(ledger)
    assert waiting()
    workers.drain(ledger, {})
    assert not waiting()
    with ledger.write() as connection:
        changes.mark(connection, [(99, "old", "new")])
    assert waiting()


def test_one_holder_of_a_duty(ledger: Ledger) -> None:
    assert leases.acquire(ledger, "dispatcher", "a", LONG)
    assert leases.acquire(ledger, "dispatcher", "a", LONG)
    assert not leases.acquire(ledger, "dispatcher", "b", LONG)
    assert leases.acquire(ledger, "other duty", "b", LONG)
    leases.give_up(ledger, "dispatcher", "b")
    assert not leases.acquire(ledger, "dispatcher", "b", LONG)
    leases.give_up(ledger, "dispatcher", "a")
    assert leases.acquire(ledger, "dispatcher", "b", LONG)


def test_a_duty_falls_free_when_its_holder_is_gone(ledger: Ledger) -> None:
    assert leases.acquire(ledger, "dispatcher", "a", timedelta(milliseconds=50))
    assert not leases.acquire(ledger, "dispatcher", "b", LONG)
    time.sleep(0.08)
    assert leases.acquire(ledger, "dispatcher", "b", LONG)
    assert not leases.acquire(ledger, "dispatcher", "a", LONG)


def test_a_rebuild_merges_everything_again(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    merged = receive_some(ledger, 3)
    workers.drain(ledger, graph)
    waiting = receive_some(ledger, 4)[3:]
    assert events.reset_for_rebuild(ledger) == len(merged)
    assert {look(ledger, event_id).state for event_id in merged} == {State.EXTRACTED}
    assert look(ledger, waiting[0]).state is State.RECEIVED
    rebuilt: workers.Graph = {}
    workers.drain(ledger, rebuilt)
    assert {key: rebuilt[key] for key in graph} == graph


def test_a_rebuild_takes_the_claims_of_running_merges(ledger: Ledger) -> None:
    receive_some(ledger, 1)
    workers.extract(ledger)
    taken = take(ledger, stage=Stage.MERGE)
    events.reset_for_rebuild(ledger)
    assert claims.complete_merge(ledger, taken) == []
