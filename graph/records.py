"""The graph's content for one study: immutable records, computed from the ledger and written unchanged.

Keys are computed elsewhere (vlmkg.identity). All times are aware datetimes. The records of one study never refer
to another study, so a study can be replaced with its own records.
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

    At most one version of a report id is `current`; addenda do not count. A research copy has
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
    """A concept of a vocabulary: RadLex, or `local` for terms that no vocabulary contains."""

    code: str
    system: str
    name: str


@dataclass(frozen=True, slots=True)
class ExtractionRecord:
    """One reading of the study's current reports and images. `reads` are the reportKeys and image UIDs that it read.

    `warnings` are its warning codes; `agreement` is that of model and rules, None if only one engine read. A research
    copy has no `created_at`.
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
    """The properties that only a finding has: its composed concept, laterality and severity.

    `concept` is the complete composed concept if it is local, because it may not be in the graph yet. `review` is the
    state of the finding's reviews.
    """

    concept_code: str
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...]
    concept: ConceptRecord | None = None
    review: ReviewState = ReviewState.UNREVIEWED


@dataclass(frozen=True, slots=True)
class MentionRecord:
    """One mention and the concept it refers to; `finding` is set only for findings.

    `report_key` is its report. If that is None, it was read in the image `sop_instance_uid` and has no span
    (start = end = 0).
    `disputed`: model and rules disagree on its presence or kind. `other_presence` is that of the witness that does not
    lead; None if it is the same or not stated.
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
    """The graph's complete content for one study. `extraction` is None until a current report has been read."""

    patient: PatientRecord
    study: StudyRecord
    reports: tuple[ReportRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()
    extraction: ExtractionRecord | None = None
    mentions: tuple[MentionRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()
