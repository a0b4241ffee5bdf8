"""The files of a research copy and what stands in their columns: the headers, and the data dictionary for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from vlmkg.schema import RelationType


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `header` is what `neo4j-admin database import` reads: name, type, ID space."""

    header: str
    about: str


@dataclass(frozen=True, slots=True)
class Table:
    """One file: the nodes of a label, or the relationships of a type. `label` is empty where a column has it."""

    file: str
    label: str
    about: str
    columns: tuple[Column, ...]

    @property
    def is_nodes(self) -> bool:
        """Whether its rows are nodes."""
        return any(":ID(" in column.header for column in self.columns)


def _columns(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(header, about) for header, about in pairs)


_MOVED = "moved by the patient's own offset; absent where unknown"

NODES = (
    Table(
        "patients.csv",
        "Patient",
        "Patients.",
        _columns(
            ("patientId:ID(Patient)", "the patient's name in this copy, and in no other"),
            ("sex", "male, female, other, unknown; absent where not told"),
            (
                "birthYear:int",
                "moved with the times: a study's year less this one is the age, or one off; 300 and more: 90 or older",
            ),
        ),
    ),
    Table(
        "studies.csv",
        "Study",
        "Studies.",
        _columns(
            ("studyKey:ID(Study)", "the study's name in this copy"),
            ("studyUid", "a UID of this copy that stands for the StudyInstanceUID"),
            ("modality", "DICOM (0008,0060)"),
            ("bodyPart", "DICOM (0018,0015)"),
            ("startedAt:datetime", _MOVED),
            ("pairing", "paired, report_only, image_only, waiting_for_report, waiting_for_image"),
            ("pageKey", "startedAt, or ~, and the key: an order of all studies"),
            ("projectionDigest", "SHA-256 of what this copy holds of the study"),
        ),
    ),
    Table(
        "reports.csv",
        "Report",
        "Versions of reports. Only current ones were read.",
        _columns(
            ("reportKey:ID(Report)", "the version's name in this copy"),
            ("reportId", "all versions of a report share it"),
            ("version:int", "from 1, in the order of precedence"),
            ("status", "P preliminary, F final, C corrected, X withdrawn"),
            ("current:boolean", "whether this version counts"),
            ("addendum:boolean", "whether it stands beside the report"),
            ("issuedAt:datetime", _MOVED),
        ),
    ),
    Table(
        "images.csv",
        "Image",
        "Images of studies.",
        _columns(
            ("imageKey:ID(Image)", "the image's name in this copy"),
            ("sopInstanceUid", "a UID of this copy that stands for the SOPInstanceUID"),
            ("view", "DICOM View Position"),
            ("rows:int", "pixels"),
            ("columns:int", "pixels"),
        ),
    ),
    Table(
        "extractions.csv",
        "Extraction",
        "One reading of a study: by which engine, of what.",
        _columns(
            ("extractionId:ID(Extraction)", "the reading's name in this copy"),
            ("engine", "rules, or a model"),
            ("checkpoint", "the model's checkpoint"),
            ("engineDigest", "SHA-256 of all that changes what the engine reads"),
            ("checkpointDigest", "SHA-256 of the checkpoint's files"),
            ("modalities:string[]", "text, image: what had a part in the reading"),
            ("warnings:string[]", "reason codes, see docs/data-model.md"),
            ("outOfDomain:boolean", "not a chest radiograph: beyond what the engines were made for"),
            ("mentionsBoth:int", "mentions that model and rules read; absent where one engine alone read"),
            ("mentionsModel:int", "mentions that the model alone read"),
            ("mentionsRules:int", "mentions that the rules alone read"),
            ("relationsBoth:int", "as above, of relations"),
            ("relationsModel:int", "as above"),
            ("relationsRules:int", "as above"),
            ("disputed:int", "mentions of whose presence or kind model and rules say another thing"),
        ),
    ),
    Table(
        "mentions.csv",
        "",
        "What the report says, phrase by phrase. Observation or Anatomy; a Finding is an observation by itself.",
        _columns(
            ("mentionId:ID(Mention)", "the mention's name in this copy"),
            (":LABEL", "Mention and Observation or Anatomy, and Finding"),
            ("reportKey", "the report that it was read in"),
            ("sopInstanceUid", "else the image that it was read in, by its UID in this copy"),
            ("text", "its words; ___ for one that is no known word of radiology"),
            ("start:int", "its place in the row of the report's mentions, from 0 (not in the text)"),
            ("end:int", "the place after it"),
            ("section", "findings, impression, addendum; image"),
            ("presence", "present, uncertain, absent: absent is what the report denies"),
            ("score:float", "mean token probability, cut to hundredths; absent for rules"),
            ("witness", "model, rules, both: who read it"),
            ("disputed:boolean", "whether model and rules say another presence or kind"),
            ("otherPresence", "of a disputed one: what the model reads where the rules' presence stands"),
            ("conceptCode", "of a finding: the composed concept"),
            ("laterality", "of a finding: left, right, bilateral; absent where not said"),
            ("severity", "of a finding: borderline, mild, moderate, severe; absent where not said"),
            ("placeCodes:string[]", "of a finding: the concepts of its places"),
            ("review", "of a finding, by persons: confirmed, rejected, contested, undecided; absent: unreviewed"),
            ("studiedAt:datetime", "of a finding: the study's startedAt"),
            ("pageKey", "of a finding: studiedAt, or ~, and the key"),
        ),
    ),
    Table(
        "concepts.csv",
        "Concept",
        "RadLex (a subset, see NOTICE.radlex.txt), the project's own concepts, and words that no table has.",
        _columns(
            ("code:ID(Concept)", "key"),
            ("system", "radlex, vlmkg, local"),
            ("name", "preferred name"),
            ("synonyms:string[]", "further names"),
            ("vocabulary", "digest of the vocabulary; absent for local ones"),
        ),
    ),
)


