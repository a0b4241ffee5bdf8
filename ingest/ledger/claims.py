"""Claims: taking events to work on them, under a lease, by compare-and-set.

A claim carries a fence, a number that rises with every claim of an event. Whoever comes back late, after its lease was
given to another, finds another fence and changes nothing. An attempt counts against an event only when it ran alone:
after a failure or crash of a group its members become solo and are claimed one at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.ledger.database import Ledger
from ingest.ledger.extractions import StudyReading
from ingest.ledger.states import DeadReason, Stage


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one event until `expires_at`. `alone`: a failure will count as an attempt."""

    event_id: int
    stage: Stage
    owner: str
    fence: int
    alone: bool
    attempts: int
    expires_at: datetime


def claim(
    ledger: Ledger, stage: Stage, owner: str, *, limit: int, lease: timedelta, event_id: int | None = None
) -> list[Claim]:
    """Take up to `limit` events, the oldest first, or just `event_id` if it is to be had. Empty: nothing to do.

    A solo event is taken by itself, whatever the limit.
    """
    raise NotImplementedError


def renew(ledger: Ledger, claims: Sequence[Claim], lease: timedelta) -> list[Claim]:
    """Prolong the leases. Returns the claims that are still held; what is missing was lost: stop working on it."""
    raise NotImplementedError


def complete_extract(ledger: Ledger, claim: Claim, readings: Sequence[StudyReading]) -> bool:
    """Commit the readings of the event's studies and mark it extracted, in one transaction.

    False where the claim was lost: nothing is committed then.
    """
    raise NotImplementedError


def complete_merge(ledger: Ledger, claims: Sequence[Claim], changes: Sequence[int] = ()) -> list[Claim]:
    """Mark the events merged and the changes (changes.plan) settled. Returns the claims that were still held.

    Call it only after the graph's transaction has committed. Claims that were lost stay as they are; the changes are
    settled whoever holds the claims, since the graph has them.
    """
    raise NotImplementedError


def release(ledger: Ledger, claims: Sequence[Claim]) -> None:
    """Give events back unharmed: an outage, or a worker that stops. Costs no attempt."""
    raise NotImplementedError


def fail(
    ledger: Ledger, claims: Sequence[Claim], reason: DeadReason, detail: str, *, alone: bool | None = None
) -> None:
    """Count a failure: one attempt for an event that ran alone, the third makes it dead; members of a group go solo.

    `alone` overrides the claims' own: a group that was bisected down to its one culprit. `detail` is a sentence for the
    operator and holds nothing of the payload.
    """
    raise NotImplementedError


def bury(ledger: Ledger, claim: Claim, reason: DeadReason, detail: str) -> None:
    """Make an event dead at once: a failure that no retry can heal."""
    raise NotImplementedError


def recover_expired(ledger: Ledger) -> int:
    """Take back the events whose lease ran out, counting as `fail` does. Returns how many there were."""
    raise NotImplementedError
