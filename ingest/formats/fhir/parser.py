"""FHIR R4 JSON: a DiagnosticReport or ImagingStudy, alone, with contained resources, or in a Bundle of any type.

One DiagnosticReport is one study and its words one report; an ImagingStudy without a report is a study that waits for
one. What is read of them is in docs/conformance/fhir.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import ValidationError

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import clean_text, clean_words, identifier, report_text, require_raw_size
from ingest.formats.fhir.exam_kind import STATUSES, is_radiology, modality
from ingest.formats.fhir.identifiers import Numbers, read_numbers, report_identifier
from ingest.formats.fhir.message import FhirMessage, open_message, refused
from ingest.formats.fhir.patient import read_patient
from ingest.formats.fhir.resources import DiagnosticReport, ImagingStudy, Patient, Reference, ServiceRequest
from ingest.formats.fhir.text import under_headings, words
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.formats.times import fhir_time
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts

SOURCE = "fhir"


@dataclass(slots=True)
class _Reading:
    """A message while it is read: what all its parts need, and the warnings that this gives."""

    message: FhirMessage
    source: str
    digest: str
    authorities: tuple[str, ...]
    warnings: dict[str, None] = field(default_factory=dict)

    def warn(self, code: str) -> None:
        self.warnings[code] = None


def parse(raw: bytes, origin: Origin, settings: FormatSettings) -> ParsedMessage:
    """Read one resource or Bundle. Refuses what is none (`unreadable`, `wrong_message_type`, `bad_encoding`), reports
    that are not of imaging (`not_radiology`), and those without words (`no_report_text`) unless they are withdrawn."""
    require_raw_size(raw)
    message = open_message(raw)
    source = origin.source or _source(message)
    reading = _Reading(message, source, sha256(raw).hexdigest(), settings.authorities)
    try:
        studies = tuple(_studies(reading))
    except ValidationError as error:
        raise refused(error) from None
    external_id = next((report.report_id for study in studies for report in study.reports), None)
    first = studies[0]
    named = external_id or first.study_uid or first.accession or ""
    time = fhir_time(message.time) or (fhir_time(message.reports[0].issued) if message.reports else None)
    return ParsedMessage(source, named, time or origin.modified_at, studies, tuple(reading.warnings))


def _source(message: FhirMessage) -> str:
    """The system of the first report's identifier, as the authority that its number is one of."""
    found = next((own for report in message.reports if (own := report_identifier(report))), None)
    return identifier(found.system, "identifier's system") or SOURCE if found else SOURCE


def _studies(reading: _Reading) -> Iterator[StudyFacts]:
    """The studies of the message, at least one: of reports first, then those that wait for one."""
    linked = [(report, _imaging_study(report, reading)) for report in reading.message.reports]
    bare = [study for study in reading.message.studies if study not in [seen for _, seen in linked]]
    radiology = [(report, study) for report, study in linked if is_radiology(report, study)]
    studies = [_reported(report, study, reading) for report, study in radiology]
    told = [study for study in studies if study.reports]
    if len(radiology) < len(linked):
        reading.warn("not_radiology_part")
    if len(told) < len(studies):
        reading.warn("report_without_text")
    found = [*told, *(_waiting(study, reading) for study in bare)]
    if not found:
        raise _nothing(linked[0][0], bool(radiology), reading)
    yield from found


def _nothing(report: DiagnosticReport, radiology: bool, reading: _Reading) -> MessageRefusedError:
    reason = Reason.NO_REPORT_TEXT if radiology else Reason.NOT_RADIOLOGY
    detail = "no report has any text" if radiology else "no report is one of radiology"
    numbers = read_numbers(report, None, ())
    return MessageRefusedError(reason, detail, source=reading.source, external_id=_report_id(report, numbers, reading))


def _imaging_study(report: DiagnosticReport, reading: _Reading) -> ImagingStudy | None:
    """The study that the report is of. Of several the first: one report can't be two."""
    found = list(reading.message.library.find(ImagingStudy, report.imaging_study, report.contained))
    if len(found) > 1:
        reading.warn("several_imaging_studies")
    return found[0] if found else None


