"""HL7 v2 messages of radiology, v2.3 to v2.8: results (ORU^R01), documents (MDM), orders (ORM^O01), patients (ADT).

In a result, one order (OBR) is one study and its text one report. The filler's order number (OBR-3) is the report id,
so that the preliminary, final and corrected messages are versions of one report. An order message describes a planned
exam. docs/conformance/hl7.md lists the fields that are read.
"""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import identifier, require_raw_size
from ingest.formats.hl7.admission import MERGES, UPDATES, read_merges, read_patients
from ingest.formats.hl7.charset import decode
from ingest.formats.hl7.documents import EVENTS as DOCUMENT_EVENTS
from ingest.formats.hl7.documents import is_radiology_document
from ingest.formats.hl7.exam_kind import is_radiology
from ingest.formats.hl7.lines import Lines, read_lines
from ingest.formats.hl7.message import Message, report_id, study_of
from ingest.formats.hl7.orders import NOTE_UNREAD, Order, read_orders
from ingest.formats.hl7.results import read_results
from ingest.formats.hl7.segments import Segment
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.formats.times import hl7_offset, hl7_time
from ingest.messages import ParsedMessage

SOURCE = "hl7"
EVENTS = {
    "ORU": frozenset({"R01", ""}),
    "MDM": DOCUMENT_EVENTS,
    "ORM": frozenset({"O01", ""}),
    "ADT": UPDATES | MERGES,
}
"""Accepted message types (MSH-9) and their trigger events."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FRAMING = b"\x0b\x1c\r\n\t \x00"
"""Bytes that may surround a message: MLLP's VT and FS, line ends, padding."""

_GROUPS = ("PID", "ORC", "OBR", "TXA", "MRG")

CANCELLED = frozenset({"CA", "OC", "CR", "DC", "OD", "DR"})
"""ORC-1 (table 0119) of a cancelled or discontinued order."""


