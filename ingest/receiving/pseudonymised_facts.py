"""Convert a message to the ledger's rows: identifiers become pseudonyms, facts get keys. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from ingest import pseudonyms
from ingest.ledger.studies.assignment import accession_key, item_key
from ingest.ledger.studies.message_facts import NewImage, NewMerge, NewPatient, NewReport, NewSighting, StudySaid
from ingest.messages import ImageFacts, ParsedMessage, PatientFacts, ReportFacts, StudyFacts
from vlmkg.identity import digest


def patients_of(message: ParsedMessage, key: bytes, message_digest: str) -> tuple[NewPatient, ...]:
    """The patients that a message names, each once."""
    people = [*(study.patient for study in message.studies), *message.patients]
    people += [patient for merge in message.merges for patient in (merge.survivor, merge.retired)]
    as_of = _as_of(message, message_digest)
    return tuple(_patient(patient, key, as_of) for patient in dict.fromkeys(people))


def merges_of(message: ParsedMessage, key: bytes, message_digest: str) -> tuple[NewMerge, ...]:
    """The merges of patients in a message, without those of a patient into itself."""
    if not message.merges:
        return ()
    as_of = _as_of(message, message_digest)
    merges = (
        NewMerge(_patient_id(merge.retired, key), _patient_id(merge.survivor, key), as_of) for merge in message.merges
    )
    return tuple(merge for merge in merges if merge.retired_id != merge.survivor_id)


def sightings_of(message: ParsedMessage, key: bytes, message_digest: str) -> tuple[NewSighting, ...]:
    """The sightings of a message: one for each report and image, and for a study with neither."""
    return tuple(found for study in message.studies for found in _sightings(message, study, key, message_digest))


def _patient(patient: PatientFacts, key: bytes, as_of: str) -> NewPatient:
    pseudonym = _patient_id(patient, key)
    return NewPatient(pseudonym, patient.authority, patient.identifier, patient.sex, patient.birth_date, as_of)


def _sightings(message: ParsedMessage, study: StudyFacts, key: bytes, message_digest: str) -> Iterator[NewSighting]:
    patient_id = _patient_id(study.patient, key)
    said = _study_said(study, key)
    within = accession_key(patient_id, said.accession) if said.accession else None
    for facts in study.reports:
        report = _report(message.source, facts, patient_id, key)
        item = item_key("report", patient_id, message.source, report.report_id)
        yield NewSighting(patient_id, patient_id, item, within, said, report=report)
    for image in study.images:
        item = item_key("image", patient_id, image.sop_instance_uid)
        yield NewSighting(patient_id, patient_id, item, within, said, image=_image(image, message_digest))
    if not study.reports and not study.images:
        name = pseudonyms.report_id(key, message.source, message.external_id)
        item = item_key("study", patient_id, message.source, name)
        yield NewSighting(patient_id, patient_id, item, within, said, bare_name=name, ordered=study.ordered)


def _patient_id(patient: PatientFacts, key: bytes) -> str:
    return pseudonyms.patient_id(key, patient.authority, patient.identifier)


def _as_of(message: ParsedMessage, message_digest: str) -> str:
    return f"{_sortable(message.message_time)} {message_digest}"


def _study_said(study: StudyFacts, key: bytes) -> StudySaid:
    accession = study.accession
    return StudySaid(
        study_uid=study.study_uid,
        accession=pseudonyms.accession_id(key, study.patient.authority, accession) if accession else None,
        accession_original=accession,
        modality=study.modality,
        body_part=study.body_part,
        procedure=study.procedure,
        started_at=study.started_at,
    )


def _report(source: str, facts: ReportFacts, patient_id: str, key: bytes) -> NewReport:
    report_id = pseudonyms.report_id(key, source, facts.report_id)
    text_digest = sha256(facts.text.encode()).hexdigest()
    return NewReport(
        report_key=digest(source, patient_id, report_id, text_digest),
        report_id=report_id,
        report_id_original=facts.report_id,
        status=facts.status.value,
        issued_at=facts.issued_at,
        addendum=facts.addendum,
        text_digest=text_digest,
        text=facts.text,
    )


def _image(image: ImageFacts, message_digest: str) -> NewImage:
    file = image.digest or message_digest
    return NewImage(image.sop_instance_uid, file, image.view, image.rows, image.columns, image.pixel_digest)


def _sortable(time: datetime | None) -> str:
    # An unknown time sorts before any.
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z" if time else "0"
