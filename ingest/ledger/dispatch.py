"""The outbox: which wake-ups to send. Run by whoever holds the dispatcher's lease."""

from datetime import timedelta

from sqlalchemy import Connection

from ingest.ledger.database import Ledger


def enqueue(ledger: Ledger, *, limit: int) -> list[int]:
    """Turn up to `limit` received events into queued ones, the oldest first. Send a wake-up for each id returned."""
    raise NotImplementedError


def requeue_stale(ledger: Ledger, *, older_than: timedelta, limit: int) -> list[int]:
    """Queued events that nobody has taken for so long: their wake-ups were lost. Send one for each id returned.

    An event is returned again only after another `older_than`.
    """
    raise NotImplementedError


def merge_waiting(connection: Connection) -> bool:
    """Whether a merge would find something to do: extracted events, or changes left over (changes.waiting)."""
    raise NotImplementedError
