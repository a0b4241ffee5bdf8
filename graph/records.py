"""What the graph holds of one study: plain immutable records, computed from the ledger, written as they stand.

Keys are computed outside (vlmkg.identity). All times are aware datetimes. The records of one study never name
another study, so a study can be replaced by its own records alone.
"""

from dataclasses import dataclass
from datetime import datetime

from vlmkg.engine_protocol import Agreement
from vlmkg.schema import Kind, Presence, RelationType, Witness
from vlmkg.verdicts import ReviewState


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient under a pseudonym. `sex` is a FHIR administrative gender word."""

    patient_id: str
    sex: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """One study. `study_uid` is the DICOM StudyInstanceUID; `accession` is a pseudonym."""

    study_key: str
    study_uid: str | None = None
    accession: str | None = None
    modality: str | None = None
    body_part: str | None = None
    started_at: datetime | None = None
    pairing: str = "report_only"


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """One version of one report. `version` counts from 1 in the order of precedence; `supersedes` is a reportKey.

    Of the versions of a report id one at most is `current`, but for addenda: they stand beside it. A research copy has
    no `text_digest`.
    """

    report_key: str
    report_id: str
    version: int
    status: str
    current: bool
    issued_at: datetime | None
    text_digest: str | None
    supersedes: str | None = None
    text: str | None = None
    addendum: bool = False


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image of the study. `rows` and `columns` are pixels."""

    sop_instance_uid: str
    view: str | None = None
    rows: int | None = None
    columns: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ConceptRecord:
    """A concept of a vocabulary: RadLex, or `local` for what no vocabulary has."""

    code: str
    system: str
    name: str


@dataclass(frozen=True, slots=True)
class ExtractionRecord:
    """One reading of the study's current reports and images. `reads` are the reportKeys and image UIDs that it read.

    `warnings` are the reason codes of what a person should know of it; `agreement` is that of model and rules, None
    where one engine alone read. A research copy has no `created_at`.
    """

    extraction_id: str
    engine: str
    checkpoint: str | None
    engine_digest: str
    modalities: tuple[str, ...]
    out_of_domain: bool
    created_at: datetime | None
    reads: tuple[str, ...]
    checkpoint_digest: str | None = None
    warnings: tuple[str, ...] = ()
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """What makes a mention a finding: its composed concept, side and degree.

    `concept` is the composed concept in full where it may not be in the graph yet, that is where it is a local one.
    `review` is what persons say of the finding.
    """

    concept_code: str
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...]
    concept: ConceptRecord | None = None
    review: ReviewState = ReviewState.UNREVIEWED


@dataclass(frozen=True, slots=True)
class MentionRecord:
    """One mention and the concept it refers to; `finding` is set for findings alone.

    `report_key` is the report that it was read in; None: it was read in the image `sop_instance_uid`, and has no span
    (start = end = 0).
    `disputed`: model and rules say another presence or kind of it; `other_presence` is that of the witness that does
    not lead, None where it is the same or not told.
    """

    mention_id: str
    report_key: str | None
    kind: Kind
    text: str
    start: int
    end: int
    section: str
    presence: Presence
    score: float | None
    witness: Witness
    concept: ConceptRecord
    link_score: float
    link_rule: str
    finding: FindingRecord | None = None
    disputed: bool = False
    sop_instance_uid: str | None = None
    other_presence: Presence | None = None


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """A relation between two mentions of the same extraction, by mentionId."""

    head: str
    type: RelationType
    tail: str
    score: float | None
    witness: Witness


@dataclass(frozen=True, slots=True)
class StudySubgraph:
    """All that the graph holds of one study. `extraction` is None while no current report has been read."""

    patient: PatientRecord
    study: StudyRecord
    reports: tuple[ReportRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    extraction: ExtractionRecord | None = None
    mentions: tuple[MentionRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()
