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

strawberry.enum(State, name="EventState", description="The processing state of an event.")


@strawberry.type(description="One received message and its processing state, without the message itself.")
class Event(Node):
    """See ingest.ledger.events.events.Event."""

    id: strawberry.ID = ID
    event_id: strawberry.ID = strawberry.field(description="The event number, as `vlmkg events` shows it.")
    state: State
    reason: str | None = strawberry.field(
        description="Reason code: why the message was refused or its processing was given up."
    )
    detail: str | None = strawberry.field(description="The reason as a sentence.")
    warnings: list[str]
    reading_warnings: list[str] = strawberry.field(
        description="Warning codes of the readings of its studies, such as text_set_aside."
    )
    source: str
    external_id: str = strawberry.field(description="The sender's own id. Not for researchers.")
    format: str
    size: int = strawberry.field(
        description="Bytes. Not for researchers: the size of a film's file tells it from most others."
    )
    attempts: int = strawberry.field(
        description="How often it failed when processed alone. After the third failure the event is dead."
    )
    deliveries: int = strawberry.field(description="How often the same bytes were received.")
    received_at: DateTime
    message_time: DateTime | None
    updated_at: DateTime
    study_keys: list[str] = strawberry.field(description="The studies that this message contributes to.")


@strawberry.type(description="The number of events in one state.")
class StateCount:
    """Of the whole ledger."""

    state: State
    count: int


@strawberry.type(description="The feed at one moment.")
class FeedUpdate:
    """See api.subscriptions."""

    newest: strawberry.ID | None = strawberry.field(description="The number of the newest event.")
    states: list[StateCount] = strawberry.field(description="All states, also those with 0.")


@strawberry.type(description="The message of an event, byte for byte as it was received.")
class EventPayload:
    """From the blob store, verified against its digest."""

    event_id: strawberry.ID
    size: int = strawberry.field(description="Bytes.")
    base64: str = strawberry.field(description="The bytes, in Base64.")
    text: str | None = strawberry.field(description="The bytes decoded as UTF-8; null if they are not valid UTF-8.")


@strawberry.type(description="A named part of a message: an HL7 field, a JSON path, an XML or DICOM element.")
class MessagePart:
    """See ingest.receiving.inspection.parts.Part."""

    name: str = strawberry.field(description="The format's own name: `PID-3`, `subject.reference`, `PatientID`.")
    value: str = strawberry.field(description="Its value, at most 500 characters.")
    start: int | None = strawberry.field(description="Offset into `text`, in code points; null if the part is missing.")
    end: int | None = strawberry.field(description="The offset behind it.")
    problem: bool = strawberry.field(description="Whether the message was refused because of it.")


@strawberry.type(description="The message of an event, taken apart.")
class EventParts:
    """See ingest.receiving.inspection.inspect."""

    event_id: strawberry.ID
    text: str = strawberry.field(
        description="The message as text: the first 65,536 characters; for a DICOM object one line per element."
    )
    cut: bool = strawberry.field(description="Whether text or parts were left out, because there are too many.")
    parts: list[MessagePart]


@strawberry.type
class EventEdge:
    """The relay type."""

    cursor: str
    node: Event


@strawberry.type(description="A page of events, newest first.")
class EventConnection:
    """The relay type."""

    edges: list[EventEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number of events on all pages.")


@strawberry.input(name="EventWhere", description="A filter of events. All given conditions must hold.")
class EventWhereInput:
    """See ingest.ledger.events.events.EventFilter."""

    state: State | None = None
    reason: str | None = strawberry.field(
        default=None, description="The reason code of the event, or of a rejected triplet in one of its studies."
    )
    source: str | None = None


@strawberry.type(description="A triplet that was read from a report and rejected by validation.")
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


@strawberry.type(description="A page of rejected triplets, newest first.")
class RejectionConnection:
    """The relay type."""

    edges: list[RejectionEdge]
    page_info: PageInfo


@strawberry.input(name="RejectionWhere", description="A filter of rejected triplets.")
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
