"""What a received message says, whatever format it came in."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from ingest.event_warnings import EventWarning


class ReportStatus(StrEnum):
    """HL7 result status, reduced to what changes the graph. Precedence: P < F < C; X leaves no current report."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"
    WITHDRAWN = "X"


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """The patient as the sender names them: originals, which never leave the ledger.

    `authority` is the assigning authority of `identifier`. `sex` is a FHIR administrative gender word.
    """

    authority: str
    identifier: str
    sex: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class PatientMerge:
    """The sender found that two patients are one: `retired` was given up for `survivor`."""

    survivor: PatientFacts
    retired: PatientFacts


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """One report text under the sender's own report id. An addendum stands beside the report, it replaces nothing."""

    report_id: str
    status: ReportStatus
    text: str
    issued_at: datetime | None = None
    addendum: bool = False


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image, without its pixels; `pixel_digest` is the SHA-256 of the pixels as encoded.

    `digest` is that of its file; None: the message is the file.
    """

    sop_instance_uid: str
    digest: str | None = None
    view: str | None = None
    rows: int | None = None
    columns: int | None = None
    pixel_digest: str | None = None


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """One study of one patient, with what this message brings of it. `procedure` is the exam's name in words.

    `ordered`: the exam was asked for. That says what it is to be, not that it was made: there is no study of it yet.
    """

    patient: PatientFacts
    study_uid: str | None = None
    accession: str | None = None
    modality: str | None = None
    body_part: str | None = None
    procedure: str | None = None
    started_at: datetime | None = None
    reports: tuple[ReportFacts, ...] = ()
    images: tuple[ImageFacts, ...] = ()
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """One message. (`source`, `external_id`, digest of the raw bytes) is what makes it unique.

    `source` is the source authority (sending facility, or the collection's name); `external_id` the report id,
    SOPInstanceUID or FHIR identifier, never the message's control id. `patients` and `merges` are what it says of
    patients without saying anything of a study.
    """

    source: str
    external_id: str
    message_time: datetime | None
    studies: tuple[StudyFacts, ...]
    warnings: tuple[EventWarning, ...] = field(default=())
    patients: tuple[PatientFacts, ...] = ()
    merges: tuple[PatientMerge, ...] = ()
