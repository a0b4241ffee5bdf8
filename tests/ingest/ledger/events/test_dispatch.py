"""The outbox, and the duty of emptying it."""

import time
from datetime import datetime, timedelta, tzinfo

import pytest

from ingest.ledger.events import claims, dispatch, leases
from ingest.ledger.states import Stage, State
from ingest.ledger.storage import database
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


class Clock:
    """The ledger's clock on SQLite, which can be set."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.ahead


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> Clock:
    if ledger.reader.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has a clock of its own")
    clock = Clock()
    monkeypatch.setattr(database, "datetime", clock)
    return clock


@pytest.mark.parametrize("hours", [-9600, -3, -0.02, 9600])
def test_a_duty_is_taken_over_though_the_clock_was_set(ledger: Ledger, wall_clock: Clock, hours: float) -> None:
    lease = timedelta(seconds=3)
    assert leases.acquire(ledger, "dispatcher", "a", lease)
    wall_clock.ahead = timedelta(hours=hours)
    assert leases.acquire(ledger, "dispatcher", "b", lease)
    assert not leases.acquire(ledger, "dispatcher", "a", lease)


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(hours=-3)])
def test_work_of_one_that_died_before_the_clock_was_set_back_goes_to_others(
    ledger: Ledger, wall_clock: Clock, step: timedelta
) -> None:
    lease = timedelta(seconds=30)
    receive_some(ledger, 2)
    dispatch.enqueue(ledger, limit=2)
    dead = claims.claim(ledger, Stage.EXTRACT, "dead", limit=1, lease=lease)
    living = claims.claim(ledger, Stage.EXTRACT, "living", limit=1, lease=lease)
    wall_clock.ahead = step
    assert claims.renew(ledger, living, lease)
    assert claims.recover_expired(ledger, lease) == 1
    assert look(ledger, dead[0].event_id).state is State.RECEIVED
    assert look(ledger, living[0].event_id).state is State.EXTRACTING
