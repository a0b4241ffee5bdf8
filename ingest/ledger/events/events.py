"""Read events: one, many, or counts. They are written by ingest.receiving.submit and claims.py."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, or_, select

from ingest.ledger.states import SETTLED, State
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import now
from ingest.ledger.storage.tables import events, rejections, sightings, study_extractions


@dataclass(frozen=True, slots=True)
class Event:
    """One received message in the ledger, without its payload.

    `deliveries` counts how often the same bytes were received, `attempts` failures while processed alone. `size` is in
    bytes.
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


def find_named(connection: Connection, format: str, sources: Sequence[str], external_ids: Sequence[str]) -> int | None:  # noqa: A002
    """The newest event of this format with one of these external ids that was not refused; None if there is none."""
    statement = select(func.max(events.c.id)).where(
        events.c.source.in_(sources),
        events.c.external_id.in_(external_ids),
        events.c.format == format,
        events.c.state != State.REFUSED,
    )
    return connection.execute(statement).scalar()


def is_named_before(connection: Connection, event: Event) -> bool:
    """Whether there is an older event of the same format and external id that was not refused."""
    statement = select(
        exists()
        .where(events.c.source == event.source)
        .where(events.c.external_id == event.external_id)
        .where(events.c.format == event.format)
        .where(events.c.state != State.REFUSED)
        .where(events.c.id < event.id)
    )
    return bool(connection.execute(statement).scalar())


@dataclass(frozen=True, slots=True)
class Stored:
    """The location of an event's bytes, and its state."""

    blob_key: str | None
    state: State
    reason: str | None


def stored(
    connection: Connection,
    format: str,  # noqa: A002
    sources: Sequence[str],
    external_ids: Collection[str],
) -> dict[str, list[Stored]]:
    """The events of this format and these sources, by external id. Ids without events are absent."""
    found: dict[str, list[Stored]] = defaultdict(list)
    columns = events.c.external_id, events.c.blob_key, events.c.state, events.c.reason
    statement = select(*columns).where(events.c.source.in_(sources), events.c.format == format)
    for chunk in chunks(external_ids):
        for row in connection.execute(statement.where(events.c.external_id.in_(chunk))):
            found[row.external_id].append(Stored(row.blob_key, State(row.state), row.reason))
    return dict(found)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter of events: all conditions must hold; None is no condition.

    `reason` is that of a refused or dead event, or of a triplet rejected in an extraction of one of its studies.
    """

    state: State | None = None
    reason: str | None = None
    source: str | None = None
    ids: tuple[int, ...] | None = None


NO_FILTER = EventFilter()
"""All events."""


_COLUMNS = [events.c[field.name] for field in fields(Event)]


def get(connection: Connection, event_id: int) -> Event | None:
    """One event, or None."""
    row = connection.execute(select(*_COLUMNS).where(events.c.id == event_id)).first()
    return _event(row) if row else None


def list_events(
    connection: Connection, where: EventFilter = NO_FILTER, *, limit: int, before: int | None = None
) -> list[Event]:
    """Events, newest first, at most `limit`, with ids below `before` (the keyset cursor)."""
    statement = select(*_COLUMNS).where(*_conditions(where)).order_by(events.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(events.c.id < before)
    return [_event(row) for row in connection.execute(statement)]


def ids(connection: Connection, where: EventFilter) -> list[int]:
    """The ids of all matching events, oldest first."""
    return list(connection.execute(select(events.c.id).where(*_conditions(where)).order_by(events.c.id)).scalars())


def count(connection: Connection, where: EventFilter = NO_FILTER) -> int:
    """The number of matching events."""
    return connection.execute(select(func.count()).select_from(events).where(*_conditions(where))).scalar_one()


def summary(connection: Connection) -> dict[State, int]:
    """The number of events in each state, including states with 0."""
    found = _counted(connection, select(events.c.state, func.count()).group_by(events.c.state))
    return {state: found.get(state, 0) for state in State}


def oldest_unsettled(connection: Connection) -> timedelta:
    """The age of the oldest unsettled event; zero if there is none."""
    first = select(func.min(events.c.received_at)).where(events.c.state.not_in(SETTLED))
    received = connection.execute(first).scalar_one()
    return max(now(connection) - received, timedelta()) if received else timedelta()


def reasons(connection: Connection, state: State) -> dict[str, int]:
    """The number of refused (or dead) events by reason."""
    statement = select(events.c.reason, func.count()).where(events.c.state == state).group_by(events.c.reason)
    return _counted(connection, statement.order_by(events.c.reason))


def outcomes(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[State, str | None]]:
    """State and reason of each of these events; ids that do not exist are absent."""
    statement = select(events.c.id, events.c.state, events.c.reason)
    return {
        row.id: (State(row.state), row.reason)
        for chunk in chunks(event_ids)
        for row in connection.execute(statement.where(events.c.id.in_(chunk)))
    }


def study_keys(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The studies that each event contributes to, sorted, after all joins."""
    statement = select(sightings.c.event_id, sightings.c.study_key).distinct()
    found: dict[int, list[str]] = defaultdict(list)
    for chunk in chunks(event_ids):
        for row in connection.execute(statement.where(sightings.c.event_id.in_(chunk))):
            found[row.event_id].append(row.study_key)
    return {event_id: tuple(sorted(found[event_id])) for event_id in event_ids}


def message_sizes(connection: Connection, event_ids: Sequence[int]) -> dict[int, int]:
    """The size in bytes of messages with text, by event. DICOM objects count as 0, since they are mostly pixels."""
    found: dict[int, int] = {}
    for chunk in chunks(event_ids):
        statement = select(events.c.id, events.c.size, events.c.format).where(events.c.id.in_(chunk))
        found |= {row.id: 0 if row.format == "dicom" else row.size for row in connection.execute(statement)}
    return found


def patient_ids(connection: Connection, event_ids: Sequence[int]) -> list[str]:
    """The patients that these events name, by pseudonym, sorted."""
    statement = select(sightings.c.patient_id).distinct()
    return sorted(
        {
            patient_id
            for chunk in chunks(event_ids)
            for patient_id in connection.execute(statement.where(sightings.c.event_id.in_(chunk))).scalars()
        }
    )


def _event(row: Row[Any]) -> Event:
    values = dict(row._mapping)
    return Event(**values | {"state": State(values["state"])})


def _counted(connection: Connection, statement: Any) -> dict[str, int]:
    return {str(name): number for name, number in connection.execute(statement)}


def _conditions(where: EventFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.state is not None:
        found.append(events.c.state == where.state)
    if where.source is not None:
        found.append(events.c.source == where.source)
    if where.ids is not None:
        found.append(events.c.id.in_(where.ids))
    if where.reason is not None:
        found.append(or_(events.c.reason == where.reason, _has_rejection(where.reason)))
    return found


def _has_rejection(reason: str) -> ColumnElement[bool]:
    return (
        exists()
        .where(sightings.c.event_id == events.c.id)
        .where(study_extractions.c.study_key == sightings.c.study_key)
        .where(rejections.c.extraction_id == study_extractions.c.extraction_id)
        .where(rejections.c.reason == reason)
    )
