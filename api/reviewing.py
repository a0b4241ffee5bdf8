"""The mutation `reviewFinding`, which stores a review in the ledger."""

import asyncio
import unicodedata
from typing import Any

import strawberry

from api.errors import ApiError, Code
from api.graph_types import Finding
from api.ids import split
from api.ledger_fields import fill, statement_of
from api.resolvers import Info, answering_of, ask, given_key, root_field
from api.response_plans import STATEMENT, Row, plan_object
from api.review_types import ReviewVerdict
from api.rights import Right
from api.strawberry_parts import Shaped
from graph.reads.findings import finding_by_id
from graph.reads.selection import Selection
from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.reviews import NewReview
from ingest.ledger.storage.database import Ledger
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict

MAX_NOTE = 2_000
"""Most characters of a note."""

_FACTS = (
    *STATEMENT,
    Selection("text"),
    Selection("section"),
    Selection("concept", "concept", (Selection("name"),)),
    Selection("extractionId", "extractionId"),
)


@strawberry.type(description="The result of a review.")
class ReviewFindingPayload:
    """The review is stored in the ledger in any case."""

    finding: Finding | None = strawberry.field(
        description="The finding with the review; null if a new reading has just replaced it."
    )


async def review_finding(
    info: Info, given_id: str, verdict: ReviewVerdict, note: str | None, presence: Presence | None
) -> Shaped | None:
    """The payload; None if the graph has no such finding. Raises ApiError (BAD_USER_INPUT)."""
    kind, shown = split(given_id)
    if kind != "Finding":
        raise ApiError(Code.BAD_USER_INPUT, "only findings can be reviewed: give the `id` of a finding")
    mention_id = given_key(info, shown)
    rows = await ask(info, finding_by_id(mention_id, _FACTS))
    if not rows:
        return None
    ledger = info.context.services.receiver.ledger
    new = _new(info, mention_id, rows[0]["node"], verdict, checked_note(note), presence)
    await asyncio.to_thread(_add, ledger, new)
    return await _payload(info, mention_id, ledger)


def _new(
    info: Info, mention_id: str, facts: Row, verdict: ReviewVerdict, note: str | None, presence: Presence | None
) -> NewReview:
    said = statement_of(facts)
    if said is None:
        raise ApiError(
            Code.BAD_USER_INPUT, "the graph was written by a version that could not review films: run vlmkg rebuild"
        )
    if presence is not None and (verdict is not ReviewVerdict.WRONG or presence is said.claim.presence):
        raise ApiError(
            Code.BAD_USER_INPUT, "`presence` is accepted only with WRONG and must differ from the finding's presence"
        )
    return NewReview(
        reviewer=info.context.caller.name,
        may_read=info.context.caller.may(Right.REPORT_TEXT),
        verdict=None if verdict is ReviewVerdict.WITHDRAWN else Verdict(verdict.value),
        presence=presence,
        note=note,
        statement=said,
        words=facts["text"],
        section=facts["section"],
        concept_name=facts["concept"]["name"],
        extraction_id=facts["extractionId"],
        mention_id=mention_id,
    )


def checked_note(note: str | None) -> str | None:
    """A note without surrounding space; None if it is empty. Raises ApiError (BAD_USER_INPUT)."""
    if note is None or not note.strip():
        return None
    if len(note) > MAX_NOTE:
        raise ApiError(Code.BAD_USER_INPUT, f"the note is too long: it may have {MAX_NOTE} characters", limit=MAX_NOTE)
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in note):
        raise ApiError(Code.BAD_USER_INPUT, "the note has control characters: send text without them")
    return note.strip()


def _add(ledger: Ledger, new: NewReview) -> None:
    with ledger.write() as connection:
        reviews.add(connection, new)


async def _payload(info: Info, mention_id: str, ledger: Ledger) -> Shaped:
    answering = answering_of(info)
    schema = info.context.document.schema
    plan = plan_object(answering, schema.type_map[ReviewFindingPayload.__name__], root_field(info).selections)
    row: dict[str, Any] = {}
    for selected in plan.selected:
        found = await ask(info, finding_by_id(mention_id, selected.fields))
        row[selected.key] = found[0]["node"] if found else None
    made = plan.shape(row)
    await fill(answering, ledger)
    return Shaped(made)
