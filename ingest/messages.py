"""The content of a received message, independent of its format."""

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
    """The patient with the sender's identifiers, which never leave the ledger.

    `authority` is the assigning authority of `identifier`. `sex` is a FHIR administrative gender word.
    """

    authority: str
    identifier: str
    sex: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class PatientMerge:
    """Two patients are one: `retired` was merged into `survivor`."""

    survivor: PatientFacts
    retired: PatientFacts


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """One report text under the sender's report id. An addendum adds to the report and replaces nothing."""

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
    """One study of one patient, with this message's reports and images. `procedure` is the exam's name.

    `ordered`: the exam was only ordered, so there is no study of it yet.
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
    """One message. It is unique by (`source`, `external_id`, digest of the raw bytes).

    `source` is the source authority (sending facility, or the collection's name); `external_id` the report id,
    SOPInstanceUID or FHIR identifier, never the message's control id. `patients` and `merges` are facts about
    patients that belong to no study.
    """

    source: str
    external_id: str
    message_time: datetime | None
    studies: tuple[StudyFacts, ...]
    warnings: tuple[EventWarning, ...] = field(default=())
    patients: tuple[PatientFacts, ...] = ()
    merges: tuple[PatientMerge, ...] = ()
