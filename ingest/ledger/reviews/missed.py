"""Findings that the reading of a report missed, as persons mark them. Rows are never changed.

A mark belongs to words of one version of a report, not to an extraction: it stays when the report is read again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from ingest.ledger.storage.bulk import BulkSelect, chunks
from ingest.ledger.storage.database import now
from ingest.ledger.storage.tables import missed_findings, patients, sightings
from vlmkg.schema import Presence, RelationType


@dataclass(frozen=True, slots=True)
class Target:
    """The words that a missed finding is related to, and how. Code points of the same text."""

    relation: RelationType
    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class NewMark:
    """A new mark, or (`withdrawn`) the end of the reviewer's earlier mark of the same words."""

    reviewer: str
    patient_id: str
    report_key: str
    start: int
    end: int
    words: str
    presence: Presence
    concept_code: str | None = None
    concept_name: str | None = None
    target: Target | None = None
    note: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A stored mark. `patient_id` is the surviving patient."""

    id: int
    at: datetime
    said: NewMark


def add(connection: Connection, new: NewMark) -> int:
    """Write a mark. Returns its number."""
    target = new.target
    row = {
        "at": now(connection),
        "reviewer": new.reviewer,
        "withdrawn": new.withdrawn,
        "patient_id": new.patient_id,
        "report_key": new.report_key,
        "span_start": new.start,
        "span_end": new.end,
        "words": new.words,
        "presence": new.presence,
        "concept_code": new.concept_code,
        "concept_name": new.concept_name,
        "relation": target.relation if target else None,
        "target_start": target.start if target else None,
        "target_end": target.end if target else None,
        "target_words": target.words if target else None,
        "note": new.note,
    }
    written: int = connection.execute(missed_findings.insert().returning(missed_findings.c.id), row).scalar_one()
    return written


def withdraw(connection: Connection, number: int, reviewer: str) -> Mark | None:
    """Withdraw a reviewer's own mark. Returns it; None if there is none of this number that counts."""
    keys = select(missed_findings.c.report_key).where(missed_findings.c.id == number)
    marks = of_reports(connection, connection.execute(keys).scalars().all())
    found = next((one for one in marks if one.id == number and one.said.reviewer == reviewer), None)
    if found is not None:
        add(connection, replace(found.said, withdrawn=True))
    return found


def of_reports(connection: Connection, report_keys: Iterable[str]) -> list[Mark]:
    """The marks of these reports that count, in the order of writing."""
    found = sorted((_mark(row) for row in _OF_REPORTS.rows(connection, set(report_keys))), key=lambda one: one.id)
    return standing(found)


def of_study(connection: Connection, study_key: str) -> list[Mark]:
    """The marks that count in all reports of a study."""
    keys = select(sightings.c.report_key).distinct().where(sightings.c.study_key == study_key)
    return of_reports(connection, [key for key in connection.execute(keys).scalars() if key is not None])


def everything(connection: Connection) -> list[Mark]:
    """All marks that count."""
    keys = connection.execute(select(missed_findings.c.report_key).distinct()).scalars()
    return of_reports(connection, list(keys))


def standing(marks: Sequence[Mark]) -> list[Mark]:
    """Each reviewer's latest mark of each span, unless it was withdrawn."""
    latest = {(one.said.reviewer, one.said.report_key, one.said.start, one.said.end): one for one in marks}
    return sorted((one for one in latest.values() if not one.said.withdrawn), key=lambda one: one.id)


def remove(connection: Connection, gone: Collection[str]) -> None:
    """Delete the marks of permanently removed reports."""
    for chunk in chunks(sorted(gone)):
        connection.execute(delete(missed_findings).where(missed_findings.c.report_key.in_(chunk)))


_SURVIVOR = func.coalesce(patients.c.survivor_id, missed_findings.c.patient_id).label("owner_id")
_OF_REPORTS = BulkSelect(
    select(missed_findings, _SURVIVOR).outerjoin(patients, patients.c.patient_id == missed_findings.c.patient_id),
    missed_findings.c.report_key,
)


def _mark(row: Any) -> Mark:
    target = None
    if row.relation is not None:
        target = Target(RelationType(row.relation), row.target_start, row.target_end, row.target_words)
    said = NewMark(
        reviewer=row.reviewer,
        patient_id=row.owner_id,
        report_key=row.report_key,
        start=row.span_start,
        end=row.span_end,
        words=row.words,
        presence=Presence(row.presence),
        concept_code=row.concept_code,
        concept_name=row.concept_name,
        target=target,
        note=row.note,
        withdrawn=bool(row.withdrawn),
    )
    return Mark(row.id, row.at, said)
