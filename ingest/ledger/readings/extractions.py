"""Results of extractions: the first committed result of an identity is kept and reused by every retry and rebuild."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from ingest.ledger import unread_totals
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.database import insert, now
from ingest.ledger.storage.tables import extractions, sightings, study_extractions, study_readings
from ingest.ledger.storage.tables import rejections as rejected
from ingest.ledger.study_facts import LedgerExtraction, extraction_of
from ingest.ledger.unread_totals import UnreadTexts


@dataclass(frozen=True, slots=True)
class RejectedTriplet:
    """A triplet that validation rejected. `report_key` is None for one read from an image."""

    reason: str
    head: str
    relation: str
    tail: str
    detail: str = ""
    report_key: str | None = None


@dataclass(frozen=True, slots=True)
class StudyReading:
    """The result of the extract stage for one study: the extraction for these inputs, and the rejected triplets.

    `extraction` may already be in the ledger (`find`): then only the selection is new. `unread` is the amount of unread
    text; None if it was counted before.
    """

    input_digest: str
    extraction: LedgerExtraction
    rejections: tuple[RejectedTriplet, ...] = ()
    unread: UnreadTexts | None = None


@dataclass(frozen=True, slots=True)
class RejectionRow:
    """A rejected triplet in the ledger, with its extraction and study."""

    id: int
    extraction_id: str
    study_key: str
    triplet: RejectedTriplet


def find(connection: Connection, extraction_ids: Sequence[str]) -> dict[str, LedgerExtraction]:
    """The committed extractions among these ids."""
    return {
        row.extraction_id: extraction_of(row)
        for chunk in chunks(sorted(set(extraction_ids)))
        for row in connection.execute(select(extractions).where(extractions.c.extraction_id.in_(chunk)))
    }


def commit(connection: Connection, readings: Sequence[StudyReading]) -> None:
    """Store each extraction, as `keep` does, and select it for its study and inputs.

    Called by claims.complete_extract under the claim's fence.
    """
    if readings:
        keep(connection, readings)
        _select(connection, readings)


def keep(connection: Connection, readings: Sequence[StudyReading]) -> None:
    """Store each extraction unless its identity exists, and record its study and inputs.

    The selected readings of these studies do not change.
    """
    by_id = {reading.extraction.extraction_id: reading for reading in readings}
    statement = insert(connection, extractions).on_conflict_do_nothing().returning(extractions.c.extraction_id)
    rows = [asdict(by_id[extraction_id].extraction) for extraction_id in sorted(by_id)]
    new = list(connection.execute(statement, rows).scalars())
    for extraction_id in new:
        _reject(connection, by_id[extraction_id])
    unread_totals.keep(connection, {identity: counts for identity in new if (counts := by_id[identity].unread)})
    made = sorted((r.extraction.study_key, r.input_digest, r.extraction.extraction_id) for r in readings)
    connection.execute(
        insert(connection, study_readings).on_conflict_do_nothing(),
        [dict(zip(("study_key", "input_digest", "extraction_id"), row, strict=True)) for row in made],
    )


def rejections(
    connection: Connection, *, reason: str | None = None, limit: int, before: int | None = None
) -> list[RejectionRow]:
    """Rejected triplets, newest first, at most `limit`, with ids below `before`."""
    statement = select(rejected, extractions.c.study_key).join(
        extractions, extractions.c.extraction_id == rejected.c.extraction_id
    )
    if reason is not None:
        statement = statement.where(rejected.c.reason == reason)
    if before is not None:
        statement = statement.where(rejected.c.id < before)
    rows = connection.execute(statement.order_by(rejected.c.id.desc()).limit(limit))
    return [
        RejectionRow(
            row.id,
            row.extraction_id,
            row.study_key,
            RejectedTriplet(row.reason, row.head, row.relation, row.tail, row.detail, row.report_key),
        )
        for row in rows
    ]


def warnings_of(connection: Connection, event_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The warning codes of the newest readings of each event's studies, sorted."""
    columns = (sightings.c.event_id, sightings.c.study_key, extractions.c.warnings)
    statement = (
        select(*columns)
        .join(study_extractions, study_extractions.c.study_key == sightings.c.study_key)
        .join(extractions, extractions.c.extraction_id == study_extractions.c.extraction_id)
        .order_by(study_extractions.c.selected_at)
    )
    newest: dict[int, dict[str, tuple[str, ...]]] = {event_id: {} for event_id in event_ids}
    for chunk in chunks(event_ids):
        for row in connection.execute(statement.where(sightings.c.event_id.in_(chunk))):
            newest[row.event_id][row.study_key] = row.warnings
    return {event_id: tuple(sorted(set(chain(*found.values())))) for event_id, found in newest.items()}


def _reject(connection: Connection, reading: StudyReading) -> None:
    rows: list[dict[str, Any]] = [
        asdict(triplet) | {"extraction_id": reading.extraction.extraction_id} for triplet in reading.rejections
    ]
    if rows:
        connection.execute(rejected.insert(), rows)


def _select(connection: Connection, readings: Sequence[StudyReading]) -> None:
    statement = insert(connection, study_extractions)
    statement = statement.on_conflict_do_update(
        index_elements=["study_key", "input_digest"],
        set_={
            "extraction_id": statement.excluded.extraction_id,
            "selected_at": statement.excluded.selected_at,
        },
    )
    at = now(connection)
    rows = [
        {
            "study_key": reading.extraction.study_key,
            "input_digest": reading.input_digest,
            "extraction_id": reading.extraction.extraction_id,
            "selected_at": at,
        }
        for reading in readings
    ]
    connection.execute(statement, sorted(rows, key=lambda row: (row["study_key"], row["input_digest"])))
