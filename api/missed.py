"""Marks of missed findings: the mutations that store and withdraw them, and the marks of a study."""

import asyncio
from functools import partial

from api.errors import ApiError, Code
from api.missed_types import MissedFindingInput, MissedRelationInput
from api.resolvers import Info, LedgerAnswer, ask, ask_ledger, given_key, shaped
from api.response_plans import Row
from api.reviewing import checked_note
from api.strawberry_parts import Shaped
from graph.reads.concepts import concept_by_code
from graph.reads.selection import Selection
from ingest.ledger.reviews import missed
from ingest.ledger.reviews.missed import Mark, NewMark, Target
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import reports, sightings

MOST_CHARACTERS = 400
"""Most code points of marked words: a finding is a phrase, not a paragraph."""


async def answer_missed(info: Info, study_key: str) -> Shaped:
    """The marks that count in the reports of a study, oldest first."""
    rows = await ask_ledger(info, partial(_of_study, given_key(info, study_key)))
    found = (_shaped(info, row) for row in rows)
    return Shaped([one.value for one in found if one is not None])


async def mark_missed(info: Info, given: MissedFindingInput) -> Shaped | None:
    """The stored mark; None if the ledger has no such report. Raises ApiError (BAD_USER_INPUT)."""
    ledger = info.context.services.receiver.ledger
    found = await asyncio.to_thread(_report, ledger, given.report_key)
    if found is None:
        return None
    text, patients = found
    info.context.trail.saw(*patients)
    name = await _concept_name(info, given.concept_code)
    new = NewMark(
        reviewer=info.context.caller.name,
        patient_id=patients[0],
        report_key=given.report_key,
        start=given.start,
        end=given.end,
        words=_words(text, given.start, given.end),
        presence=given.presence,
        concept_code=given.concept_code,
        concept_name=name,
        target=_target(text, given, given.relation),
        note=checked_note(given.note),
    )
    return _shaped(info, await asyncio.to_thread(_add, ledger, new))


async def withdraw_missed(info: Info, number: str) -> Shaped | None:
    """The withdrawn mark; None if the caller has none of this number that counts."""
    row = await ask_ledger(info, partial(_withdrawn, number, info.context.caller.name))
    return None if row is None else _shaped(info, row)


def _shaped(info: Info, row: Row) -> Shaped | None:
    return shaped(info, "MissedFinding", row)


async def _concept_name(info: Info, code: str | None) -> str | None:
    if code is None:
        return None
    rows = await ask(info, concept_by_code(code, (Selection("name"),)))
    if not rows:
        raise ApiError(Code.BAD_USER_INPUT, "the graph has no concept of this code: take one that `concepts` returns")
    name: str = rows[0]["node"]["name"]
    return name


def _words(text: str, start: int, end: int) -> str:
    if not 0 <= start < end <= len(text) or end - start > MOST_CHARACTERS or not text[start:end].strip():
        raise ApiError(
            Code.BAD_USER_INPUT,
            f"`start` and `end` are no words of the report: give 1 to {MOST_CHARACTERS} code points of its text",
            limit=MOST_CHARACTERS,
        )
    return text[start:end]


def _target(text: str, given: MissedFindingInput, relation: MissedRelationInput | None) -> Target | None:
    if relation is None:
        return None
    if relation.start < given.end and given.start < relation.end:
        raise ApiError(Code.BAD_USER_INPUT, "the relation leads to the marked words themselves: give other words")
    words = _words(text, relation.start, relation.end)
    return Target(relation.type, relation.start, relation.end, words)


def _report(ledger: Ledger, report_key: str) -> tuple[str, list[str]] | None:
    with ledger.read() as connection:
        text = reports.texts(connection, [report_key]).get(report_key)
        patients = sightings.patients_of(connection, (), [report_key])
    return None if text is None or not patients else (text, patients)


def _add(ledger: Ledger, new: NewMark) -> Row:
    with ledger.write() as connection:
        number = missed.add(connection, new)
        (mark,) = [one for one in missed.of_reports(connection, [new.report_key]) if one.id == number]
    return _row(mark)


def _withdrawn(number: str, reviewer: str, ledger: Ledger) -> LedgerAnswer[Row | None]:
    with ledger.write() as connection:
        found = missed.withdraw(connection, int(number), reviewer) if number.isdecimal() else None
    return LedgerAnswer(None, ()) if found is None else LedgerAnswer(_row(found), [found.said.patient_id])


def _of_study(study_key: str, ledger: Ledger) -> LedgerAnswer[list[Row]]:
    with ledger.read() as connection:
        marks = missed.of_study(connection, study_key)
        patients = sightings.patients_of(connection, [study_key], ())
    return LedgerAnswer([_row(mark) for mark in marks], patients)


def _row(mark: Mark) -> Row:
    said, target = mark.said, mark.said.target
    return {
        "missedId": mark.id,
        "reviewer": said.reviewer,
        "at": mark.at,
        "reportKey": said.report_key,
        "start": said.start,
        "end": said.end,
        "text": said.words,
        "presence": said.presence,
        "conceptCode": said.concept_code,
        "conceptName": said.concept_name,
        "relation": target
        and {"type": target.relation, "start": target.start, "end": target.end, "text": target.words},
        "note": said.note,
    }
