"""The graph's objects as GraphQL types: their fields; api.response_plans finds the values."""

from typing import Annotated

import strawberry

from api.inputs import FindingWhereInput, Laterality, StudyWhereInput
from api.review_types import Review
from api.scalars import DateTime
from vlmkg.schema import Kind, Presence, RelationType, Witness
from vlmkg.verdicts import ReviewState

Where = Annotated[FindingWhereInput | None, strawberry.argument(description="The filter; without it, all rows.")]
First = Annotated[int, strawberry.argument(description="Rows of the page, at most 200.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row after which the page starts.")]


class AnsweredByTheRootError(Exception):
    """Nested fields are resolved with the root field (api.response_plans); these functions only declare arguments."""


ID = strawberry.field(description="The type's name, a colon, and the object's key.")


@strawberry.interface(description="An object that `node` returns by its id.")
class Node:
    """The relay interface."""

    id: strawberry.ID = ID


@strawberry.type(description="Whether a page has neighbours, and its first and last cursor.")
class PageInfo:
    """The relay type."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A concept of a vocabulary. Its system is `local` for terms that no vocabulary contains.")
class Concept(Node):
    """See graph.records.ConceptRecord."""

    id: strawberry.ID = ID
    code: str
    name: str
    system: str = strawberry.field(description="radlex, vlmkg or local.")
    synonyms: list[str]
    parents: list["Concept"] = strawberry.field(description="Its direct parents by IS_A.")
    children: list["Concept"] = strawberry.field(description="Its direct children by IS_A.")
    ancestors: list["Concept"] = strawberry.field(description="All its ancestors by IS_A.")
    parts: list["Concept"] = strawberry.field(description="The direct parts of this region, by PART_OF.")


@strawberry.type(description="A finding's position in its report: half-open code-point offsets into the text.")
class Span:
    """`text[start:end]` are the finding's words."""

    start: int
    end: int
    section: str


@strawberry.type(description="The anatomical location of a finding.")
class Place:
    """An anatomy mention, and the relation by which a finding is located at it."""

    text: str = strawberry.field(description="The wording of the report.")
    score: float | None = strawberry.field(
        description="Mean token probability of the relation; null for the rules engine."
    )
    witness: Witness = strawberry.field(description="Which engine read this location: rules, model or both.")
    concept: Concept | None = strawberry.field(description="The concept of this wording.")


@strawberry.type(
    description="A stretch of a report that no engine reads. Offsets are half-open, in code points of `Report.text`."
)
class SetAside:
    """See vlmkg.report_parts."""

    start: int
    end: int
    reason: str = strawberry.field(
        description="heading, indication, history, comparison, technique, exam, advice, sign_off, administrative, "
        "provisional or language."
    )
    text: str = strawberry.field(description="Its words. Not for researchers.")


@strawberry.type(description="One version of one report.")
class Report:
    """See graph.records.ReportRecord."""

    report_key: str
    report_id: str = strawberry.field(description="A pseudonym.")
    version: int = strawberry.field(description="Counted from 1 in the order of precedence.")
    status: str = strawberry.field(description="P (preliminary), F (final), C (corrected) or X (withdrawn).")
    current: bool = strawberry.field(description="Whether this is the version that counts now.")
    issued_at: DateTime | None
    text_digest: str

    text: str | None = strawberry.field(description="The report's text, from the ledger. Not for researchers.")
    set_aside: list[SetAside] | None = strawberry.field(
        description="What was not read of it, in text order, from the reading that its findings come from. Null for a "
        "version that this reading did not read, and for readings of releases that did not keep it."
    )


@strawberry.type(description="One image of a study, without its pixels.")
class Image:
    """See graph.records.ImageRecord."""

    sop_instance_uid: str | None = strawberry.field(description="Not for researchers.")
    view: str | None
    rows: int | None
    columns: int | None
    digest: str | None


@strawberry.type(
    description="Agreement of model and rules on one study. The two are not independent: agreement does not "
    "confirm a finding."
)
class Agreement:
    """See vlmkg.witnesses.agreement."""

    mentions_both: int
    mentions_model: int
    mentions_rules: int
    relations_both: int
    relations_model: int
    relations_rules: int
    disputed: int = strawberry.field(description="Mentions on whose presence or kind they disagree.")


