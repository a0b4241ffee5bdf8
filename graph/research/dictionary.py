"""The files of a research copy and their columns: the headers, and the data dictionary for people."""

from collections.abc import Iterator

from graph.bulk.tables import Table, columns, links
from vlmkg.schema import RelationType

_MOVED = "shifted by the patient's own offset; absent if unknown"

NODES = (
    Table(
        "patients.csv",
        "Patient",
        "Patients.",
        columns(
            ("patientId:ID(Patient)", "the patient's pseudonym, only in this copy"),
            ("sex", "male, female, other, unknown; absent if not stated"),
            (
                "birthYear:int",
                "shifted like the times: age is a study's year minus this, or one off; from 300 on 90 or older",
            ),
        ),
    ),
    Table(
        "studies.csv",
        "Study",
        "Studies.",
        columns(
            ("studyKey:ID(Study)", "the study's pseudonym in this copy"),
            ("studyUid", "a UID of this copy that replaces the StudyInstanceUID"),
            ("modality", "DICOM (0008,0060)"),
            ("bodyPart", "DICOM (0018,0015)"),
            ("startedAt:datetime", _MOVED),
            ("pairing", "paired, report_only, image_only, waiting_for_report, waiting_for_image"),
            ("pageKey", "startedAt, or ~, and the key: an order of all studies"),
            ("projectionDigest", "SHA-256 of the study's content in this copy"),
            ("assertedConcepts:string[]", "concepts of its findings that are present or uncertain and not rejected"),
            ("assertedPlaces:string[]", "their places, one for each pair of a place and a concept that is there"),
            ("assertedPlaceConcepts:string[]", "the concept of each such pair, in the same order"),
        ),
    ),
    Table(
        "reports.csv",
        "Report",
        "Versions of reports. Only current ones were read.",
        columns(
            ("reportKey:ID(Report)", "the version's pseudonym in this copy"),
            ("reportId", "all versions of a report share it"),
            ("version:int", "from 1, in the order of precedence"),
            ("status", "P preliminary, F final, C corrected, X withdrawn"),
            ("current:boolean", "whether this is the current version"),
            ("addendum:boolean", "whether it is an addendum"),
            ("issuedAt:datetime", _MOVED),
        ),
    ),
    Table(
        "images.csv",
        "Image",
        "Images of studies.",
        columns(
            ("imageKey:ID(Image)", "the image's pseudonym in this copy"),
            ("sopInstanceUid", "a UID of this copy that replaces the SOPInstanceUID"),
            ("view", "DICOM View Position"),
            ("rows:int", "pixels"),
            ("columns:int", "pixels"),
        ),
    ),
    Table(
        "extractions.csv",
        "Extraction",
        "One reading of a study: its engine and its inputs.",
        columns(
            ("extractionId:ID(Extraction)", "the reading's pseudonym in this copy"),
            ("engine", "rules, or a model"),
            ("checkpoint", "the model's checkpoint"),
            ("engineDigest", "SHA-256 of everything that determines the engine's readings"),
            ("checkpointDigest", "SHA-256 of the checkpoint's files"),
            ("modalities:string[]", "text, image: the inputs of the reading"),
            ("warnings:string[]", "reason codes, see docs/data-model.md"),
            ("outOfDomain:boolean", "not a chest radiograph, for which the engines were made"),
            ("mentionsBoth:int", "mentions read by model and rules; absent if only one engine read"),
            ("mentionsModel:int", "mentions read only by the model"),
            ("mentionsRules:int", "mentions read only by the rules"),
            ("relationsBoth:int", "as above, of relations"),
            ("relationsModel:int", "as above"),
            ("relationsRules:int", "as above"),
            ("disputed:int", "mentions on whose presence or kind model and rules disagree"),
        ),
    ),
    Table(
        "mentions.csv",
        "",
        "The report's statements, phrase by phrase. Observation or Anatomy; a Finding is an observation "
        "that modifies no other.",
        columns(
            ("mentionId:ID(Mention)", "the mention's pseudonym in this copy"),
            (":LABEL", "Mention and Observation or Anatomy, and Finding"),
            ("reportKey", "its report"),
            ("sopInstanceUid", "else its image, by the UID in this copy"),
            ("text", "its wording; ___ for words that are not known words of radiology"),
            ("start:int", "its index among the report's mentions, from 0 (not an offset in the text)"),
            ("end:int", "the index after it"),
            ("section", "findings, impression, addendum; image"),
            ("presence", "present, uncertain, absent: absent means negated"),
            ("score:double", "mean token probability, rounded down to hundredths; absent for rules"),
            ("witness", "which engine read it: model, rules, both"),
            ("disputed:boolean", "whether model and rules disagree on presence or kind"),
            ("otherPresence", "of a disputed one: the model's presence, where `presence` is that of the rules"),
            ("conceptCode", "of a finding: the composed concept"),
            ("laterality", "of a finding: left, right, bilateral; absent if not stated"),
            ("severity", "of a finding: borderline, mild, moderate, severe; absent if not stated"),
            ("placeCodes:string[]", "of a finding: the concepts of its locations"),
            ("review", "of a finding, by persons: confirmed, rejected, contested, undecided; absent: unreviewed"),
            ("studiedAt:datetime", "of a finding: the study's startedAt"),
            ("pageKey", "of a finding: studiedAt, or ~, and the key"),
        ),
    ),
    Table(
        "concepts.csv",
        "Concept",
        "RadLex (a subset, see NOTICE.radlex.txt), the project's own concepts, and local terms that no table has.",
        columns(
            ("code:ID(Concept)", "key"),
            ("system", "radlex, vlmkg, local"),
            ("name", "preferred name"),
            ("synonyms:string[]", "further names"),
            ("vocabulary", "digest of the vocabulary; absent for local ones"),
        ),
    ),
)


