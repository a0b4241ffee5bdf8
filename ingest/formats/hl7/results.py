"""Results (ORU) and documents (MDM): each order with its lines, its status and its report.

Orders with the same patient and report id, whose exam names can mean one exam, are one report with joined texts: some
senders repeat OBR for an addendum. A text under one of several orders of a patient is also the report of orders that
have no text: exams that are reported together are sent like this.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import clean_text, report_text
from ingest.formats.exams import Exam, are_apart, exam_of
from ingest.formats.hl7.documents import ADDENDUM, document_status
from ingest.formats.hl7.exam_kind import procedure_words
from ingest.formats.hl7.message import Message, issued_at, report_id, study_of
from ingest.formats.hl7.orders import Order
from ingest.formats.hl7.status import is_appended, is_awaited, order_status
from ingest.formats.hl7.text import ATTACHMENT_UNREAD, ReportText, order_text
from ingest.messages import ParsedMessage, ReportFacts, ReportStatus, StudyFacts

_NO_TEXT = ReportText("", "", ())


@dataclass(slots=True)
class _Reading:
    """The content of one order. `stated`: its own status, None if it has no known one. `has_text`: it has any word."""

    order: Order
    report: str
    text: ReportText
    stated: ReportStatus | None
    appended: bool
    has_text: bool

    @property
    def status(self) -> ReportStatus:
        """The status; preliminary by default."""
        return self.stated or ReportStatus.PRELIMINARY


def read_results(orders: list[Order], message: Message) -> ParsedMessage:
    """The studies of a message's orders, with their reports.

    Refuses messages without text and without withdrawal: as `no_report_text`, or with the error of an attachment.
    """
    errors: list[MessageRefusedError] = []
    readings = [_read(order, message, errors) for order in orders]
    _share(readings)
    studies = [study for group in _by_report(readings) for study in _studies(group, message)]
    if not studies:
        raise _nothing(errors, orders[0], message)
    if any(not reading.has_text and reading.status is not ReportStatus.WITHDRAWN for reading in readings):
        message.warn(EventWarning.REPORT_WITHOUT_TEXT)
    return ParsedMessage(
        message.source,
        studies[0].reports[0].report_id,
        message.time,
        tuple(studies),
        tuple(message.warnings),
        merges=tuple(message.merges),
    )


def _read(order: Order, message: Message, errors: list[MessageRefusedError]) -> _Reading:
    order.take_notes_as_words()
    try:
        text = order_text(order, message.charset)
    except MessageRefusedError as error:
        if error.reason in (Reason.TOO_LARGE, Reason.UNSAFE_XML):
            raise
        errors.append(error)
        message.warn(ATTACHMENT_UNREAD)
        text = _NO_TEXT
    message.warn(*text.warnings)
    documented = document_status(order, message.event)
    appended = message.event in ADDENDUM if order.document else is_appended(order)
    has_text = bool(clean_text(text.body) or clean_text(text.addendum))
    return _Reading(order, report_id(order, message), text, documented or order_status(order), appended, has_text)


def _share(readings: list[_Reading]) -> None:
    """Give the one text of a patient's orders to those that have no text and await none."""
    patients: dict[int, list[_Reading]] = {}
    for reading in readings:
        patients.setdefault(id(reading.order.patient), []).append(reading)
    for own in patients.values():
        told = [reading for reading in own if reading.has_text]
        if len({reading.report for reading in told}) != 1:
            continue
        for reading in own:
            bare = not reading.order.results and not reading.order.words
            if bare and reading.stated is not ReportStatus.WITHDRAWN and not is_awaited(reading.order):
                reading.text, reading.appended, reading.has_text = told[0].text, told[0].appended, True
                reading.stated = reading.stated or told[0].stated


def _by_report(readings: Iterable[_Reading]) -> Iterator[list[_Reading]]:
    """The readings, grouped by report."""
    groups: dict[tuple[str, str], list[tuple[Exam, list[_Reading]]]] = {}
    # The group of an exam keeps its position: earlier groups are different exams, new groups follow.
    places: dict[tuple[str, str, Exam], list[_Reading]] = {}
    for reading in readings:
        patient = reading.order.patient.field(3) if reading.order.patient else ""
        known = groups.setdefault((patient, reading.report), [])
        exam = exam_of(procedure_words(reading.order))
        group = places.get((patient, reading.report, exam))
        if group is None:
            group = next((members for first, members in known if not are_apart(exam, first)), None)
        if group is None:
            group = []
            known.append((exam, group))
        places[patient, reading.report, exam] = group
        group.append(reading)
    return (group for known in groups.values() for _, group in known)


def _studies(group: list[_Reading], message: Message) -> Iterator[StudyFacts]:
    first = group[0].order
    first.study_uid = next((reading.order.study_uid for reading in group if reading.order.study_uid), None)
    if reports := tuple(_reports(group, message)):
        yield study_of(first, group[0].report, message, reports)


def _reports(group: list[_Reading], message: Message) -> Iterator[ReportFacts]:
    """The report and its addendum. Without text there is no report, unless it is withdrawn."""
    kept = [reading for reading in group if reading.status is not ReportStatus.WITHDRAWN]
    if not kept:
        text = clean_text("\n\n".join(reading.text.body for reading in group))
        yield ReportFacts(group[0].report, ReportStatus.WITHDRAWN, text, issued_at(group[0].order, message))
        return
    for added in (False, True):
        parts = [(reading, text) for reading in kept if (text := _part(reading, addendum=added))]
        if parts:
            yield _report(parts, message, addendum=added)
    if any(reading.has_text and not reading.stated for reading in kept):
        message.warn(EventWarning.UNKNOWN_STATUS)


def _part(reading: _Reading, *, addendum: bool) -> str:
    """The texts of addenda, or those of reports."""
    texts = []
    if reading.appended == addendum:
        texts.append(reading.text.body)
    if addendum:
        texts.append(reading.text.addendum)
    return "\n\n".join(text for text in texts if text.strip()) if reading.has_text else ""


def _report(parts: list[tuple[_Reading, str]], message: Message, *, addendum: bool) -> ReportFacts:
    reading = parts[0][0]
    text = "\n\n".join(_distinct([text for _, text in parts]))
    statuses = {reading.status for reading, _ in parts}
    # A correction takes precedence; a report is final if all its parts are.
    order = (ReportStatus.CORRECTED, ReportStatus.PRELIMINARY, ReportStatus.FINAL)
    status = next(status for status in order if status in statuses)
    cleaned = report_text(text, source=message.source, external_id=reading.report)
    return ReportFacts(reading.report, status, cleaned, issued_at(reading.order, message), addendum)


def _distinct(texts: Sequence[str]) -> list[str]:
    """The texts without those whose lines all occur in a later one:

    some senders repeat former text under the same order. The last of equal texts is kept.
    """
    last = list(reversed(dict.fromkeys(text.strip() for text in reversed(texts))))
    lines, places = "", []
    for text in last:
        lines += f"\n{text}\n\0"
        places.append(len(lines))
    return [text for text, behind in zip(last, places, strict=True) if lines.find(f"\n{text}\n", behind) < 0]


def _nothing(errors: list[MessageRefusedError], order: Order, message: Message) -> MessageRefusedError:
    name = report_id(order, message)
    if errors:
        return MessageRefusedError(errors[0].reason, errors[0].detail, source=message.source, external_id=name)
    return MessageRefusedError(Reason.NO_REPORT_TEXT, "no order has any text", source=message.source, external_id=name)
