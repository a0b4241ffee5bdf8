"""HL7 v2 messages of radiology, v2.3 to v2.8: results (ORU^R01), orders (ORM^O01), patients (ADT).

In a result one order (OBR) is one study and its text one report. The filler's order number (OBR-3) is the report id, so
that the preliminary, final and corrected messages of a report are versions of one another. An order message tells what
an exam is to be. Which field is read for what is in docs/conformance/hl7.md.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from hashlib import sha256

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import clean_text, clean_words, identifier, report_text, require_raw_size
from ingest.formats.hl7.admission import MERGES, UPDATES, read_merges, read_patients
from ingest.formats.hl7.charset import decode
from ingest.formats.hl7.exam_kind import is_radiology, modality, procedure_words
from ingest.formats.hl7.orders import Order, read_orders
from ingest.formats.hl7.patient import read_patient
from ingest.formats.hl7.segments import Segment, read_segments
from ingest.formats.hl7.status import is_appended, order_status
from ingest.formats.hl7.text import order_text
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.formats.times import hl7_offset, hl7_time
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "hl7"
EVENTS = {"ORU": frozenset({"R01", ""}), "ORM": frozenset({"O01", ""}), "ADT": UPDATES | MERGES}
"""Message types (MSH-9) that are taken, and their trigger events."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FRAMING = b"\x0b\x1c\r\n\t \x00"
"""Bytes that may stand around a message: MLLP's VT and FS, line ends, padding."""


@dataclass(slots=True)
class _Message:
    """What the message as a whole says, for the reading of its orders, and the warnings that this gives."""

    source: str
    charset: str
    zone: tzinfo
    time: datetime | None
    raw: bytes
    settings: FormatSettings
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, *codes: str) -> None:
        self.warnings.update(dict.fromkeys(codes))


CANCELLED = frozenset({"CA", "OC", "CR", "DC", "OD", "DR"})
"""ORC-1 (table 0119) of an order that was cancelled or discontinued."""