def _reported(report: DiagnosticReport, study: ImagingStudy | None, reading: _Reading) -> StudyFacts:
    references = (*report.based_on, *(study.based_on if study else ()))
    requests = reading.message.library.find(ServiceRequest, references, report.contained)
    numbers = read_numbers(report, study, requests)
    report_id = _report_id(report, numbers, reading)
    subject = report.subject if report.subject != Reference() or study is None else study.subject
    started = (study.started if study else "", report.effective_date_time, report.effective_period.start, report.issued)
    return StudyFacts(
        patient=_patient(subject, report, report_id, reading),
        study_uid=numbers.study_uid,
        accession=_accession(numbers),
        modality=modality(report, study),
        body_part=_body_part(study),
        procedure=clean_words(report.code.words) or _procedure(study),
        started_at=next((time for value in started if (time := fhir_time(value))), None),
        reports=_reports(report, report_id, reading),
    )


def _waiting(study: ImagingStudy, reading: _Reading) -> StudyFacts:
    """A study that no report of this message is of."""
    numbers = read_numbers(None, study, reading.message.library.find(ServiceRequest, study.based_on, ()))
    name = numbers.study_uid or _accession(numbers)
    if not name:
        detail = "the ImagingStudy has neither a StudyInstanceUID nor an accession number"
        raise MessageRefusedError(Reason.UNREADABLE, detail, source=reading.source)
    coding = next((each for each in study.modality if each.code), None)
    return StudyFacts(
        patient=_patient(study.subject, None, name, reading),
        study_uid=numbers.study_uid,
        accession=_accession(numbers),
        modality=clean_words(coding.code) if coding else None,
        body_part=_body_part(study),
        procedure=_procedure(study),
        started_at=fhir_time(study.started),
    )


def _patient(subject: Reference, report: DiagnosticReport | None, name: str, reading: _Reading) -> PatientFacts:
    """The patient. Without any identifier the study has a patient of its own, who is never joined with another."""
    contained = report.contained if report else ()
    resource = next(reading.message.library.find(Patient, (subject,), contained), None)
    if patient := read_patient(subject, resource, reading.authorities, reading.source):
        return patient
    reading.warn("no_patient_id")
    return PatientFacts(authority=f"{reading.source} (no patient)", identifier=name)


def _report_id(report: DiagnosticReport, numbers: Numbers, reading: _Reading) -> str:
    """The report's identifier, else the resource's id, else its study's numbers, else the message's own digest."""
    own = report_identifier(report)
    value = own.value if own else report.id or numbers.accession or numbers.study_uid or ""
    if name := identifier(value, "report's identifier"):
        return name
    reading.warn("no_report_id")
    return f"sha256:{reading.digest}"


def _reports(report: DiagnosticReport, report_id: str, reading: _Reading) -> tuple[ReportFacts, ...]:
    """The report, if it has any words. A withdrawal needs none."""
    if report.status not in STATUSES:
        raise MessageRefusedError(Reason.UNREADABLE, "the DiagnosticReport's status is none of FHIR R4's")
    status = STATUSES[report.status]
    text = under_headings(*words(report))
    issued_at = fhir_time(report.issued)
    if not clean_text(text):
        withdrawn = status is ReportStatus.WITHDRAWN
        return (ReportFacts(report_id, status, "", issued_at),) if withdrawn else ()
    cleaned = report_text(text, source=reading.source, external_id=report_id)
    return (ReportFacts(report_id, status, cleaned, issued_at, addendum=report.status == "appended"),)


def _accession(numbers: Numbers) -> str | None:
    return identifier(numbers.accession or "", "accession number") or None


def _body_part(study: ImagingStudy | None) -> str | None:
    sites = [series.body_site for series in study.series] if study else []
    return clean_words(next((site.display or site.code for site in sites if site.display or site.code), ""))


def _procedure(study: ImagingStudy | None) -> str | None:
    if study is None:
        return None
    return clean_words(next((code.words for code in study.procedure_code), "") or study.description)