def _links(file: str, kind: str, start: str, end: str, about: str, *more: tuple[str, str]) -> Table:
    ends = ((f":START_ID({start})", f"{start}"), (f":END_ID({end})", f"{end}"))
    return Table(file, kind, about, _columns(*ends, *more))


_JUDGED = (("score:float", "as of a mention"), ("witness", "as of a mention"))

RELATIONSHIPS = (
    _links("has_study.csv", "HAS_STUDY", "Patient", "Study", "Whose study it is."),
    _links("has_report.csv", "HAS_REPORT", "Study", "Report", "Versions of the study's reports."),
    _links("supersedes.csv", "SUPERSEDES", "Report", "Report", "The version before."),
    _links("has_image.csv", "HAS_IMAGE", "Study", "Image", "The study's images."),
    _links("read_report.csv", "READ", "Extraction", "Report", "What was read."),
    _links("read_image.csv", "READ", "Extraction", "Image", "What was read."),
    _links("found.csv", "FOUND", "Extraction", "Mention", "What the reading found."),
    _links("has_finding.csv", "HAS_FINDING", "Study", "Mention", "The study's findings."),
    *(
        _links(f"{kind.value}.csv", kind.name, "Mention", "Mention", about, *_JUDGED)
        for kind, about in (
            (RelationType.MODIFY, "The describing mention and the described one."),
            (RelationType.LOCATED_AT, "An observation and where it is."),
            (RelationType.SUGGESTIVE_OF, "An observation and what it is a sign of."),
        )
    ),
    _links(
        "refers_to.csv",
        "REFERS_TO",
        "Mention",
        "Concept",
        "The concept of a mention; of a finding the composed one.",
        ("score:float", "how sure the link is"),
        ("rule", "how it was found"),
    ),
    _links("is_a.csv", "IS_A", "Concept", "Concept", "The broader concept."),
    _links("part_of.csv", "PART_OF", "Concept", "Concept", "The region that holds it."),
)

MARKER = Table(
    "research_copy.csv",
    "ResearchCopy",
    "One row: what this copy is. It keeps the service from writing live patients into a graph made of these files.",
    _columns(
        ("project:ID(ResearchCopy)", "name of the project"),
        ("keyFingerprint", "tells two keys of the project apart"),
        ("digest", "SHA-256 over all records of the copy"),
        ("madeOn", "the day it was made"),
        ("manifest", "manifest.json without the files, as one string"),
    ),
)

TABLES = (*NODES, *RELATIONSHIPS, MARKER)


def loader_arguments() -> list[str]:
    """What `neo4j-admin database import full` is told, in the folder of the files."""
    nodes = [f"--nodes={table.label + '=' if table.label else ''}{table.file}" for table in (*NODES, MARKER)]
    return [*nodes, *(f"--relationships={table.label}={table.file}" for table in RELATIONSHIPS)]


def page() -> Iterator[str]:
    """The data dictionary, line by line, as Markdown."""
    for table in TABLES:
        yield f"## {table.file}"
        yield f"{table.about}"
        yield ""
        yield "| column | meaning |"
        yield "| --- | --- |"
        yield from (f"| `{column.header}` | {column.about} |" for column in table.columns)
        yield ""
