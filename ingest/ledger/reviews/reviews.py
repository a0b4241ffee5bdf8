"""Reviews in the ledger: add one, and read those of reports and films. Rows are never changed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select

from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Review, Statement
from ingest.ledger.storage.bulk import BulkSelect, chunks
from ingest.ledger.storage.database import now
from ingest.ledger.storage.tables import finding_reviews, patients, sightings
from ingest.ledger.studies import graph_outbox
from ingest.ledger.studies.merges import survivor_of
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class NewReview:
    """A new review. See Review."""

    reviewer: str
    may_read: bool
    verdict: Verdict | None
    presence: Presence | None
    note: str | None
    statement: Statement
    words: str
    section: str
    concept_name: str
    extraction_id: str
    mention_id: str


def add(connection: Connection, new: NewReview) -> None:
    """Write a review, and mark its study for the graph."""
    said = new.statement
    row = {
        "at": now(connection),
        "reviewer": new.reviewer,
        "may_read": new.may_read,
        "verdict": new.verdict,
        "presence": new.presence,
        "note": new.note,
        "patient_id": said.patient_id,
        "source": said.place.source,
        "film": said.place.film,
        "span_start": said.place.start,
        "span_end": said.place.end,
        "words": new.words,
        "section": new.section,
        "said_presence": said.claim.presence,
        "concept_code": said.claim.concept_code,
        "concept_name": new.concept_name,
        "laterality": said.claim.laterality,
        "severity": said.claim.severity,
        "place_codes": said.claim.place_codes,
        "extraction_id": new.extraction_id,
        "mention_id": new.mention_id,
    }
    connection.execute(finding_reviews.insert(), row)
    graph_outbox.mark_studies(connection, _studies_of(connection, said))


def of_sources(connection: Connection, sources: Iterable[str]) -> list[Review]:
    """All reviews of findings in these reports (by reportKey) and films (by UID), in the order of writing.

    Each has the surviving patient of the patient that it was written for.
    """
    return sorted((_review(row) for row in _OF_SOURCES.rows(connection, set(sources))), key=lambda one: one.id)


def sources(connection: Connection) -> list[str]:
    """The reports and films that have reviews, sorted."""
    statement = select(finding_reviews.c.source).distinct().order_by(finding_reviews.c.source)
    return list(connection.execute(statement).scalars())


def remove(connection: Connection, gone: Collection[str]) -> None:
    """Delete the reviews of permanently removed reports and films."""
    for chunk in chunks(sorted(gone)):
        connection.execute(delete(finding_reviews).where(finding_reviews.c.source.in_(chunk)))


_SURVIVOR = func.coalesce(patients.c.survivor_id, finding_reviews.c.patient_id).label("survivor_id")
_OF_SOURCES = BulkSelect(
    select(finding_reviews, _SURVIVOR).outerjoin(patients, patients.c.patient_id == finding_reviews.c.patient_id),
    finding_reviews.c.source,
)


def _studies_of(connection: Connection, said: Statement) -> list[str]:
    """The present study of the report or film, which may differ from the one in the reviewer's graph."""
    source = said.place.source
    owners = {said.patient_id, survivor_of(connection, said.patient_id)}
    statement = select(sightings.c.study_key).distinct()
    statement = statement.where(
        sightings.c.patient_id.in_(sorted(owners)),
        or_(sightings.c.report_key == source, sightings.c.sop_instance_uid == source),
    )
    return list(connection.execute(statement).scalars())


def _review(row: Any) -> Review:
    claim = Assertion(
        Presence(row.said_presence), row.concept_code, row.laterality, row.severity, tuple(sorted(row.place_codes))
    )
    place = FindingPosition(row.source, bool(row.film), row.span_start, row.span_end)
    return Review(
        id=row.id,
        at=row.at,
        reviewer=row.reviewer,
        may_read=bool(row.may_read),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        presence=None if row.presence is None else Presence(row.presence),
        note=row.note,
        statement=Statement(row.survivor_id, place, claim),
        words=row.words,
        section=row.section,
        concept_name=row.concept_name,
        extraction_id=row.extraction_id,
        mention_id=row.mention_id,
    )
