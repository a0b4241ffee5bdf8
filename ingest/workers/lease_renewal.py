"""Keeping claims while the work on them lasts, and giving them back where an outage ends it."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from ingest.errors import OutageError
from ingest.ledger.events import claims
from ingest.ledger.events.claims import Claim
from ingest.ledger.storage.database import Ledger
from vlmkg.errors import VlmkgError

GIVE_BACK_EVERY_S = 0.5


@contextmanager
def kept(ledger: Ledger, held: Sequence[Claim], lease: timedelta) -> Iterator[None]:
    """Prolong the leases from a thread, three times in each period, until the block ends.

    A VlmkgError out of the block is an outage: the claims are given back, at no cost to their events, before it goes
    on. A claim that is lost meanwhile is not missed: whoever completes it finds another fence and changes nothing.
    """
    done = threading.Event()
    thread = threading.Thread(target=_renew, args=(ledger, held, lease, done), name="lease", daemon=True)
    thread.start()
    try:
        yield
    except VlmkgError:
        _give_back(ledger, held)
        raise
    finally:
        done.set()
        thread.join()


def _renew(ledger: Ledger, held: Sequence[Claim], lease: timedelta, done: threading.Event) -> None:
    while not done.wait(lease.total_seconds() / 3):
        try:
            claims.renew(ledger, held, lease)
        except OutageError:
            # The next try is a third of the lease away. Without the ledger nobody else can take the claims either.
            continue


def _give_back(ledger: Ledger, held: Sequence[Claim]) -> None:
    """Release the claims, however long the ledger takes to answer: an expired lease would count as a crash."""
    while True:
        try:
            return claims.release(ledger, held)
        except OutageError:
            time.sleep(GIVE_BACK_EVERY_S)
