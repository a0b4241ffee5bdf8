"""Events and rejected triplets, from the ledger, as GraphQL types."""

from collections.abc import Mapping
from typing import Any

import strawberry
from sqlalchemy import Connection

from api.graph_types import ID, Node, PageInfo
from api.response_plans import Row
from api.scalars import DateTime
from ingest.ledger.events import events
from ingest.ledger.events.events import Event as LedgerEvent
from ingest.ledger.events.events import EventFilter
from ingest.ledger.readings import extractions
from ingest.ledger.readings.extractions import RejectionRow
from ingest.ledger.states import State

strawberry.enum(State, name="EventState", description="Where the work on an event stands.")


@strawberry.type(description="One message received, and what became of it. The payload is not shown.")
class Event(Node):
    """See ingest.ledger.events.events.Event."""

    id: strawberry.ID = ID
    event_id: strawberry.ID = strawberry.field(description="The number that `vlmkg events` shows.")
    state: State
    reason: str | None = strawberry.field(description="Why it was refused, or given up.")
    detail: str | None = strawberry.field(description="The reason in a sentence.")
    warnings: list[str]
    reading_warnings: list[str] = strawberry.field(
        description="Reason codes of what the readings of its studies warn of, such as text_set_aside."
    )
    source: str
    external_id: str = strawberry.field(description="The sender's own id. Not for researchers.")
    format: str
    size: int = strawberry.field(description="Bytes.")
    attempts: int = strawberry.field(description="Failures while it ran alone; the third is the last.")
    deliveries: int = strawberry.field(description="How often the same bytes came.")
    received_at: DateTime
    message_time: DateTime | None
    updated_at: DateTime
    study_keys: list[str] = strawberry.field(description="The studies that it says something of.")


@strawberry.type(description="The message of an event, byte for byte as it came.")
class EventPayload:
    """From the blob store, verified against its digest."""

    event_id: strawberry.ID
    size: int = strawberry.field(description="Bytes.")
    base64: str = strawberry.field(description="The bytes, in Base64.")
    text: str | None = strawberry.field(description="The bytes read as UTF-8; null where they are none.")


@strawberry.type
class EventEdge:
    """The relay type."""

    cursor: str
    node: Event


@strawberry.type(description="A page of events, the newest first.")
class EventConnection:
    """The relay type."""

    edges: list[EventEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Events on all pages.")


@strawberry.input(name="EventWhere", description="Events; all that is given must hold.")
class EventWhereInput:
    """See ingest.ledger.events.events.EventFilter."""

    state: State | None = None
    reason: str | None = strawberry.field(
        default=None, description="That of the event, or of a triplet rejected in a study of it."
    )
    source: str | None = None


@strawberry.type(description="A triplet that was read from a report and refused.")
class Rejection:
    """See ingest.ledger.readings.extractions.RejectionRow."""

    reason: str
    head: str
    relation: str
    tail: str
    detail: str
    study_key: str
    report_key: str | None


@strawberry.type
class RejectionEdge:
    """The relay type."""

    cursor: str
    node: Rejection


@strawberry.type(description="A page of rejected triplets, the newest first.")
class RejectionConnection:
    """The relay type."""

    edges: list[RejectionEdge]
    page_info: PageInfo


@strawberry.input(name="RejectionWhere", description="Rejected triplets.")
class RejectionWhereInput:
    """By the rule that refused them."""

    reason: str | None = None


def event_filter(given: Mapping[str, Any] | None) -> EventFilter:
    """The filter that a coerced EventWhere means."""
    given = given or {}
    return EventFilter(state=given.get("state"), reason=given.get("reason"), source=given.get("source"))


def event_rows(connection: Connection, found: list[LedgerEvent]) -> list[Row]:
    """Events as rows of the type Event."""
    keys = events.study_keys(connection, [event.id for event in found])
    warned = extractions.warnings_of(connection, [event.id for event in found])
    return [_event_row(event, keys[event.id], warned[event.id]) for event in found]


def rejection_row(found: RejectionRow) -> Row:
    """A rejected triplet as a row of the type Rejection."""
    triplet = found.triplet
    return {
        "reason": triplet.reason,
        "head": triplet.head,
        "relation": triplet.relation,
        "tail": triplet.tail,
        "detail": triplet.detail,
        "studyKey": found.study_key,
        "reportKey": triplet.report_key,
    }


def _event_row(event: LedgerEvent, study_keys: tuple[str, ...], reading_warnings: tuple[str, ...]) -> Row:
    return {
        "eventId": event.id,
        "state": event.state,
        "reason": event.reason,
        "detail": event.detail,
        "warnings": event.warnings,
        "readingWarnings": reading_warnings,
        "source": event.source,
        "externalId": event.external_id,
        "format": event.format,
        "size": event.size,
        "attempts": event.attempts,
        "deliveries": event.deliveries,
        "receivedAt": event.received_at,
        "messageTime": event.message_time,
        "updatedAt": event.updated_at,
        "studyKeys": study_keys,
    }
