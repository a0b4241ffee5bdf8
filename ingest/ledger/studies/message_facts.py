"""The input of the ledger: an event and the facts of its message, with their keys. Plain data."""

from dataclasses import dataclass, field
from datetime import date, datetime

from ingest.ledger.states import State
from ingest.ledger.studies.assignment import StudyReference
from ingest.ledger.studies.precedence import precedence


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient as one message names them. `as_of` orders the messages about the same patient."""

    patient_id: str
    authority: str
    identifier: str
    sex: str | None
    birth_date: date | None
    as_of: str


@dataclass(frozen=True, slots=True)
class NewMerge:
    """One patient merged into another, both by pseudonym. `as_of` orders the messages about the same patients."""

    retired_id: str
    survivor_id: str
    as_of: str


@dataclass(frozen=True, slots=True)
class NewReport:
    """One version of one report. `report_id` is a pseudonym."""

    report_key: str
    report_id: str
    report_id_original: str
    status: str
    issued_at: datetime | None
    addendum: bool
    text_digest: str
    text: str


@dataclass(frozen=True, slots=True)
class NewImage:
    """One image. `digest` is its blob's SHA-256, `pixel_digest` that of its pixels as encoded."""

    sop_instance_uid: str
    digest: str
    view: str | None
    rows: int | None
    columns: int | None
    pixel_digest: str | None


@dataclass(frozen=True, slots=True)
class StudySaid:
    """What a message states about the study of an item. `accession` is a pseudonym."""

    study_uid: str | None
    accession: str | None
    accession_original: str | None
    modality: str | None
    body_part: str | None
    procedure: str | None
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewSighting:
    """One report, image, bare study or order of one message.

    `said_patient_id` is the patient that the message names, `patient_id` the one that patient was merged into.
    `bare_name` names an item that is neither report nor image.
    """

    said_patient_id: str
    patient_id: str
    item_key: str
    accession_key: str | None
    study: StudySaid
    report: NewReport | None = None
    image: NewImage | None = None
    bare_name: str | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A message to record, with its facts; a refused one has a reason and no facts.

    `raw` is the message if the ledger stores it; else it is in the blob store under `blob_key`.
    """

    source: str
    external_id: str
    digest: str
    format: str
    origin_name: str
    origin_source: str | None
    origin_time: datetime | None
    blob_key: str | None
    size: int
    message_time: datetime | None = None
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    detail: str | None = None
    patients: tuple[NewPatient, ...] = ()
    sightings: tuple[NewSighting, ...] = ()
    merges: tuple[NewMerge, ...] = ()
    raw: bytes | None = field(default=None, repr=False)

    @property
    def state(self) -> State:
        """Its initial state."""
        return State.RECEIVED if self.reason is None else State.REFUSED


def study_reference_of(event: NewEvent, sighting: NewSighting) -> StudyReference:
    """The study reference of this report or image in this event."""
    report, image = sighting.report, sighting.image
    content = report.text_digest if report else image.digest if image else ""
    return StudyReference(
        sighting.patient_id,
        sighting.item_key,
        sighting.study.study_uid,
        sighting.accession_key,
        precedence(
            report.status if report else None,
            report.issued_at if report else None,
            event.message_time,
            content,
            event.digest,
        ),
    )