def parse(raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    """Read one message. Refuses what is none that is known (`unreadable`, `wrong_message_type`, `wrong_processing_id`,
    `bad_encoding`) or names no patient (`no_patient`); results and orders without a radiology order (`not_radiology`),
    and results without words (`no_report_text`) unless they withdraw a report."""
    require_raw_size(raw)
    stripped = raw.removeprefix(BYTE_ORDER_MARK).strip(FRAMING)
    text, charset, warnings = decode(stripped, settings.hl7_charset)
    segments = read_segments(text)
    message = _message(segments, charset, stripped, origin, settings)
    message.warn(*warnings)
    kind, event = segments[0].text(9).upper(), segments[0].text(9, 2).upper()
    if kind == "ADT":
        return _admission(segments, event, message)
    orders = _radiology(read_orders(segments), message)
    if kind == "ORM":
        return _orders(orders, message)
    return _results(orders, message)


def _admission(segments: list[Segment], event: str, message: _Message) -> ParsedMessage:
    """The patients of an ADT. Its external id is its kind: a patient's identifier is nothing to list events by."""
    authorities = message.settings.authorities
    merges = read_merges(segments, authorities, message.source) if event in MERGES else ()
    patients = read_patients(segments, authorities, message.source) if event in UPDATES else ()
    external_id = f"ADT^{event}"
    return ParsedMessage(message.source, external_id, message.time, (), tuple(message.warnings), patients, merges)


def _orders(orders: list[Order], message: _Message) -> ParsedMessage:
    """What is to be made. A cancelled order says nothing; neither does one under which no report could be found."""
    placed = [order for order in orders if order.first(("ORC", 1)).upper() not in CANCELLED]
    if len(placed) < len(orders):
        message.warn("cancelled_order")
    studies = [
        replace(_study_of(order, _report_id(order, message), message), started_at=None, ordered=True)
        for order in placed
    ]
    return ParsedMessage(
        message.source,
        _report_id(orders[0], message),
        message.time,
        tuple(study for study in studies if study.accession or study.study_uid),
        tuple(message.warnings),
    )


def _results(orders: list[Order], message: _Message) -> ParsedMessage:
    studies = [study for order in _joined(orders, message) if (study := _study(order, message)).reports]
    if not studies:
        detail = "no order has any text"
        raise MessageRefusedError(
            Reason.NO_REPORT_TEXT, detail, source=message.source, external_id=_report_id(orders[0], message)
        )
    if len(studies) < len(orders):
        message.warn("report_without_text")
    return ParsedMessage(
        message.source, studies[0].reports[0].report_id, message.time, tuple(studies), tuple(message.warnings)
    )


def _message(segments: list[Segment], charset: str, raw: bytes, origin: Origin, settings: FormatSettings) -> _Message:
    header = segments[0]
    source = origin.source or identifier(header.text(4) or header.text(3), "sending facility") or SOURCE
    if header.text(9, 2).upper() not in EVENTS.get(header.text(9).upper(), ()):
        detail = f"the message is none of {', '.join(EVENTS)} that is taken"
        raise MessageRefusedError(Reason.WRONG_MESSAGE_TYPE, detail, source=source)
    if header.text(11).upper() not in settings.processing_ids:
        detail = "the message is not of production (MSH-11, VLMKG_HL7_PROCESSING_IDS)"
        raise MessageRefusedError(Reason.WRONG_PROCESSING_ID, detail, source=source)
    if sum(segment.name == "MSH" for segment in segments) > 1:
        raise MessageRefusedError(Reason.UNREADABLE, "one frame holds several messages", source=source)
    zone = hl7_offset(header.field(7)) or settings.zone
    return _Message(source, charset, zone, hl7_time(header.field(7), zone) or origin.modified_at, raw, settings)


def _radiology(orders: list[Order], message: _Message) -> list[Order]:
    found = [order for order in orders if is_radiology(order)]
    if not found:
        detail = "no order is one of radiology"
        external_id = _report_id(orders[0], message) if orders else ""
        raise MessageRefusedError(Reason.NOT_RADIOLOGY, detail, source=message.source, external_id=external_id)
    if len(found) < len(orders):
        message.warn("not_radiology_part")
    return found


def _joined(orders: list[Order], message: _Message) -> list[Order]:
    """The orders, those of one report (same patient and report id) as one: some senders repeat OBR for an addendum."""
    by_report: dict[tuple[str, str], Order] = {}
    for order in orders:
        key = (order.patient.field(3) if order.patient else "", _report_id(order, message))
        first = by_report.setdefault(key, order)
        if first is not order:
            for result in [result for result in order.results if result not in first.results]:
                first.add(result)
            first.study_uid = first.study_uid or order.study_uid
    return list(by_report.values())


def _study(order: Order, message: _Message) -> StudyFacts:
    report_id = _report_id(order, message)
    return _study_of(order, report_id, message, _reports(order, report_id, message))


def _study_of(order: Order, report_id: str, message: _Message, reports: tuple[ReportFacts, ...] = ()) -> StudyFacts:
    """The study, with these reports."""
    accession = _accession(order, message.settings.hl7_accession)
    return StudyFacts(
        patient=_patient(order, report_id, message),
        study_uid=order.study_uid,
        accession=identifier(accession, "accession number") or None,
        modality=modality(order),
        body_part=clean_words(order.request.text(15, 4)) if order.request else None,
        procedure=clean_words(procedure_words(order)),
        started_at=_time(order, message, 7, 6, 22) or message.time,
        reports=reports,
    )


def _patient(order: Order, report_id: str, message: _Message) -> PatientFacts:
    """The patient. Without any identifier the report has a patient of its own, who is never joined with another."""
    if patient := read_patient(order.patient, message.settings.authorities, message.source):
        return patient
    message.warn("no_patient_id")
    return PatientFacts(authority=f"{message.source} (no patient)", identifier=report_id)


def _report_id(order: Order, message: _Message) -> str:
    """The filler's order number, else the placer's, else the study's UID, else the message's own digest."""
    value = order.first(("OBR", 3), ("ORC", 3), ("OBR", 2), ("ORC", 2)) or order.study_uid or ""
    if name := identifier(value, "order number"):
        return name
    message.warn("no_report_id")
    return f"sha256:{sha256(message.raw).hexdigest()}"


def _accession(order: Order, place: str) -> str:
    segment, _, number = place.partition("-")
    return order.first((segment, int(number)), *([("ORC", 3)] if place == "OBR-3" else []))


def _reports(order: Order, report_id: str, message: _Message) -> tuple[ReportFacts, ...]:
    """The order's report and its addendum. A withdrawal needs no text; another order without text has no report."""
    stated = order_status(order)
    status = stated or ReportStatus.PRELIMINARY
    issued_at = _time(order, message, 22)
    words = order_text(order, message.charset)
    if status is ReportStatus.WITHDRAWN:
        return (ReportFacts(report_id, status, clean_text(words.body), issued_at),)
    parts = ((words.body, is_appended(order)), (words.addendum, True))
    reports = tuple(
        ReportFacts(
            report_id, status, report_text(text, source=message.source, external_id=report_id), issued_at, added
        )
        for text, added in parts
        if clean_text(text)
    )
    if reports and not stated:
        message.warn("unknown_status")
    return reports


def _time(order: Order, message: _Message, *numbers: int) -> datetime | None:
    """The first of these OBR fields that is a time."""
    if order.request is None:
        return None
    times = (hl7_time(order.request.field(number), message.zone) for number in numbers)
    return next((time for time in times if time), None)
