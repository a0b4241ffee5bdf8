"""FHIR R4 JSON: a DiagnosticReport or ImagingStudy by itself, with contained resources, or in a Bundle of any type.

One DiagnosticReport is one study with one report; an ImagingStudy without a report is a study that waits for one.
docs/conformance/fhir.md lists the elements that are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import ValidationError

from ingest.errors import MessageRefusedError, Reason
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import clean_text, clean_words, identifier, report_text, require_raw_size
from ingest.formats.fhir.exam_kind import STATUSES, is_addendum, is_radiology, modality
from ingest.formats.fhir.identifiers import Numbers, own_name, read_numbers, report_identifier
from ingest.formats.fhir.ids import given_id
from ingest.formats.fhir.message import FhirMessage, Placed, open_message, refused
from ingest.formats.fhir.patient import Sender, is_patient, read_patient
from ingest.formats.fhir.resources import DiagnosticReport, ImagingStudy, Reference, ServiceRequest
from ingest.formats.fhir.text import words
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.formats.times import fhir_time
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "fhir"
"""The source of messages whose report has no identifier with a system. All such senders share it."""


_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:[0-9]{2})$")
_NUMBER = re.compile(r"[0-9]{1,8}")
"""A version that is a number. Some servers name versions by time or at random."""


@dataclass(slots=True)
class _Reading:
    """The state of reading a message.

    It has what all its parts need, the warnings, and the error of the first report without text.
    """

    message: FhirMessage
    sender: Sender
    digest: str
    warnings: dict[EventWarning, None] = field(default_factory=dict)
    wordless: MessageRefusedError | None = None

    @property
    def source(self) -> str:
        return self.sender.source

    def warn(self, *codes: EventWarning) -> None:
        self.warnings.update(dict.fromkeys(codes))

    def time(self, value: str) -> datetime | None:
        """A parsed time. If it can't be read it is None, with a warning."""
        found = fhir_time(value)
        if value.strip() and found is None:
            self.warn(EventWarning.UNREADABLE_TIME)
        elif "T" in value and not _ZONE.search(value):
            self.warn(EventWarning.TIME_WITHOUT_ZONE)
        return found