_JUDGED = (("score:double", "as of a mention"), ("witness", "as of a mention"))

RELATIONSHIPS = (
    links("has_study.csv", "HAS_STUDY", "Patient", "Study", "The patient of a study."),
    links("has_report.csv", "HAS_REPORT", "Study", "Report", "Versions of the study's reports."),
    links("supersedes.csv", "SUPERSEDES", "Report", "Report", "The previous version."),
    links("has_image.csv", "HAS_IMAGE", "Study", "Image", "The study's images."),
    links("read_report.csv", "READ", "Extraction", "Report", "The reports that were read."),
    links("read_image.csv", "READ", "Extraction", "Image", "The images that were read."),
    links("found.csv", "FOUND", "Extraction", "Mention", "The mentions of the reading."),
    links("has_finding.csv", "HAS_FINDING", "Study", "Mention", "The study's findings."),
    *(
        links(f"{kind.value}.csv", kind.name, "Mention", "Mention", about, *_JUDGED)
        for kind, about in (
            (RelationType.MODIFY, "From the describing mention to the described one."),
            (RelationType.LOCATED_AT, "From an observation to its location."),
            (RelationType.SUGGESTIVE_OF, "From an observation to the finding that it suggests."),
        )
    ),
    links(
        "refers_to.csv",
        "REFERS_TO",
        "Mention",
        "Concept",
        "The concept of a mention; of a finding the composed one.",
        ("score:double", "confidence of the link"),
        ("rule", "method of the link"),
    ),
    links("is_a.csv", "IS_A", "Concept", "Concept", "The broader concept."),
    links("part_of.csv", "PART_OF", "Concept", "Concept", "The region that contains it."),
)

MARKER = Table(
    "research_copy.csv",
    "ResearchCopy",
    "One row: the marker of this copy. It keeps the service from writing live patients to a graph made of these files.",
    columns(
        ("project:ID(ResearchCopy)", "name of the project"),
        ("keyFingerprint", "fingerprint of the project's key"),
        ("digest", "SHA-256 over all records of the copy"),
        ("madeOn", "the date of the copy"),
        ("manifest", "manifest.json without the files, as one string"),
    ),
)

TABLES = (*NODES, *RELATIONSHIPS, MARKER)


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
