"""Small real messages, as the parsers give them, and the events that they make."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ingest.ledger.events.record import Receipt, record
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies.message_facts import NewEvent
from ingest.messages import (
    ImageFacts,
    ParsedMessage,
    PatientFacts,
    PatientMerge,
    ReportFacts,
    ReportStatus,
    StudyFacts,
)
from ingest.receiving.pseudonymised_facts import merges_of, patients_of, sightings_of

KEY = b"0123456789abcdef0123456789abcdef"
DAY = datetime(2024, 5, 1, 8, tzinfo=UTC)


def at(hours: float) -> datetime:
    """A time of the day on which all messages are sent."""
    return DAY + timedelta(hours=hours)


def report(report_id: str, text: str, status: str = "F", issued: float | None = None, *, addendum: bool = False):
    return ReportFacts(report_id, ReportStatus(status), text, None if issued is None else at(issued), addendum)


def image(uid: str, digest: str = "d") -> ImageFacts:
    return ImageFacts(uid, digest, "PA", 10, 20)


def study(
    *contents: ReportFacts | ImageFacts, patient: str = "p1", uid: str | None = None, accession: str | None = None
):
    return StudyFacts(
        PatientFacts("HOSP", patient, "female"),
        study_uid=uid,
        accession=accession,
        reports=tuple(content for content in contents if isinstance(content, ReportFacts)),
        images=tuple(content for content in contents if isinstance(content, ImageFacts)),
    )


def message(*studies: StudyFacts, sent: float | None = None, source: str = "ris", warnings: tuple[str, ...] = ()):
    names = [facts.report_id for said in studies for facts in said.reports]
    names += [facts.sop_instance_uid for said in studies for facts in said.images]
    external_id = names[0] if names else "none"
    return ParsedMessage(source, external_id, None if sent is None else at(sent), studies, warnings)


def order(*, patient: str = "p1", uid: str | None = None, accession: str | None = None, sent: float | None = None):
    """An exam that was asked for."""
    return message(
        replace(study(patient=patient, uid=uid, accession=accession), ordered=True, modality="DX"), sent=sent
    )


def patient(name: str, sex: str | None = None) -> PatientFacts:
    return PatientFacts("HOSP", name, sex)


def update(name: str, sex: str, sent: float | None = None):
    """What ADT^A08 says."""
    return ParsedMessage("adt", "ADT^A08", None if sent is None else at(sent), (), (), (patient(name, sex),))


def merge(retired: str, survivor: str, sent: float | None = None):
    """What ADT^A40 says."""
    both = PatientMerge(patient(survivor), patient(retired))
    return ParsedMessage("adt", "ADT^A40", None if sent is None else at(sent), (), (), (), (both,))


def event(parsed: ParsedMessage, digest: str = "") -> NewEvent:
    """The event of a message. Its digest is that of its facts, as if these were its bytes."""
    digest = digest or sha256(repr(parsed).encode()).hexdigest()
    return NewEvent(
        source=parsed.source,
        external_id=parsed.external_id,
        digest=digest,
        format="hl7",
        origin_name="",
        origin_source=None,
        origin_time=None,
        blob_key=digest,
        size=1,
        message_time=parsed.message_time,
        warnings=parsed.warnings,
        patients=patients_of(parsed, KEY, digest),
        sightings=sightings_of(parsed, KEY, ""),
        merges=merges_of(parsed, KEY, digest),
    )


def receive(ledger: Ledger, *parsed: ParsedMessage) -> list[Receipt]:
    """Record messages in one transaction."""
    with ledger.write() as connection:
        return record(connection, [event(said) for said in parsed])