def parse(raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    """Read one resource or Bundle.

    Refuses messages that are not one (`unreadable`, `wrong_message_type`, `bad_encoding`), have too many elements or
    studies (`too_large`) or use another release than R4 (`unsupported_format`), reports that are not of imaging
    (`not_radiology`), those without text (`no_report_text`, `unsupported_text`, `unsupported_format`) unless they are
    withdrawn, and those that name neither themselves nor a patient (`no_patient`).
    """
    require_raw_size(raw)
    message = open_message(raw, most_studies=settings.message_studies, from_file=bool(origin.name))
    source = origin.source or _source(message)
    time = _message_time(message) or origin.modified_at
    sender = Sender(source, source != SOURCE, settings.authorities, time)
    reading = _Reading(message, sender, sha256(raw).hexdigest())
    try:
        studies = tuple(_studies(reading))
    except ValidationError as error:
        raise refused(error) from None
    reading.warn(*sorted(EventWarning(f"{words_of(kind)}_unread") for kind in set(message.unread())))
    external_id = next((report.report_id for study in studies for report in study.reports), None)
    first = studies[0]
    named = external_id or first.study_uid or first.accession or ""
    return ParsedMessage(source, named, time, studies, tuple(reading.warnings))


def _source(message: FhirMessage) -> str:
    """The system of the first report's identifier."""
    found = next((own for placed in message.reports if (own := report_identifier(placed.report))), None)
    return identifier(found.system, "identifier's system") or SOURCE if found else SOURCE


def _message_time(message: FhirMessage) -> datetime | None:
    """The time of the message, else that of its first resource.

    If versions have the same time, each adds its number of microseconds, so that the higher one is later.
    """
    first = message.reports[0].report if message.reports else message.studies[0]
    given = (message.time, first.meta.last_updated, first.issued if isinstance(first, DiagnosticReport) else "")
    time = next((time for value in given if (time := fhir_time(value))), None)
    number = str(first.meta.version_id)
    return time + timedelta(microseconds=int(number)) if time and _NUMBER.fullmatch(number) else time


def words_of(kind: str) -> str:
    """The name of a resource type in warnings: document_reference for DocumentReference."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")


def _studies(reading: _Reading) -> Iterator[StudyFacts]:
    """The studies of the message, at least one: of reports first, then those that wait for one."""
    linked = [(placed, _imaging_study(placed.report, reading)) for placed in reading.message.reports]
    seen = {study for _, study in linked}
    bare = [study for study in reading.message.studies if study not in seen]
    radiology = [(placed, study) for placed, study in linked if is_radiology(placed.report, study)]
    studies = [_reported(placed, study, reading) for placed, study in radiology]
    told = [study for study in studies if study.reports]
    if len(radiology) < len(linked):
        reading.warn(EventWarning.NOT_RADIOLOGY_PART)
    if len(told) < len(studies):
        reading.warn(EventWarning.REPORT_WITHOUT_TEXT)
    found = [*told, *(_waiting(study, reading) for study in bare)]
    if not found:
        raise _nothing(linked[0][0], bool(radiology), reading)
    yield from found


def _nothing(placed: Placed, radiology: bool, reading: _Reading) -> MessageRefusedError:
    reason = Reason.NO_REPORT_TEXT if radiology else Reason.NOT_RADIOLOGY
    detail = "no report has any text" if radiology else "no report is a radiology report"
    if radiology and reading.wordless:
        reason, detail = reading.wordless.reason, reading.wordless.detail
    report_id = _report_id(placed, read_numbers(placed.report, None, ()), reading)
    return MessageRefusedError(reason, detail, source=reading.source, external_id=report_id)


def _imaging_study(report: DiagnosticReport, reading: _Reading) -> ImagingStudy | None:
    """The study of the report; the first if it names several."""
    found = list(reading.message.library.find(ImagingStudy, report.imaging_study, report.contained))
    if len(found) > 1:
        reading.warn(EventWarning.SEVERAL_IMAGING_STUDIES)
    return found[0] if found else None


def _reported(placed: Placed, study: ImagingStudy | None, reading: _Reading) -> StudyFacts:
    report = placed.report
    references = (*report.based_on, *(study.based_on if study else ()))
    requests = reading.message.library.find(ServiceRequest, references, report.contained)
    numbers = read_numbers(report, study, requests)
    subject = report.subject if report.subject != Reference() or study is None else study.subject
    patient = _patient(subject, report, reading)
    if patient is None and not subject.reference and not own_name(report, numbers):
        detail = "the DiagnosticReport has neither an identifier nor a patient"
        raise MessageRefusedError(Reason.NO_PATIENT, detail, source=reading.source)
    report_id = _report_id(placed, numbers, reading)
    given = (study.started if study else "", report.effective_date_time, report.effective_period.start, report.issued)
    times = [reading.time(value) for value in given]
    if times[-1] and not any(times[:-1]):
        reading.warn(EventWarning.STUDY_TIME_OF_REPORT)
    _warn_of_notes(study, reading)
    return StudyFacts(
        patient=patient or _nobody(report_id, reading),
        study_uid=numbers.study_uid,
        accession=_accession(numbers),
        modality=modality(report, study),
        body_part=_body_part(study),
        procedure=clean_words(report.code.words) or _procedure(study),
        started_at=next((time for time in times if time), None),
        reports=_reports(report, report_id, reading),
    )


def _waiting(study: ImagingStudy, reading: _Reading) -> StudyFacts:
    """A study without a report in this message."""
    numbers = read_numbers(None, study, reading.message.library.find(ServiceRequest, study.based_on, ()))
    name = numbers.study_uid or _accession(numbers)
    if not name:
        detail = "the ImagingStudy has neither a StudyInstanceUID nor an accession number"
        raise MessageRefusedError(Reason.UNREADABLE, detail, source=reading.source)
    coding = next((each for each in study.modality if each.code), None)
    _warn_of_notes(study, reading)
    return StudyFacts(
        patient=_patient(study.subject, None, reading) or _nobody(name, reading),
        study_uid=numbers.study_uid,
        accession=_accession(numbers),
        modality=clean_words(coding.code) if coding else None,
        body_part=_body_part(study),
        procedure=_procedure(study),
        started_at=reading.time(study.started),
    )


def _warn_of_notes(study: ImagingStudy | None, reading: _Reading) -> None:
    if study and any(note.text.strip() for note in study.note):
        reading.warn(EventWarning.STUDY_NOTE_UNREAD)
    if study and study.status in {"cancelled", "entered-in-error"}:
        reading.warn(EventWarning.STUDY_STATUS_UNREAD)


def _patient(subject: Reference, report: DiagnosticReport | None, reading: _Reading) -> PatientFacts | None:
    """The patient, if the message names one. Refuses (`no_patient`) a group, a device or a location as subject."""
    if not is_patient(subject):
        raise MessageRefusedError(Reason.NO_PATIENT, "the subject is not a patient", source=reading.source)
    resource = reading.message.library.patient_of(subject, report.contained if report else ())
    found = read_patient(subject, resource, reading.sender)
    if found is None:
        return None
    reading.warn(*found.warnings)
    return found.facts


def _nobody(name: str, reading: _Reading) -> PatientFacts:
    """The patient of a study whose message names none.

    This patient belongs to this study only and is never joined with another.
    """
    reading.warn(EventWarning.NO_PATIENT_ID)
    return PatientFacts(authority=f"{reading.source} (no patient)", identifier=name)


def _report_id(placed: Placed, numbers: Numbers, reading: _Reading) -> str:
    """The report's own name, or the id assigned here."""
    if name := identifier(own_name(placed.report, numbers), "report's identifier"):
        return name
    reading.warn(EventWarning.NO_REPORT_ID)
    return given_id(reading.digest, placed.place)


def _reports(report: DiagnosticReport, report_id: str, reading: _Reading) -> tuple[ReportFacts, ...]:
    """The report, if it has any text. A withdrawal needs none."""
    if report.status not in STATUSES:
        raise MessageRefusedError(Reason.UNREADABLE, "the DiagnosticReport's status is not one of FHIR R4")
    status, issued_at = STATUSES[report.status], fhir_time(report.issued)
    found = words(report, reading.message.library)
    reading.warn(*found.warnings)
    if not clean_text(found.text):
        if status is ReportStatus.WITHDRAWN:
            return (ReportFacts(report_id, status, "", issued_at),)
        reading.wordless = reading.wordless or found.refusal
        return ()
    cleaned = report_text(found.text, source=reading.source, external_id=report_id)
    return (ReportFacts(report_id, status, cleaned, issued_at, addendum=is_addendum(report.status, cleaned)),)


def _accession(numbers: Numbers) -> str | None:
    return identifier(numbers.accession or "", "accession number") or None


def _body_part(study: ImagingStudy | None) -> str | None:
    sites = [series.body_site for series in study.series] if study else []
    return clean_words(next((site.display or site.code for site in sites if site.display or site.code), ""))


def _procedure(study: ImagingStudy | None) -> str | None:
    if study is None:
        return None
    return clean_words(next((code.words for code in study.procedure_code), "") or study.description)
