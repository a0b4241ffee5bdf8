"""Renew leases while work is in progress, and release claims after an outage."""

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
    """Renew the leases in a thread, three times per period, until the block ends.

    After a VlmkgError in the block, which is an outage, the claims are released without counting an attempt. A claim
    that is lost meanwhile does no harm: its completion finds another fence and changes nothing.
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
            # The next try follows after a third of the lease. Without the ledger nobody else can take the claims.
            continue


def _give_back(ledger: Ledger, held: Sequence[Claim]) -> None:
    """Release the claims, however long the ledger takes: an expired lease would count as a crash."""
    while True:
        try:
            return claims.release(ledger, held)
        except OutageError:
            time.sleep(GIVE_BACK_EVERY_S)