@strawberry.type(description="The reading that a study's findings come from.")
class Extraction:
    """See graph.records.ExtractionRecord."""

    extraction_id: str
    engine: str
    checkpoint: str | None
    checkpoint_digest: str | None = strawberry.field(description="SHA-256 of the checkpoint; null for rules.")
    engine_digest: str
    modalities: list[str] = strawberry.field(description="The inputs of the reading: text, image.")
    warnings: list[str] = strawberry.field(description="Warning codes of this reading.")
    agreement: Agreement | None = strawberry.field(description="Null if only one engine read the study.")
    out_of_domain: bool = strawberry.field(
        description="True if the study is not a chest radiograph. It is read anyway."
    )
    created_at: DateTime


@strawberry.type(description="An observation in a report or image, with its locations and modifiers.")
class Finding(Node):
    """See graph.records.MentionRecord and FindingRecord."""

    id: strawberry.ID = ID
    text: str = strawberry.field(description="The wording of the report.")
    presence: Presence
    concept: Concept | None = strawberry.field(description="The concept of the composed finding.")
    laterality: Laterality | None
    severity: str | None
    locations: list[Place] = strawberry.field(description="Its anatomical locations.")
    modifiers: list[str] = strawberry.field(description="The words that describe it.")
    suggests: list["Finding"] = strawberry.field(description="The findings that this one suggests.")
    suggested_by: list["Finding"] = strawberry.field(description="The findings that suggest this one.")
    studied_at: DateTime | None = strawberry.field(description="When the study started.")
    study: "Study" = strawberry.field(description="The study of the finding.")
    patient: "Patient" = strawberry.field(description="The patient.")
    score: float | None = strawberry.field(description="Mean token probability; null for the rules engine.")
    witness: Witness = strawberry.field(description="Which engine read it: rules, model or both.")
    disputed: bool = strawberry.field(
        description=(
            "Model and rules disagree on its presence or kind. If the model always leads, presence is UNCERTAIN."
        )
    )
    other_presence: Presence | None = strawberry.field(
        description="Of a disputed finding: the presence that the model reads; `presence` is that of the rules."
    )
    review: ReviewState = strawberry.field(
        description="The state of its reviews. A program that shows findings to people must show it, too."
    )
    reviewed_by_me: bool = strawberry.field(
        description="Whether the caller has a verdict that counts on what it says. For a second reader, who must not "
        "see the first one's verdict: select neither `review` nor `reviews`."
    )
    reviews: list[Review] = strawberry.field(description="The latest review by each person, oldest first.")
    report: Report | None = strawberry.field(
        description="The report that contains it; null for a finding read from an image."
    )
    span: Span | None = strawberry.field(
        description="Its position in the report; null for a finding read from an image."
    )


@strawberry.type
class FindingEdge:
    """The relay type."""

    cursor: str
    node: Finding


