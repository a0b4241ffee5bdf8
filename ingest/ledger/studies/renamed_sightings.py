"""Sightings of merged patients, renamed to the surviving patient."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ingest.ledger.studies import repeats
from ingest.ledger.studies import sightings as stored
from ingest.ledger.studies.assignment import StudyReference, accession_key, item_key
from ingest.ledger.studies.message_facts import NewEvent, NewSighting
from ingest.ledger.studies.sightings import SightingNames, StoredSighting


@dataclass(frozen=True, slots=True)
class RenamedSighting:
    """A sighting as it was, and its new study reference."""

    old: StoredSighting
    place: StudyReference


def under_survivor(event: NewEvent, sighting: NewSighting, survivors: Mapping[str, str]) -> NewSighting:
    """A new sighting, moved to the surviving patient if its patient was merged."""
    survivor = survivors.get(sighting.said_patient_id)
    if survivor is None:
        return sighting
    report, image = sighting.report, sighting.image
    names = SightingNames(
        said_patient_id=sighting.said_patient_id,
        source=event.source,
        report_id=report.report_id if report else None,
        sop_instance_uid=image.sop_instance_uid if image else None,
        bare_name=sighting.bare_name,
        accession=sighting.study.accession,
    )
    item, accession = _keys(survivor, names)
    return replace(sighting, patient_id=survivor, item_key=item or sighting.item_key, accession_key=accession)


def rename(connection: Connection, survivors: Mapping[str, str]) -> list[RenamedSighting]:
    """Move all sightings of these patients, as messages name them, to the surviving patients."""
    renamed = []
    for old, names in stored.of_patients(connection, survivors):
        survivor = survivors[names.said_patient_id]
        item, accession = _keys(survivor, names)
        place = replace(old.place, patient_id=survivor, item_key=item or old.place.item_key, accession_key=accession)
        renamed.append(RenamedSighting(old, place))
    stored.rename(connection, {one.old.id: one.place for one in renamed})
    repeats.unmark(connection, {item for one in renamed for item in (one.old.place.item_key, one.place.item_key)})
    return renamed


def _keys(patient_id: str, names: SightingNames) -> tuple[str | None, str | None]:
    """The keys of item and accession within a patient, as receiving makes them (ingest.receiving.pseudonymised_facts).

    No key of an item: a bare study that was received before bare studies kept their names.
    """
    accession = accession_key(patient_id, names.accession) if names.accession else None
    if names.report_id is not None:
        return item_key("report", patient_id, names.source, names.report_id), accession
    if names.sop_instance_uid is not None:
        return item_key("image", patient_id, names.sop_instance_uid), accession
    if names.bare_name is not None:
        return item_key("study", patient_id, names.source, names.bare_name), accession
    return None, accession
