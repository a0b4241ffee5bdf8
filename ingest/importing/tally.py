"""Counts of the messages of one import by outcome."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.ledger.events.record import Receipt
from ingest.ledger.states import State


@dataclass(slots=True)
class Tally:
    """Each message is counted once: merged, refused, duplicate, dead, or pending under its event's id."""

    merged: int = 0
    duplicate: int = 0
    dead: int = 0
    refused_by_reason: Counter[str] = field(default_factory=Counter)
    pending: set[int] = field(default_factory=set)

    def add(self, receipt: Receipt) -> None:
        """Count a message that was received."""
        if receipt.duplicate:
            self.duplicate += 1
        else:
            self.pending.add(receipt.event_id)
            self.settle({receipt.event_id: (receipt.state, receipt.reason)})

    def settle(self, outcomes: Mapping[int, tuple[State, str | None]]) -> None:
        """Count the outcomes of pending events."""
        for event_id, (state, reason) in outcomes.items():
            if state not in (State.MERGED, State.REFUSED, State.DEAD) or event_id not in self.pending:
                continue
            self.pending.remove(event_id)
            self.merged += state is State.MERGED
            self.dead += state is State.DEAD
            if state is State.REFUSED:
                self.refused_by_reason[reason or ""] += 1

    @property
    def refused(self) -> int:
        """The number of refused messages."""
        return self.refused_by_reason.total()

    @property
    def received(self) -> int:
        """The number of all messages."""
        return self.merged + self.refused + self.duplicate + self.dead + len(self.pending)

    def summary(self, seconds: float) -> dict[str, object]:
        """The counts as `vlmkg import --json` prints them."""
        return {
            "received": self.received,
            "merged": self.merged,
            "refused": self.refused,
            "duplicate": self.duplicate,
            "dead": self.dead,
            "pending": len(self.pending),
            "seconds": round(seconds, 3),
            "refused_by_reason": dict(sorted(self.refused_by_reason.items())),
        }
