"""The dispatcher: sends wake-ups for waiting events, and recovers events of lost workers.

It runs as a thread in the main process of every worker. Only one of them is active, under a named lease; another takes
over within seconds. It reads no reports. During an outage of Redis or the ledger it waits.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from ingest.errors import OutageError
from ingest.ledger.events import claims, dispatch, leases
from ingest.ledger.storage.database import Ledger, clock_of
from ingest.ledger.studies import pairing
from ingest.unexpected_errors import say
from ingest.workers import queue_top_up
from ingest.workers.backoff import Backoff
from ingest.workers.broker import Broker
from ingest.workers.queues import Queue
from vlmkg.errors import VlmkgError

DUTY = "dispatcher"
DUTY_LEASE = timedelta(seconds=3)
RENEW_EVERY_S = 1.0
TICK_S = 0.2
"""Seconds between ticks. On average an event waits half of this for its wake-up."""
RECOVER_EVERY_S = 1.0
ENQUEUE_AT_ONCE = 2000
AFTER_ERROR_S = 1.0
"""Seconds before the next tick after an unexpected error."""
STEP_S = 1.0
"""The ledger's clock was set if it differs by this much from the elapsed time."""


class Dispatcher:
    """The dispatcher of one process. `claim_lease` is how long workers hold claims: see `_recover`."""

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        owner: str,
        claim_lease: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._owner = owner
        self._claim_lease = claim_lease
        self._clock = clock
        self._on_duty = False
        self._renew_at = self._recover_at = 0.0
        self._ahead_s: float | None = None

    def run(self, stop: threading.Event, gate: threading.Lock) -> None:
        """Tick until `stop`; each tick holds `gate`. Releases the lease at the end, so that another can take it.

        It goes on after any error.
        """
        backoff = Backoff(stop.wait, longest_s=1.0)
        while not stop.wait(TICK_S):
            try:
                with gate:
                    self.tick()
                backoff.succeeded()
            except OutageError as error:
                backoff.pause(error)
            except Exception as error:  # noqa: BLE001 - logged; without dispatcher all work of the installation stops
                say("dispatcher.unforeseen", error)
                stop.wait(AFTER_ERROR_S)
        with suppress(VlmkgError):  # else the lease expires
            leases.give_up(self._ledger, DUTY, self._owner)

    def tick(self) -> None:
        """Do the due work, if this process holds the lease.

        Raises OutageError if the ledger or Redis does not answer.
        """
        for queue, wanted in self._wanted().items():
            queue_top_up.top_up(self._broker, queue, wanted)

    def _wanted(self) -> dict[Queue, list[int]]:
        try:
            if not self._is_on_duty():
                return {}
            self._recover()
            dispatch.enqueue(self._ledger, limit=ENQUEUE_AT_ONCE)
            with self._ledger.read() as connection:
                return {
                    Queue.EXTRACT: queue_top_up.wanted_for_extract(connection),
                    Queue.MERGE: queue_top_up.wanted_for_merge(connection),
                }
        except OutageError:
            # Nobody could renew a lease during the outage, so expiry is no sign of a crash. Each gets a full period
            # afterwards.
            self._recover_at = self._clock() + self._claim_lease.total_seconds()
            raise

    def _is_on_duty(self) -> bool:
        if self._clock() >= self._renew_at:
            self._on_duty = leases.acquire(self._ledger, DUTY, self._owner, DUTY_LEASE)
            self._renew_at = self._clock() + RENEW_EVERY_S
        return self._on_duty

    def _recover(self) -> None:
        if self._clock() >= self._recover_at:
            if self._was_set():
                # Meanwhile workers renew their leases by the new time: leases not renewed then have expired.
                self._recover_at = self._clock() + self._claim_lease.total_seconds()
                return
            claims.recover_expired(self._ledger, self._claim_lease)
            pairing.end_due(self._ledger)
            self._recover_at = self._clock() + RECOVER_EVERY_S

    def _was_set(self) -> bool:
        """Whether the ledger's clock was set since the last check."""
        before, self._ahead_s = self._ahead_s, clock_of(self._ledger).timestamp() - time.monotonic()
        return before is not None and abs(self._ahead_s - before) > STEP_S


def fork_gate(ledger: Ledger) -> threading.Lock:
    """A lock that is held, with the ledger's connections closed, whenever this process forks.

    The pool may fork at any moment to replace a crashed child. SQLite connections must not cross a fork, because the
    child would inherit the record of held locks. A lock held by the dispatcher's thread at that moment would stay
    locked in the child.
    """
    gate = threading.Lock()

    def before() -> None:
        gate.acquire()
        ledger.close()

    os.register_at_fork(before=before, after_in_parent=gate.release, after_in_child=gate.release)
    return gate
