"""A report from the GraphQL mutation `submitReport`: the input as JSON, UTF-8, keys sorted.

    {"report": {"addendum", "id", "issuedAt", "status", "text"},
     "patient": {"authority", "birthDate", "identifier", "sex"},
     "source", "study": {"accession", "bodyPart", "modality", "procedure", "startedAt", "studyUid"}}

It has no message time, so that the same report sent again gives the same bytes. The origin has the time of receipt.
"""

from datetime import UTC, date, datetime

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import clean_text, clean_words, identifier, report_text, require_raw_size
from ingest.formats.origin import Origin
from ingest.messages import ParsedMessage, PatientFacts, ReportFacts, ReportStatus, StudyFacts


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class SubmittedReport(_Part):
    """`status` is a letter of ReportStatus. Times are aware; one without a zone is taken as UTC."""

    id: str
    text: str
    status: ReportStatus
    addendum: bool = False
    issued_at: datetime | None = None


class SubmittedPatient(_Part):
    """The patient, as named by the sender. `sex` is a FHIR administrative gender code."""

    authority: str
    identifier: str
    sex: str | None = None
    birth_date: date | None = None


class SubmittedStudy(_Part):
    """The study of the report, as far as the sender knows it."""

    study_uid: str | None = None
    accession: str | None = None
    modality: str | None = None
    body_part: str | None = None
    procedure: str | None = None
    started_at: datetime | None = None


class Submission(_Part):
    """The whole message. `source` is the source authority."""

    source: str
    report: SubmittedReport
    patient: SubmittedPatient
    study: SubmittedStudy = SubmittedStudy()


def raw_of(submission: Submission) -> bytes:
    """The bytes to store: the same for the same content."""
    return submission.model_dump_json(by_alias=True, ensure_ascii=False).encode()


def parse(raw: bytes, origin: Origin) -> ParsedMessage:
    """Read one submission.

    Refuses other bytes (`unreadable`), blank identifiers, and the texts that other formats refuse.
    """
    require_raw_size(raw)
    said = _read(raw)
    source = _required(origin.source or said.source, "source")
    report_id = _required(said.report.id, "report's id", source)
    patient = PatientFacts(
        authority=_required(said.patient.authority, "patient's authority", source, report_id),
        identifier=_required(said.patient.identifier, "patient's identifier", source, report_id),
        sex=clean_words(said.patient.sex or ""),
        birth_date=said.patient.birth_date,
    )
    study = StudyFacts(
        patient=patient,
        study_uid=identifier(said.study.study_uid or "", "study's UID") or None,
        accession=identifier(said.study.accession or "", "accession number") or None,
        modality=clean_words(said.study.modality or ""),
        body_part=clean_words(said.study.body_part or ""),
        procedure=clean_words(said.study.procedure or ""),
        started_at=_aware(said.study.started_at),
        reports=(_report(said.report, source, report_id),),
    )
    return ParsedMessage(source, report_id, origin.modified_at, (study,))


def _read(raw: bytes) -> Submission:
    try:
        return Submission.model_validate_json(raw)
    except ValidationError as error:
        # The error's position, never the content.
        places = sorted({".".join(map(str, problem["loc"])) or "the whole" for problem in error.errors()})
        detail = f"not a submission of this version: {', '.join(places)[:200]}"
        raise MessageRefusedError(Reason.UNREADABLE, detail) from None


def _report(said: SubmittedReport, source: str, report_id: str) -> ReportFacts:
    withdrawn = said.status is ReportStatus.WITHDRAWN
    text = clean_text(said.text) if withdrawn else report_text(said.text, source=source, external_id=report_id)
    return ReportFacts(report_id, said.status, text, _aware(said.issued_at), said.addendum)


def _required(value: str, what: str, source: str = "", external_id: str = "") -> str:
    name = identifier(value, what)
    if not name:
        raise MessageRefusedError(Reason.UNREADABLE, f"the {what} is blank", source=source, external_id=external_id)
    return name


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
