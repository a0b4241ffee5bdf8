"""Named leases: a duty that one process in the whole system does at a time."""

from datetime import timedelta

from ingest.ledger.database import Ledger


def acquire(ledger: Ledger, name: str, owner: str, lease: timedelta) -> bool:
    """Take the duty, or prolong it. False where another holds it and its lease has not run out."""
    raise NotImplementedError


def give_up(ledger: Ledger, name: str, owner: str) -> None:
    """Let go of the duty at once. Nothing happens where another holds it."""
    raise NotImplementedError
