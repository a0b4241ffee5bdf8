"""Reading events: one, many, counted. Writing them is receiving (ingest.submit) and claiming (claims.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ingest.ledger.database import Ledger
from ingest.ledger.states import State


@dataclass(frozen=True, slots=True)
class Event:
    """One message received, as the ledger knows it; without its payload.

    `deliveries` counts how often the same bytes came. `attempts` counts failures alone. `size` is in bytes.
    """

    id: int
    source: str
    external_id: str
    digest: str
    format: str
    origin_name: str
    origin_source: str | None
    origin_time: datetime | None
    blob_key: str | None
    size: int
    received_at: datetime
    message_time: datetime | None
    deliveries: int
    state: State
    reason: str | None
    detail: str | None
    warnings: tuple[str, ...]
    attempts: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: all conditions hold together; None asks for nothing.

    `reason` is that of a refused or dead event, or of a triplet rejected in an extraction of one of its studies.
    """

    state: State | None = None
    reason: str | None = None
    source: str | None = None
    ids: tuple[int, ...] | None = None


def get(connection: Connection, event_id: int) -> Event | None:
    """One event, or None."""
    raise NotImplementedError


def list_events(
    connection: Connection, where: EventFilter = EventFilter(), *, limit: int, before: int | None = None
) -> list[Event]:
    """The newest events first, at most `limit`, with ids below `before` (the keyset cursor)."""
    raise NotImplementedError


def count(connection: Connection, where: EventFilter = EventFilter()) -> int:
    """How many events there are."""
    raise NotImplementedError


def summary(connection: Connection) -> dict[State, int]:
    """How many events are in each state, all states named."""
    raise NotImplementedError


def refused_by_reason(connection: Connection) -> dict[str, int]:
    """How many events were refused, by reason."""
    raise NotImplementedError


def outcomes(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[State, str | None]]:
    """State and reason of each of these events; ids that do not exist are absent."""
    raise NotImplementedError


def study_keys(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The studies that each event says something of, sorted; now, after all joins."""
    raise NotImplementedError


def reset_for_rebuild(ledger: Ledger) -> int:
    """Have everything merged again from the ledger, as into an empty graph. Returns the number of events put back."""
    raise NotImplementedError
