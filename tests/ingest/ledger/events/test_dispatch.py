"""The outbox, and the duty of emptying it."""

import time
from datetime import timedelta

from ingest.ledger.events import dispatch, leases
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from tests.ingest.ledger.events.test_claims import look, receive_some, take

LONG = timedelta(hours=1)


def test_received_events_are_queued_once_the_oldest_first(ledger: Ledger) -> None:
    received = receive_some(ledger, 3)
    assert dispatch.enqueue(ledger, limit=2) == received[:2]
    assert dispatch.enqueue(ledger, limit=2) == received[2:]
    assert dispatch.enqueue(ledger, limit=2) == []
    assert {look(ledger, event_id).state for event_id in received} == {State.QUEUED}


def test_a_queued_event_can_be_claimed(ledger: Ledger) -> None:
    received = dispatch.enqueue(ledger, limit=receive_some(ledger, 1)[0])
    assert [claim.event_id for claim in take(ledger)] == received


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
    assert leases.acquire(ledger, "dispatcher", "a", timedelta(seconds=2))
    assert not leases.acquire(ledger, "dispatcher", "b", LONG)
    time.sleep(2.2)
    assert leases.acquire(ledger, "dispatcher", "b", LONG)
    assert not leases.acquire(ledger, "dispatcher", "a", LONG)
