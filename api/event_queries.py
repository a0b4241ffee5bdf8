"""Queries of received messages, from the ledger."""

from base64 import b64encode
from functools import partial

import strawberry
from sqlalchemy import Connection

from api.errors import ApiError, Code
from api.event_types import (
    Event,
    EventConnection,
    EventParts,
    EventPayload,
    EventWhereInput,
    RejectionConnection,
    RejectionWhereInput,
    event_filter,
    event_rows,
    rejection_row,
)
from api.graph_types import After, First
from api.ids import event_number
from api.resolvers import Info, LedgerAnswer, ask_ledger, own_page, reads_arguments, root_field, shaped
from api.response_plans import Row
from api.strawberry_parts import Shaped
from graph.reads.selection import Page
from ingest.errors import BlobLostError
from ingest.ledger.events import events
from ingest.ledger.events.events import Event as StoredEvent
from ingest.ledger.events.events import EventFilter
from ingest.ledger.readings import extractions
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import sightings
from ingest.receiving.inspection.inspect import inspected
from ingest.receiving.raw import raw_of
from ingest.receiving.submit import Receiver


async def event_row_of(info: Info, number: int) -> Row | None:
    """One event's row, or None."""
    return await ask_ledger(info, partial(_event, number))


async def answer_event(info: Info, given: str) -> Shaped | None:
    """One event by its id or its number, or None."""
    number = event_number(given)
    return None if number is None else shaped(info, "Event", await event_row_of(info, number))


@strawberry.type
class EventQueries:
    """Events and rejected triplets."""

    @strawberry.field(
        description="One event, by its id or its number, with its processing state.", graphql_type=Event | None
    )
    async def event(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """For clients that submitted a report."""
        return await answer_event(info, id)

    @strawberry.field(
        description="The message of an event as it was received; null if there is no such event. For operators.",
        graphql_type=EventPayload | None,
    )
    async def event_payload(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """Contains all of the sender's data: names, numbers, texts."""
        number = event_number(id)
        if number is None:
            return None
        row = await ask_ledger(info, partial(_payload, info.context.services.receiver, number))
        return None if row is None else shaped(info, "EventPayload", row)

    @strawberry.field(
        description="The message of an event, taken apart into named parts, with the part for which it was refused; "
        "null if there is no such event. For admins.",
        graphql_type=EventParts | None,
    )
    async def event_parts(self, info: Info, id: strawberry.ID) -> Shaped | None:  # noqa: A002
        """Contains all of the sender's data: names, numbers, texts."""
        number = event_number(id)
        if number is None:
            return None
        row = await ask_ledger(info, partial(_parts, info.context.services.receiver, number))
        return None if row is None else shaped(info, "EventParts", row)

    @strawberry.field(description="A page of events, newest first. For operators.", graphql_type=EventConnection)
    @reads_arguments
    async def events(
        self, info: Info, where: EventWhereInput | None = None, first: First = 20, after: After = None
    ) -> Shaped:
        """As `vlmkg events list` shows them."""
        del where, first, after
        plan, condition = own_page(info), event_filter(root_field(info).arguments.get("where"))
        rows, total = await ask_ledger(info, partial(_events, condition, plan.page))
        return Shaped(plan.shape(rows, total))

    @strawberry.field(
        description="A page of triplets that validation rejected, newest first. For operators.",
        graphql_type=RejectionConnection,
    )
    @reads_arguments
    async def rejections(
        self, info: Info, where: RejectionWhereInput | None = None, first: First = 20, after: After = None
    ) -> Shaped:
        """For finding errors of an engine or its rules."""
        del where, first, after
        plan, reason = own_page(info), (root_field(info).arguments.get("where") or {}).get("reason")
        rows = await ask_ledger(info, partial(_rejections, reason, plan.page))
        return Shaped(plan.shape(rows, None))


def _event(number: int, ledger: Ledger) -> LedgerAnswer[Row | None]:
    with ledger.read() as connection_:
        found = events.get(connection_, number)
        row = event_rows(connection_, [found])[0] if found else None
        return LedgerAnswer(row, events.patient_ids(connection_, (number,)))


def _payload(receiver: Receiver, number: int, ledger: Ledger) -> LedgerAnswer[Row | None]:
    """The payload's row. Raises ApiError (NO_PAYLOAD) if it was not stored."""
    found, patients = _with_patients(number, ledger)
    if found is None:
        return LedgerAnswer(None, patients)
    raw = _raw(receiver, found)
    row = {"eventId": number, "size": len(raw), "base64": b64encode(raw).decode(), "text": _as_text(raw)}
    return LedgerAnswer(row, patients)


def _parts(receiver: Receiver, number: int, ledger: Ledger) -> LedgerAnswer[Row | None]:
    """The row of the parts. Raises ApiError (NO_PAYLOAD) if the message was not stored."""
    found, patients = _with_patients(number, ledger)
    if found is None:
        return LedgerAnswer(None, patients)
    seen = inspected(found, _raw(receiver, found))
    parts = [{name: getattr(one, name) for name in ("name", "value", "start", "end", "problem")} for one in seen.parts]
    return LedgerAnswer({"eventId": number, "text": seen.text, "cut": seen.cut, "parts": parts}, patients)


def _with_patients(number: int, ledger: Ledger) -> tuple[StoredEvent | None, list[str]]:
    with ledger.read() as connection_:
        return events.get(connection_, number), events.patient_ids(connection_, (number,))


def _raw(receiver: Receiver, found: StoredEvent) -> bytes:
    if found.blob_key is None:
        raise ApiError(Code.NO_PAYLOAD, "the message was too large to store: ask its sender for it")
    try:
        return raw_of(receiver.ledger, receiver.blobs, found)
    except BlobLostError:
        raise ApiError(Code.NO_PAYLOAD, "the message is not in the blob store: restore it from a backup") from None


def _as_text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _events(where: EventFilter, page: Page, ledger: Ledger) -> LedgerAnswer[tuple[list[Row], int | None]]:
    with ledger.read() as connection_:
        found = events.list_events(connection_, where, limit=page.first + 1, before=_before(page))
        rows = [{"key": str(row["eventId"]), "node": row} for row in event_rows(connection_, found)]
        patients = events.patient_ids(connection_, [event.id for event in found])
        return LedgerAnswer((rows, _total(connection_, where, page)), patients)


def _rejections(reason: str | None, page: Page, ledger: Ledger) -> LedgerAnswer[list[Row]]:
    with ledger.read() as connection_:
        found = extractions.rejections(connection_, reason=reason, limit=page.first + 1, before=_before(page))
        rows = [{"key": str(one.id), "node": rejection_row(one)} for one in found]
        studies = {one.study_key for one in found}
        reports = {key for one in found if (key := one.triplet.report_key) is not None}
        return LedgerAnswer(rows, sightings.patients_of(connection_, studies, reports))


def _total(connection_: Connection, where: EventFilter, page: Page) -> int | None:
    return events.count(connection_, where) if page.total else None


def _before(page: Page) -> int | None:
    return int(page.after) if page.after else None
