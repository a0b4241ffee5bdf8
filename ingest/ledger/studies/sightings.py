"""Sightings in the database: write them, read connected ones, move them between studies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, false, select, update

from ingest.ledger.storage.bulk import BulkSelect, bulk_insert, chunks
from ingest.ledger.storage.database import INSERT
from ingest.ledger.storage.tables import events, report_texts, sightings
from ingest.ledger.studies.assignment import StudyReference
from ingest.ledger.studies.message_facts import NewSighting
from ingest.ledger.studies.precedence import precedence


@dataclass(frozen=True, slots=True)
class StoredSighting:
    """A sighting in the ledger, with the facts that decide its study. The last fields are for a report or an image."""

    id: int
    event_id: int
    study_key: str
    place: StudyReference
    report_key: str | None
    status: str | None
    addendum: bool | None
    pixel_digest: str | None = None
    report_id: str | None = None
    sop_instance_uid: str | None = None


@dataclass(frozen=True, slots=True)
class SightingNames:
    """The parts of a sighting's keys: the patient as the message names it, and the names within that patient."""

    said_patient_id: str
    source: str
    report_id: str | None
    sop_instance_uid: str | None
    bare_name: str | None
    accession: str | None


def closure(
    connection: Connection, items: Iterable[str], accessions: Iterable[str], uids: Iterable[str]
) -> list[StoredSighting]:
    """All sightings of these items, accessions and UIDs, and of all items and accessions that occur in them.

    Without repeats (studies.repeats).
    """
    found: dict[int, StoredSighting] = {}
    asked_items, asked_accessions = set[str](), set[str]()
    items, accessions = set(items), set(accessions)
    uids = set(uids)
    while items or accessions or uids:
        for statement, wanted in ((_BY_ITEM, items), (_BY_ACCESSION, accessions), (_BY_UID, uids)):
            for row in statement.rows(connection, wanted):
                if row.id not in found:
                    found[row.id] = _known(row)
        asked_items |= items
        asked_accessions |= accessions
        items = {known.place.item_key for known in found.values()} - asked_items
        accessions = {k.place.accession_key for k in found.values() if k.place.accession_key} - asked_accessions
        uids = set()
    return list(found.values())


def of_events(connection: Connection, event_ids: Collection[int]) -> list[StoredSighting]:
    """The sightings of these events."""
    return [_known(row) for row in _BY_EVENT.rows(connection, event_ids)]


def of_patients(connection: Connection, patient_ids: Collection[str]) -> list[tuple[StoredSighting, SightingNames]]:
    """The sightings whose messages name these patients, and what they name."""
    found = []
    for row in _BY_SAID_PATIENT.rows(connection, patient_ids):
        names = SightingNames(
            row.said_patient_id, row.source, row.report_id, row.sop_instance_uid, row.bare_name, row.accession
        )
        found.append((_known(row), names))
    return found


def rename(connection: Connection, places: Mapping[int, StudyReference]) -> None:
    """Move sightings, by id, to other patients, with new keys."""
    rows = [
        {"sighting": id_, "patient": place.patient_id, "item": place.item_key, "within": place.accession_key}
        for id_, place in sorted(places.items())
    ]
    if rows:
        connection.execute(_RENAME, rows)


def of_patient(connection: Connection, patient_id: str) -> set[str]:
    """The keys of a patient's studies."""
    statement = select(sightings.c.study_key).distinct().where(sightings.c.patient_id == patient_id)
    return set(connection.execute(statement).scalars())


def patients_of(connection: Connection, study_keys: Collection[str], report_keys: Collection[str]) -> list[str]:
    """The patients of these studies and reports, by pseudonym, sorted.

    Both are asked for, since the key of a study changes where studies are joined.
    """
    found: set[str] = set()
    for column, keys in ((sightings.c.study_key, study_keys), (sightings.c.report_key, report_keys)):
        for chunk in chunks(sorted(keys)):
            found.update(
                connection.execute(select(sightings.c.patient_id).distinct().where(column.in_(chunk))).scalars()
            )
    return sorted(found)


def patients_with_uids(connection: Connection, uids: Collection[str]) -> set[tuple[str, str]]:
    """The pairs (UID, patientId) of these UIDs."""
    return {(row.study_uid, row.patient_id) for row in _CLAIMS.rows(connection, uids)}


