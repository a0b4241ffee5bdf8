"""Fields that only the ledger has and that are filled in after the rows are read: report texts, the stretches of them
that were set aside, and reviews."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection

from api.response_plans import AnswerContext, PendingField, Row, plan_object
from ingest.ledger.readings import set_aside
from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.verdicts import (
    Assertion,
    FindingPosition,
    FoundReview,
    Review,
    Statement,
    about,
    standing,
    state_of,
)
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import reports
from vlmkg.report_parts import SetAside
from vlmkg.schema import Presence


async def fill(answering: AnswerContext, ledger: Ledger) -> None:
    """Fill in the pending fields of a response with one read of the ledger, for any number of rows."""
    if answering.late:
        await asyncio.to_thread(_fill, answering, ledger)


def statement_of(row: Row) -> Statement | None:
    """The statement of a finding's row, as verdicts refer to it. None for a film that an old graph does not name."""
    film = row["reportKey"] is None
    source = row["sopInstanceUid"] if film else row["reportKey"]
    if source is None:
        return None
    places = tuple(sorted(row["placeCodes"] or ()))
    claim = Assertion(Presence(row["presence"]), row["conceptCode"], row["laterality"], row["severity"], places)
    return Statement(row["owner"], FindingPosition(source, film, row["start"], row["end"]), claim)


def _fill(answering: AnswerContext, ledger: Ledger) -> None:
    own = replace(answering, keyed=False, late=[])
    with ledger.read() as connection:
        for filled, late in _by_function(answering.late).items():
            filled(connection, own, late)


def _by_function(late: Sequence[PendingField]) -> dict["Filled", list[PendingField]]:
    found: dict[Filled, list[PendingField]] = {}
    for one in late:
        found.setdefault(_FILLED[one.asked.name], []).append(one)
    return found


def _fill_text(connection: Connection, _own: AnswerContext, late: Sequence[PendingField]) -> None:
    found = reports.texts(connection, [one.row["reportKey"] for one in late])
    for one in late:
        one.made[one.asked.key] = found.get(one.row["reportKey"])


def _fill_set_aside(connection: Connection, own: AnswerContext, late: Sequence[PendingField]) -> None:
    read = [one for one in late if one.row["readBy"] is not None]
    found = set_aside.stretches(connection, [one.row["readBy"] for one in read])
    texts = reports.texts(connection, [one.row["reportKey"] for one in read])
    for one in read:
        key = one.row["reportKey"]
        aside = found.get((one.row["readBy"], key))
        if aside is not None and key in texts:
            shape = plan_object(own, one.asked.type, one.asked.selections).shape
            one.made[one.asked.key] = [shape(_stretch(texts[key], each)) for each in aside]


def _stretch(text: str, aside: SetAside) -> Row:
    return {**asdict(aside), "text": text[aside.start : aside.end]}


def _fill_reviews(connection: Connection, own: AnswerContext, late: Sequence[PendingField]) -> None:
    statements = [statement_of(one.row) for one in late]
    sources = {said.place.source for said in statements if said is not None}
    counting = _by_source(standing(reviews.of_sources(connection, sources)))
    for one, said in zip(late, statements, strict=True):
        of_it = about(counting.get(said.place.source, ()), said) if said else []
        one.made[one.asked.key] = _shown(own, one, of_it)


Filled = Callable[[Connection, AnswerContext, Sequence[PendingField]], None]

_FILLED: dict[str, Filled] = {
    "text": _fill_text,
    "setAside": _fill_set_aside,
    "review": _fill_reviews,
    "reviews": _fill_reviews,
    "reviewedByMe": _fill_reviews,
}
"""The function that fills in each field. Fields of one function are filled in together."""


def _by_source(counting: Sequence[Review]) -> dict[str, list[Review]]:
    found: dict[str, list[Review]] = {}
    for review in counting:
        found.setdefault(review.statement.place.source, []).append(review)
    return found


def _shown(answering: AnswerContext, late: PendingField, found: list[FoundReview]) -> object:
    if late.asked.name == "reviewedByMe":
        return any(one.holds and one.review.reviewer == answering.caller for one in found)
    if late.asked.name == "review":
        return state_of(found).name
    if not found:
        return []
    plan = plan_object(answering, late.asked.type, late.asked.selections)
    return [plan.shape(_row(one)) for one in found]


def _row(found: FoundReview) -> Row:
    review, claim = found.review, found.review.statement.claim
    return {
        "reviewer": review.reviewer,
        "at": review.at,
        "verdict": review.verdict,
        "presence": review.presence,
        "note": review.note,
        "mayRead": review.may_read,
        "holds": found.holds,
        "said": {
            "text": review.words,
            "presence": claim.presence,
            "conceptCode": claim.concept_code,
            "conceptName": review.concept_name,
            "laterality": claim.laterality,
            "severity": claim.severity,
        },
    }