@strawberry.type(description="A page of findings, ordered by the time of the study, unknown times last.")
class FindingConnection:
    """The relay type."""

    edges: list[FindingEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number of rows on all pages. It costs one more query.")


def _findings(where: Where = None, first: First = 20, after: After = None) -> FindingConnection:
    raise AnsweredByTheRootError(where, first, after)


strawberry.enum(Kind, name="MentionKind", description="What a mention names: an observation, or an anatomical region.")
strawberry.enum(RelationType, description="The relation of two mentions, as RadGraph has it.")


@strawberry.type(description="A relation that goes out from a mention.")
class Relation:
    """See graph.records.RelationRecord."""

    type: RelationType
    target: str = strawberry.field(description="The `mentionId` of the mention that it leads to.")
    score: float | None = strawberry.field(description="Mean token probability; null for the rules engine.")
    witness: Witness = strawberry.field(description="Which engine read it: rules, model or both.")


@strawberry.type(
    description="Words of a report, or what a film shows, with the relations that go out from it. A finding's id is "
    "`Finding:` and its `mentionId`. Reviews are only in `Finding.review` and `Finding.reviews`."
)
class Mention:
    """See graph.records.MentionRecord."""

    mention_id: str
    kind: Kind
    text: str = strawberry.field(description="The wording of the report.")
    presence: Presence | None = strawberry.field(description="Null for an anatomical region.")
    is_finding: bool = strawberry.field(description="An observation that modifies no other.")
    score: float | None = strawberry.field(description="Mean token probability; null for the rules engine.")
    witness: Witness = strawberry.field(description="Which engine read it: rules, model or both.")
    disputed: bool = strawberry.field(description="Model and rules disagree on its presence or kind.")
    other_presence: Presence | None = strawberry.field(description="As `Finding.otherPresence`.")
    report_key: str | None = strawberry.field(description="Its report; null if it was read from an image.")
    span: Span | None = strawberry.field(description="Its position in the report; null if it was read from an image.")
    concept: Concept | None = strawberry.field(
        description="The concept of these words, without those that describe them."
    )
    relations: list[Relation]


@strawberry.type(description="One imaging study of a patient.")
class Study(Node):
    """See graph.records.StudyRecord."""

    id: strawberry.ID = ID
    study_key: str
    study_uid: str | None = strawberry.field(description="The StudyInstanceUID. Not for researchers.")
    accession: str | None = strawberry.field(description="A pseudonym.")
    modality: str | None
    body_part: str | None
    started_at: DateTime | None
    pairing: str
    patient: "Patient" = strawberry.field(description="The patient.")
    reports: list[Report] = strawberry.field(description="All versions of all its reports.")
    images: list[Image] = strawberry.field(description="Its images.")
    extraction: Extraction | None = strawberry.field(description="The reading that produced its findings.")

    mentions: list[Mention] = strawberry.field(description="Up to 500 mentions in text order, for drawing the graph.")
    findings: FindingConnection = strawberry.field(resolver=_findings, description="A page of its findings.")


@strawberry.type
class StudyEdge:
    """The relay type."""

    cursor: str
    node: Study


@strawberry.type(description="A page of studies, ordered by time, unknown times last.")
class StudyConnection:
    """The relay type."""

    edges: list[StudyEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number of rows on all pages. It costs one more query.")


@strawberry.type(description="One study of a patient's timeline, with its findings except the negated ones.")
class TimelineEntry:
    """See graph.reads.map_expressions."""

    started_at: DateTime | None
    study: Study = strawberry.field(description="The study.")
    findings: list[Finding] = strawberry.field(description="The findings of the study that are present or uncertain.")


StudyWhere = Annotated[StudyWhereInput | None, strawberry.argument(description="The filter; without it, all rows.")]


def _studies(where: StudyWhere = None, first: First = 20, after: After = None) -> StudyConnection:
    raise AnsweredByTheRootError(where, first, after)


def _timeline(first: First = 50) -> list[TimelineEntry]:
    raise AnsweredByTheRootError(first)


@strawberry.type(description="A patient, identified by a pseudonym.")
class Patient(Node):
    """See graph.records.PatientRecord."""

    id: strawberry.ID = ID
    patient_id: str = strawberry.field(description="The pseudonym.")
    sex: str | None
    birth_year: int | None

    studies: StudyConnection = strawberry.field(resolver=_studies, description="A page of the patient's studies.")
    findings: FindingConnection = strawberry.field(resolver=_findings, description="A page of the patient's findings.")
    timeline: list[TimelineEntry] = strawberry.field(
        resolver=_timeline, description="The patient's studies, ordered by time, unknown times last."
    )


@strawberry.type
class PatientEdge:
    """The relay type."""

    cursor: str
    node: Patient


@strawberry.type(description="A page of patients, ordered by pseudonym.")
class PatientConnection:
    """The relay type."""

    edges: list[PatientEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number of rows on all pages. It costs one more query.")


@strawberry.type(description="A term of reports that no vocabulary contains.")
class UnmappedTerm:
    """A concept of the system `local`."""

    term: str
    mentions: int


@strawberry.type(description="The engine whose readings are in the graph.")
class Checkpoint:
    """The engine of the newest reading."""

    engine: str
    checkpoint: str | None = strawberry.field(description="The model's checkpoint; null for rules.")
    checkpoint_digest: str | None = strawberry.field(description="SHA-256 of the checkpoint; null for rules.")
    engine_digest: str = strawberry.field(description="SHA-256 of everything that determines the engine's readings.")
    studies: int = strawberry.field(description="Number of studies whose findings it read.")
    last_used_at: DateTime
    other_engines: int = strawberry.field(description="Number of other engines whose readings are still in the graph.")