def insert(
    connection: Connection,
    rows: Sequence[tuple[int, NewSighting]],
    keys: Mapping[str, str],
    repeats: Collection[int] = frozenset(),
) -> None:
    """Write sightings with the ids of their events and the study keys of their items. `repeats`: their positions."""
    written = [
        _row(event_id, new, keys[new.item_key]) | {"repeats": position in repeats}
        for position, (event_id, new) in enumerate(rows)
    ]
    _INSERT.execute(connection, written)


def move(connection: Connection, moves: Mapping[str, str]) -> None:
    """Give all sightings of items, by item key, new study keys."""
    if moves:
        connection.execute(_MOVE, [{"item": item, "key": key} for item, key in sorted(moves.items())])


_SELECT: Select[Any] = (
    select(
        sightings.c.id,
        sightings.c.event_id,
        sightings.c.study_key,
        sightings.c.patient_id,
        sightings.c.item_key,
        sightings.c.study_uid,
        sightings.c.accession_key,
        sightings.c.status,
        sightings.c.addendum,
        sightings.c.issued_at,
        sightings.c.report_key,
        sightings.c.image_digest,
        sightings.c.pixel_digest,
        sightings.c.report_id,
        sightings.c.sop_instance_uid,
        events.c.message_time,
        events.c.digest,
        report_texts.c.text_digest,
    )
    .join(events, events.c.id == sightings.c.event_id)
    .outerjoin(report_texts, report_texts.c.report_key == sightings.c.report_key)
)


# Statements are built once: building one costs three times as much as executing it.
_FIRST_AND_LAST = _SELECT.where(sightings.c.repeats.is_(false()))
_BY_ITEM = BulkSelect(_FIRST_AND_LAST, sightings.c.item_key)
_BY_ACCESSION = BulkSelect(_FIRST_AND_LAST, sightings.c.accession_key)
_BY_UID = BulkSelect(_FIRST_AND_LAST, sightings.c.study_uid)
_BY_EVENT = BulkSelect(_SELECT, sightings.c.event_id)
_BY_SAID_PATIENT = BulkSelect(
    _SELECT.add_columns(
        sightings.c.said_patient_id,
        sightings.c.bare_name,
        sightings.c.accession,
        events.c.source,
    ),
    sightings.c.said_patient_id,
)
_CLAIMS = BulkSelect(select(sightings.c.study_uid, sightings.c.patient_id).distinct(), sightings.c.study_uid)
_INSERT = bulk_insert(dict.fromkeys(INSERT, sightings.insert()), without=["id"])
_MOVE = (
    update(sightings)
    .where(sightings.c.item_key == bindparam("item"), sightings.c.study_key != bindparam("key"))
    .values(study_key=bindparam("key"))
)

_RENAME = (
    update(sightings)
    .where(sightings.c.id == bindparam("sighting"))
    .values(patient_id=bindparam("patient"), item_key=bindparam("item"), accession_key=bindparam("within"))
)


def _known(row: Any) -> StoredSighting:
    content = row.text_digest or row.image_digest or ""
    order = precedence(row.status, row.issued_at, row.message_time, content, row.digest)
    place = StudyReference(row.patient_id, row.item_key, row.study_uid, row.accession_key, order)
    return StoredSighting(
        row.id,
        row.event_id,
        row.study_key,
        place,
        row.report_key,
        row.status,
        row.addendum,
        row.pixel_digest,
        row.report_id,
        row.sop_instance_uid,
    )


def _row(event_id: int, new: NewSighting, study_key: str) -> dict[str, Any]:
    report, image = new.report, new.image
    return {
        "event_id": event_id,
        "patient_id": new.patient_id,
        "study_key": study_key,
        "item_key": new.item_key,
        "accession_key": new.accession_key,
        "study_uid": new.study.study_uid,
        "accession": new.study.accession,
        "accession_original": new.study.accession_original,
        "modality": new.study.modality,
        "body_part": new.study.body_part,
        "procedure": new.study.procedure,
        "started_at": new.study.started_at,
        "report_key": report.report_key if report else None,
        "report_id": report.report_id if report else None,
        "report_id_original": report.report_id_original if report else None,
        "status": report.status if report else None,
        "issued_at": report.issued_at if report else None,
        "addendum": report.addendum if report else None,
        "sop_instance_uid": image.sop_instance_uid if image else None,
        "image_digest": image.digest if image else None,
        "view": image.view if image else None,
        "rows": image.rows if image else None,
        "columns": image.columns if image else None,
        "said_patient_id": new.said_patient_id,
        "bare_name": new.bare_name,
        "ordered": new.ordered,
        "pixel_digest": image.pixel_digest if image else None,
    }
