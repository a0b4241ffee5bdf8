"""The graph's objects as GraphQL types: what they have, not how it is found (see api.response_plans)."""

from typing import Annotated

import strawberry

from api.inputs import FindingWhereInput, Laterality, StudyWhereInput
from api.review_types import Review
from api.scalars import DateTime
from vlmkg.schema import Presence, Witness
from vlmkg.verdicts import ReviewState

Where = Annotated[FindingWhereInput | None, strawberry.argument(description="All, without it.")]
First = Annotated[int, strawberry.argument(description="Rows of the page, at most 200.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before.")]


class AnsweredByTheRootError(Exception):
    """Fields inside an answer are put together with it (api.response_plans): the functions only declare arguments."""


ID = strawberry.field(description="The type and its key.")


@strawberry.interface(description="What can be had again by its id.")
class Node:
    """The relay interface."""

    id: strawberry.ID = ID


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The relay type."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A concept of a vocabulary; `local` for words that no vocabulary has.")
class Concept(Node):
    """See graph.records.ConceptRecord."""

    id: strawberry.ID = ID
    code: str
    name: str
    system: str = strawberry.field(description="radlex, vlmkg or local.")
    synonyms: list[str]
    parents: list["Concept"] = strawberry.field(description="What it IS_A, directly.")
    children: list["Concept"] = strawberry.field(description="What IS_A it, directly.")
    ancestors: list["Concept"] = strawberry.field(description="All that it IS_A.")
    parts: list["Concept"] = strawberry.field(description="What is PART_OF it, directly.")


@strawberry.type(description="Where a finding stands in its report: half-open code-point offsets into the text.")
class Span:
    """`text[start:end]` are the finding's words."""

    start: int
    end: int
    section: str


@strawberry.type(description="A place that a finding is located at.")
class Place:
    """An anatomy mention, and the relation by which a finding is located at it."""

    text: str = strawberry.field(description="The report's own words.")
    score: float | None = strawberry.field(
        description="Mean token probability of the relation; null for the rules engine."
    )
    witness: Witness = strawberry.field(description="Who read that the finding is there.")
    concept: Concept | None = strawberry.field(description="The concept of these words.")


@strawberry.type(description="One version of one report.")
class Report:
    """See graph.records.ReportRecord."""

    report_key: str
    report_id: str = strawberry.field(description="A pseudonym.")
    version: int = strawberry.field(description="From 1, in the order of precedence.")
    status: str = strawberry.field(description="P, F, C or X.")
    current: bool = strawberry.field(description="Whether it holds now.")
    issued_at: DateTime | None
    text_digest: str

    text: str | None = strawberry.field(description="The report's text, from the ledger. Not for researchers.")


@strawberry.type(description="One image of a study, without its pixels.")
class Image:
    """See graph.records.ImageRecord."""

    sop_instance_uid: str | None = strawberry.field(description="Not for researchers.")
    view: str | None
    rows: int | None
    columns: int | None
    digest: str | None


@strawberry.type(
    description="How model and rules compare on one study. They are not independent: agreement is no confirmation."
)
class Agreement:
    """See vlmkg.witnesses.agreement."""

    mentions_both: int
    mentions_model: int
    mentions_rules: int
    relations_both: int
    relations_model: int
    relations_rules: int
    disputed: int = strawberry.field(description="Mentions of which the two say another presence or kind.")


@strawberry.type(description="The reading that a study's findings come from.")
class Extraction:
    """See graph.records.ExtractionRecord."""

    extraction_id: str
    engine: str
    checkpoint: str | None
    checkpoint_digest: str | None = strawberry.field(description="SHA-256 of the checkpoint; null for rules.")
    engine_digest: str
    modalities: list[str] = strawberry.field(description="text, image: what had a part in the reading.")
    warnings: list[str] = strawberry.field(description="Reason codes of what a person should know of it.")
    agreement: Agreement | None = strawberry.field(description="Null where one engine alone read.")
    out_of_domain: bool = strawberry.field(description="No chest radiograph: read all the same.")
    created_at: DateTime


