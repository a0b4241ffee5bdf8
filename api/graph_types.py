"""The graph's objects as GraphQL types. Their rows come from graph.reads.shapes."""

from typing import Annotated, Any

import strawberry

from api.cursors import Listed
from api.inputs import FindingWhereInput, Laterality, StudyWhereInput
from api.rows import Info, Row, nested, nested_connection, nested_value
from api.scalars import DateTime
from vlmkg.schema import Presence, Witness

Root = strawberry.Parent[Row]
Where = Annotated[FindingWhereInput | None, strawberry.argument(description="All, without it.")]
First = Annotated[int, strawberry.argument(description="Rows of the page, at most 200.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before.")]


@strawberry.interface(description="What can be had again by its id.")
class Node:
    """The relay interface."""

    id: strawberry.ID = strawberry.field(description="The type and its key.")

    @classmethod
    def is_type_of(cls, row: Any, _info: Any) -> bool:
        """Rows carry no type but those of `node`, where it is asked."""
        return bool(row.get("__typename", cls.__name__) == cls.__name__)


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The relay type."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def identified(kind: str, key: str) -> Any:
    """The field `id` of a type whose key is the value `key`."""

    def resolve(root: Root) -> strawberry.ID:
        return strawberry.ID(f"{kind}:{root[key]}")

    return strawberry.field(resolver=resolve, description="The type and its key.")


@strawberry.type(description="A concept of a vocabulary; `local` for words that no vocabulary has.")
class Concept(Node):
    """See graph.records.ConceptRecord."""

    id: strawberry.ID = identified("Concept", "code")
    code: str
    name: str
    system: str = strawberry.field(description="radlex, vlmkg or local.")
    synonyms: list[str]
    parents: list["Concept"] = nested("What it IS_A, directly.")
    children: list["Concept"] = nested("What IS_A it, directly.")
    ancestors: list["Concept"] = nested("All that it IS_A.")
    parts: list["Concept"] = nested("What is PART_OF it, directly.")


@strawberry.type(description="Where a finding stands in its report: half-open code-point offsets into the text.")
class Span:
    """`text[start:end]` are the finding's words."""

    start: int
    end: int
    section: str


@strawberry.type(description="A place that a finding is located at.")
class Place:
    """An anatomy mention."""

    text: str = strawberry.field(description="The report's own words.")
    concept: Concept | None = nested("The concept of these words.")


async def _text(root: Root, info: Info) -> str | None:
    """From the ledger, all of an answer together."""
    return await info.context.texts.load(root["reportKey"])


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

    text: str | None = strawberry.field(resolver=_text, description="The report's text. Not for researchers.")


@strawberry.type(description="One image of a study, without its pixels.")
class Image:
    """See graph.records.ImageRecord."""

    sop_instance_uid: str | None = strawberry.field(description="Not for researchers.")
    view: str | None
    rows: int | None
    columns: int | None
    digest: str | None


@strawberry.type(description="The reading that a study's findings come from.")
class Extraction:
    """See graph.records.ExtractionRecord."""

    extraction_id: str
    engine: str
    checkpoint: str | None
    engine_digest: str
    modalities: list[str]
    out_of_domain: bool = strawberry.field(description="No chest radiograph: read all the same.")
    created_at: DateTime


@strawberry.type(description="What a report says of a patient: an observation, composed with its places and modifiers.")
class Finding(Node):
    """See graph.records.MentionRecord and FindingRecord."""

    id: strawberry.ID = identified("Finding", "mentionId")
    text: str = strawberry.field(description="The report's own words.")
    presence: Presence
    concept: Concept | None = nested("The concept of the composed finding.")
    laterality: Laterality | None
    severity: str | None
    locations: list[Place] = nested("Its places.")
    modifiers: list[str] = strawberry.field(description="The words that describe it.")
    suggests: list["Finding"] = nested("What it is suggestive of.")
    suggested_by: list["Finding"] = nested("What is suggestive of it.")
    studied_at: DateTime | None = strawberry.field(description="When the study started.")
    study: "Study" = nested("The study that it was found in.")
    patient: "Patient" = nested("The patient.")
    score: float | None = strawberry.field(description="Mean token probability; null for the rules engine.")
    witness: Witness
    report: Report | None = nested("The report that it stands in; null for one read from an image.")
    span: Span = nested("Where it stands in the report.")


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


def _findings(root: Root, info: Info, where: Where = None, first: First = 20, after: After = None) -> FindingConnection:
    """What the graph brought along."""
    del where
    return nested_connection(Listed.FINDINGS, root, info, first, after)  # type: ignore[no-any-return]


@strawberry.type(description="A study of a patient.")
class Study(Node):
    """See graph.records.StudyRecord."""

    id: strawberry.ID = identified("Study", "studyKey")
    study_key: str
    study_uid: str | None = strawberry.field(description="The StudyInstanceUID. Not for researchers.")
    accession: str | None = strawberry.field(description="A pseudonym.")
    modality: str | None
    body_part: str | None
    started_at: DateTime | None
    pairing: str
    patient: "Patient" = nested("The patient.")
    reports: list[Report] = nested("All versions of all its reports.")
    images: list[Image] = nested("Its images.")
    extraction: Extraction | None = nested("The reading that its findings come from.")

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
    study: Study = nested("The study.")
    findings: list[Finding] = nested("Its findings, present or uncertain.")


StudyWhere = Annotated[StudyWhereInput | None, strawberry.argument(description="All, without it.")]


def _studies(
    root: Root, info: Info, where: StudyWhere = None, first: First = 20, after: After = None
) -> StudyConnection:
    """What the graph brought along."""
    del where
    return nested_connection(Listed.STUDIES, root, info, first, after)  # type: ignore[no-any-return]


def _timeline(root: Root, info: Info, first: First = 50) -> list[TimelineEntry]:
    """What the graph brought along."""
    del first
    return nested_value(root, info)  # type: ignore[no-any-return]


@strawberry.type(description="A patient, under a pseudonym.")
class Patient(Node):
    """See graph.records.PatientRecord."""

    id: strawberry.ID = identified("Patient", "patientId")
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
    engine_digest: str = strawberry.field(description="SHA-256 over all that changes what it reads.")
    studies: int = strawberry.field(description="Studies whose findings it read.")
    last_used_at: DateTime
    other_engines: int = strawberry.field(description="Other engines whose readings are still in the graph.")
