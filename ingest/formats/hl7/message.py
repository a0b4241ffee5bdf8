"""A message's context, and an order's patient, report and study."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256

from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import clean_words, identifier
from ingest.formats.hl7.documents import document_number, document_time
from ingest.formats.hl7.exam_kind import modality, procedure_words
from ingest.formats.hl7.orders import Order
from ingest.formats.hl7.patient import read_patient
from ingest.formats.settings import FormatSettings
from ingest.formats.times import hl7_time
from ingest.messages import PatientFacts, PatientMerge, ReportFacts, StudyFacts


@dataclass(slots=True)
class Message:
    """The context for reading a message's orders, and its results other than studies: warnings and merges."""

    source: str
    charset: str
    zone: tzinfo
    time: datetime | None
    event: str
    raw: bytes
    settings: FormatSettings
    warnings: dict[EventWarning, None] = field(default_factory=dict)
    merges: dict[PatientMerge, None] = field(default_factory=dict)

    def warn(self, *codes: EventWarning) -> None:
        """Add warnings, each once."""
        self.warnings.update(dict.fromkeys(codes))


def report_id(order: Order, message: Message) -> str:
    """The filler's order number, else the placer's, the document's, the study's UID, else the message's own digest.

    A number with its assigner (`17^RIS`) differs from the same number of another assigner.
    """
    for places in ((("OBR", 3), ("ORC", 3), ("TXA", 15)), (("OBR", 2), ("ORC", 2), ("TXA", 14))):
        for name, number in places:
            segment = order.segment(name)
            if segment and (value := segment.text(number)):
                space = segment.text(number, 2) or segment.text(number, 3)
                return identifier(f"{value}^{space}" if space else value, "order number")
    if name := identifier(document_number(order) or order.study_uid or "", "document number"):
        return name
    message.warn(EventWarning.NO_REPORT_ID)
    return f"sha256:{sha256(message.raw).hexdigest()}"


def study_of(order: Order, report: str, message: Message, reports: tuple[ReportFacts, ...] = ()) -> StudyFacts:
    """The study of an order, with these reports. `report` is the report id."""
    accession = _accession(order, message.settings.hl7_accession)
    return StudyFacts(
        patient=_patient(order, report, message),
        study_uid=order.study_uid,
        accession=identifier(accession, "accession number") or None,
        modality=modality(order),
        body_part=clean_words(order.request.text(15, 4)) if order.request else None,
        procedure=clean_words(procedure_words(order)),
        started_at=_started_at(order, message),
        reports=reports,
    )


def issued_at(order: Order, message: Message) -> datetime | None:
    """The report's time of issue: OBR-22, else its document's time."""
    stated = order.request.field(22) if order.request else ""
    time = hl7_time(stated, message.zone)
    if stated.strip('" ') and time is None:
        message.warn(EventWarning.UNREADABLE_TIME)
    return time or document_time(order, message.zone)


def _started_at(order: Order, message: Message) -> datetime | None:
    """The exam's time: OBR-7, else OBR-6, OBR-22, TXA-4. MSH-7 is only the time of sending.

    The last two are the report's times: they get a warning.
    """
    stated = [order.request.field(number) for number in (7, 6, 22)] if order.request else []
    stated += [order.document.field(4)] if order.document else []
    value = next((value for value in stated if value.strip('" ')), "")
    if not value:
        message.warn(EventWarning.NO_STUDY_TIME)
        return None
    time = hl7_time(value.split("~")[0], message.zone)
    if time is None:
        message.warn(EventWarning.UNREADABLE_TIME)
    elif not any(of_exam.strip('" ') for of_exam in stated[:2]):
        message.warn(EventWarning.STUDY_TIME_OF_REPORT)
    return time


def _patient(order: Order, report: str, message: Message) -> PatientFacts:
    """The patient. A report without any identifier gets its own patient, who is never joined with another."""
    said = read_patient(order.patient, message.settings.authorities, message.source, message.time)
    if said is None:
        message.warn(EventWarning.NO_PATIENT_ID)
        return PatientFacts(authority=f"{message.source} (no patient)", identifier=report)
    if said.expired:
        message.warn(EventWarning.EXPIRED_IDENTIFIER)
    message.merges.update(dict.fromkeys(said.aliases))
    return said.facts


def _accession(order: Order, place: str) -> str:
    segment, _, number = place.partition("-")
    return order.first((segment, int(number)), *([("ORC", 3), ("TXA", 15)] if place == "OBR-3" else []))