@strawberry.type(description="What a report says of a patient: an observation, composed with its places and modifiers.")
class Finding(Node):
    """See graph.records.MentionRecord and FindingRecord."""

    id: strawberry.ID = ID
    text: str = strawberry.field(description="The report's own words.")
    presence: Presence
    concept: Concept | None = strawberry.field(description="The concept of the composed finding.")
    laterality: Laterality | None
    severity: str | None
    locations: list[Place] = strawberry.field(description="Its places.")
    modifiers: list[str] = strawberry.field(description="The words that describe it.")
    suggests: list["Finding"] = strawberry.field(description="What it is suggestive of.")
    suggested_by: list["Finding"] = strawberry.field(description="What is suggestive of it.")
    studied_at: DateTime | None = strawberry.field(description="When the study started.")
    study: "Study" = strawberry.field(description="The study that it was found in.")
    patient: "Patient" = strawberry.field(description="The patient.")
    score: float | None = strawberry.field(description="Mean token probability; null for the rules engine.")
    witness: Witness = strawberry.field(description="Who read it.")
    disputed: bool = strawberry.field(
        description="Model and rules say another presence or kind of it. Where the model always leads it is uncertain."
    )
    other_presence: Presence | None = strawberry.field(
        description="Of a disputed finding: the presence that the model reads where that of the rules stands."
    )
    review: ReviewState = strawberry.field(
        description="What persons say of it. Whoever shows findings to people shows this with them."
    )
    reviews: list[Review] = strawberry.field(description="What each person says of it, the oldest first.")
    report: Report | None = strawberry.field(
        description="The report that it stands in; null for one read from an image."
    )
    span: Span | None = strawberry.field(description="Where it stands in the report; null for one read from an image.")


@strawberry.type
class FindingEdge:
    """The relay type."""

    cursor: str
    node: Finding


@strawberry.type(description="A page of findings, in the order of their studies' time, unknown times last.")
class FindingConnection:
    """The relay type."""

    edges: list[FindingEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Rows on all pages; a query of its own.")


def _findings(where: Where = None, first: First = 20, after: After = None) -> FindingConnection:
    raise AnsweredByTheRootError(where, first, after)


@strawberry.type(description="A study of a patient.")
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
    extraction: Extraction | None = strawberry.field(description="The reading that its findings come from.")

    findings: FindingConnection = strawberry.field(resolver=_findings, description="A page of its findings.")


@strawberry.type
class StudyEdge:
    """The relay type."""

    cursor: str
    node: Study


@strawberry.type(description="A page of studies, in the order of time, unknown times last.")
class StudyConnection:
    """The relay type."""

    edges: list[StudyEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Rows on all pages; a query of its own.")


@strawberry.type(description="One study in a patient's time, with what was found and not negated.")
class TimelineEntry:
    """See graph.reads.shapes."""

    started_at: DateTime | None
    study: Study = strawberry.field(description="The study.")
    findings: list[Finding] = strawberry.field(description="Its findings, present or uncertain.")


StudyWhere = Annotated[StudyWhereInput | None, strawberry.argument(description="All, without it.")]


def _studies(where: StudyWhere = None, first: First = 20, after: After = None) -> StudyConnection:
    raise AnsweredByTheRootError(where, first, after)


def _timeline(first: First = 50) -> list[TimelineEntry]:
    raise AnsweredByTheRootError(first)


@strawberry.type(description="A patient, under a pseudonym.")
class Patient(Node):
    """See graph.records.PatientRecord."""

    id: strawberry.ID = ID
    patient_id: str = strawberry.field(description="The pseudonym.")
    sex: str | None
    birth_year: int | None

    studies: StudyConnection = strawberry.field(resolver=_studies, description="A page of the patient's studies.")
    findings: FindingConnection = strawberry.field(resolver=_findings, description="A page of the patient's findings.")
    timeline: list[TimelineEntry] = strawberry.field(
        resolver=_timeline, description="The patient's studies in the order of time, unknown times last."
    )


@strawberry.type
class PatientEdge:
    """The relay type."""

    cursor: str
    node: Patient


@strawberry.type(description="A page of patients, in the order of their pseudonyms.")
class PatientConnection:
    """The relay type."""

    edges: list[PatientEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Rows on all pages; a query of its own.")


@strawberry.type(description="Words of reports that no vocabulary has.")
class UnmappedTerm:
    """A concept of the system `local`."""

    term: str
    mentions: int


@strawberry.type(description="The engine whose readings are in the graph.")
class Checkpoint:
    """The one that read last."""

    engine: str
    checkpoint: str | None = strawberry.field(description="The model's checkpoint; null for rules.")
    checkpoint_digest: str | None = strawberry.field(description="SHA-256 of the checkpoint; null for rules.")
    engine_digest: str = strawberry.field(description="SHA-256 over all that changes what it reads.")
    studies: int = strawberry.field(description="Studies whose findings it read.")
    last_used_at: DateTime
    other_engines: int = strawberry.field(description="Other engines whose readings are still in the graph.")