def parse(raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    """Read one message.

    Refuses unknown messages (`unreadable`, `wrong_message_type`, `wrong_processing_id`, `bad_encoding`, `fragment`),
    messages without a patient (`no_patient`), results and orders without a radiology order (`not_radiology`), and
    results without readable text (`no_report_text`, `unsupported_text`, `unsupported_format`) unless they withdraw a
    report.
    """
    require_raw_size(raw)
    raw = without_framing(raw)
    text, charset, warnings = decode(raw, settings.hl7_charset)
    lines = read_lines(text.strip("\x0b\x1c\r\n\t \0"))
    kind, event = _kind(lines.segments)
    message = _message(lines, kind, event, charset, raw, origin, settings)
    _require_studies(lines.segments, message)
    message.warn(*warnings, *lines.warnings)
    if kind == "ADT":
        return _admission(lines.segments, message)
    orders = _radiology(read_orders(lines.segments), message)
    if _has_notes_on_patients(lines.segments):
        message.warn(NOTE_UNREAD)
    return _orders(orders, message) if kind == "ORM" else read_results(orders, message)


def without_framing(raw: bytes) -> bytes:
    """The message without framing. A UTF-16 message is unchanged: its letters contain such bytes."""
    return raw if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else raw.removeprefix(BYTE_ORDER_MARK).strip(FRAMING)


def _kind(segments: list[Segment]) -> tuple[str, str]:
    """Type and event from MSH-9, which may have the name of a structure (`ORU_R01`) instead, or from EVN-1."""
    header = segments[0]
    kind, _, structure = header.text(9).upper().partition("_")
    event = header.text(9, 2).upper()
    if not event and kind in ("ORU", "ORM"):
        event = structure
    if not event and kind in ("ADT", "MDM"):
        event = next((one.text(1).upper() for one in segments if one.name == "EVN"), "") or structure
    return kind, event


def _message(
    lines: Lines, kind: str, event: str, charset: str, raw: bytes, origin: Origin, settings: FormatSettings
) -> Message:
    header = lines.segments[0]
    source = origin.source or identifier(header.text(4) or header.text(3), "sending facility") or SOURCE
    if event not in EVENTS.get(kind, ()):
        detail = f"the message type is not supported: send one of {', '.join(EVENTS)}"
        raise MessageRefusedError(Reason.WRONG_MESSAGE_TYPE, detail, source=source)
    if header.text(11).upper() not in settings.processing_ids:
        detail = "the message is not for production: see MSH-11 and VLMKG_HL7_PROCESSING_IDS"
        raise MessageRefusedError(Reason.WRONG_PROCESSING_ID, detail, source=source)
    if sum(segment.name == "MSH" for segment in lines.segments) > 1:
        raise MessageRefusedError(
            Reason.UNREADABLE, "the frame has several messages: send one per frame", source=source
        )
    zone = hl7_offset(header.field(7)) or settings.zone
    time = hl7_time(header.field(7), zone)
    message = Message(source, charset, zone, time or origin.modified_at, event, raw, settings)
    if header.field(7).strip('" ') and time is None:
        message.warn(EventWarning.UNREADABLE_TIME)
    return message


def _require_studies(segments: list[Segment], message: Message) -> None:
    """Refuse (`too_large`) more orders, patients or merges than one message may have."""
    counts = Counter(segment.name for segment in segments)
    most = message.settings.message_studies
    if any(counts[name] > most for name in _GROUPS):
        detail = f"the message has more than {most} orders, patients or merges (VLMKG_MESSAGE_STUDIES)"
        raise MessageRefusedError(Reason.TOO_LARGE, detail, source=message.source)


def _admission(segments: list[Segment], message: Message) -> ParsedMessage:
    """The patients of an ADT.

    Its external id is its type, because lists of events must not show a patient's identifier.
    """
    authorities, event = message.settings.authorities, message.event
    merges = read_merges(segments, authorities, message.source, message.time) if event in MERGES else ()
    said = read_patients(segments, authorities, message.source, message.time) if event in UPDATES else ()
    aliases = tuple(alias for patient in said for alias in patient.aliases)
    patients = tuple(patient.facts for patient in said)
    return ParsedMessage(
        message.source,
        f"ADT^{event}",
        message.time,
        (),
        tuple(message.warnings),
        patients,
        tuple(dict.fromkeys(merges + aliases)),
    )


def _orders(orders: list[Order], message: Message) -> ParsedMessage:
    """The planned exams. Cancelled orders, and orders without accession number and StudyInstanceUID, are skipped."""
    placed = [order for order in orders if order.first(("ORC", 1)).upper() not in CANCELLED]
    if len(placed) < len(orders):
        message.warn(EventWarning.CANCELLED_ORDER)
    studies = [
        replace(study_of(order, report_id(order, message), message), started_at=None, ordered=True) for order in placed
    ]
    for of_exam in (EventWarning.NO_STUDY_TIME, EventWarning.STUDY_TIME_OF_REPORT):
        message.warnings.pop(of_exam, None)
    return ParsedMessage(
        message.source,
        report_id(orders[0], message),
        message.time,
        tuple(study for study in studies if study.accession or study.study_uid),
        tuple(message.warnings),
        merges=tuple(message.merges),
    )


def _radiology(orders: list[Order], message: Message) -> list[Order]:
    found = [order for order in orders if _is_radiology(order)]
    if not found:
        detail = "no order is a radiology order"
        external_id = report_id(orders[0], message) if orders else ""
        raise MessageRefusedError(Reason.NOT_RADIOLOGY, detail, source=message.source, external_id=external_id)
    if len(found) < len(orders):
        message.warn(EventWarning.NOT_RADIOLOGY_PART)
    return found


def _is_radiology(order: Order) -> bool:
    documented = is_radiology_document(order)
    if documented is None or order.request is not None:
        return is_radiology(order)
    return documented


def _has_notes_on_patients(segments: list[Segment]) -> bool:
    """Whether a note follows a patient directly: it is about the person, not an exam."""
    return any(one.name == "NTE" and before.name == "PID" and one.text(3) for before, one in pairwise(segments))
