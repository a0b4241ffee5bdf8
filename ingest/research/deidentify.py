"""The records of one patient without identifiers. A pure function; docs/decisions/0107 gives the reasons.

Every record is built from the fields named here, so a field that is added to the graph later is not copied.

    patients, studies, reports,     HMAC under the project's key
      images, readings, mentions
    accession, text, its digest,    left out
      file digest, time of reading
    StudyInstanceUID, SOPInstanceUID  a UID from the same HMAC
    times, birth year               moved (dates.py)
    words of mentions and of        masked, unless known (words.py)
      concepts that no table has
    places in the text              places in the row of mentions
    scores                          rounded down to two decimals
    sex, modality, body part, view  left out, unless they are a code of a table
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.records import (
    ConceptRecord,
    ExtractionRecord,
    FindingRecord,
    ImageRecord,
    MentionRecord,
    PatientRecord,
    RelationRecord,
    ReportRecord,
    StudyRecord,
    StudySubgraph,
)
from ingest.formats.modalities import MODALITIES
from ingest.research.codes import BODY_PARTS, SEXES, VIEWS
from ingest.research.dates import moved, moved_birth_year, offset_of
from ingest.research.project import Project
from ingest.research.rare_concepts import Cell
from ingest.research.words import MASK, KnownWords
from vlmkg.schema import Presence
from vlmkg.vocabulary.loader import LOCAL

MASKED = ConceptRecord(MASK, LOCAL, MASK)
"""The concept that replaces a suppressed one."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The inputs of a copy beside the ledger. `broader`: the replacements of concepts that are too rare."""

    project: Project
    words: KnownWords
    broader: Mapping[Cell, ConceptRecord]


def deidentify(subgraphs: Sequence[StudySubgraph], rules: Rules) -> list[StudySubgraph]:
    """The selected studies of one patient as the copy contains them."""
    offset = offset_of(rules.project, subgraphs[0].patient.patient_id)
    moments = [moment for subgraph in subgraphs for moment in _moments(subgraph)]
    birth_year = moved_birth_year(subgraphs[0].patient.birth_year, moments, offset)
    return [_subgraph(subgraph, rules, offset, birth_year) for subgraph in subgraphs]


def _moments(subgraph: StudySubgraph) -> list[datetime]:
    times = (subgraph.study.started_at, *(report.issued_at for report in subgraph.reports))
    return [time for time in times if time]


def _subgraph(subgraph: StudySubgraph, rules: Rules, offset: timedelta, birth_year: int | None) -> StudySubgraph:
    patient, project = subgraph.patient, rules.project
    uids = {image.sop_instance_uid for image in subgraph.images}
    return StudySubgraph(
        patient=PatientRecord(project.name_of("patient", patient.patient_id), _code(patient.sex, SEXES), birth_year),
        study=_study(subgraph.study, project, offset),
        reports=tuple(_report(report, project, offset) for report in subgraph.reports),
        images=tuple(_image(image, project) for image in subgraph.images),
        extraction=_extraction(subgraph.extraction, project, uids) if subgraph.extraction else None,
        mentions=_mentions(subgraph.mentions, rules),
        relations=tuple(_relation(relation, project) for relation in subgraph.relations),
    )


def _study(study: StudyRecord, project: Project, offset: timedelta) -> StudyRecord:
    return StudyRecord(
        study_key=project.name_of("study", study.study_key),
        study_uid=project.uid_of(study.study_uid) if study.study_uid else None,
        accession=None,
        modality=_code(study.modality, MODALITIES),
        body_part=_code(study.body_part, BODY_PARTS),
        started_at=moved(study.started_at, offset),
        pairing=study.pairing,
    )


def _report(report: ReportRecord, project: Project, offset: timedelta) -> ReportRecord:
    return ReportRecord(
        report_key=_report_key(report.report_key, project),
        report_id=project.name_of("report id", report.report_id),
        version=report.version,
        status=report.status,
        current=report.current,
        issued_at=moved(report.issued_at, offset),
        text_digest=None,
        supersedes=_report_key(report.supersedes, project) if report.supersedes else None,
        text=None,
        addendum=report.addendum,
    )


def _image(image: ImageRecord, project: Project) -> ImageRecord:
    return ImageRecord(
        sop_instance_uid=project.uid_of(image.sop_instance_uid),
        view=_code(image.view, VIEWS),
        rows=image.rows,
        columns=image.columns,
        digest=None,
    )


def _extraction(extraction: ExtractionRecord, project: Project, uids: set[str]) -> ExtractionRecord:
    """Without the time of reading: the shifted times of one night's readings would reveal the offsets."""
    reads = (project.uid_of(key) if key in uids else _report_key(key, project) for key in extraction.reads)
    return ExtractionRecord(
        extraction_id=project.name_of("extraction", extraction.extraction_id),
        engine=extraction.engine,
        checkpoint=extraction.checkpoint,
        engine_digest=extraction.engine_digest,
        modalities=extraction.modalities,
        out_of_domain=extraction.out_of_domain,
        created_at=None,
        reads=tuple(sorted(reads)),
        checkpoint_digest=extraction.checkpoint_digest,
        warnings=extraction.warnings,
        agreement=extraction.agreement,
    )


def _mentions(mentions: Sequence[MentionRecord], rules: Rules) -> tuple[MentionRecord, ...]:
    """In the order of the text, without offsets: all offsets of a report identify its text like a digest."""
    ordered = sorted(mentions, key=lambda one: (one.report_key or "", one.start, one.end, one.mention_id))
    found: list[MentionRecord] = []
    before: str | None = None
    place = 0
    for mention in ordered:
        place = place + 1 if mention.report_key == before else 0
        before = mention.report_key
        found.append(_mention(mention, place, rules))
    return tuple(found)


def _mention(mention: MentionRecord, place: int, rules: Rules) -> MentionRecord:
    project, own = rules.project, mention.concept
    concept = _concept(own, mention.presence, rules)
    finding = _finding(mention.finding, mention.presence, rules) if mention.finding else None
    told = rules.broader.keys().isdisjoint(_cells(mention))
    in_report = mention.report_key is not None
    return MentionRecord(
        mention_id=project.name_of("mention", mention.mention_id),
        report_key=_report_key(mention.report_key, project) if mention.report_key else None,
        kind=mention.kind,
        text=rules.words.mask(mention.text) if told else MASK,
        start=place if in_report else 0,
        end=place + 1 if in_report else 0,
        section=mention.section,
        presence=mention.presence,
        score=None if mention.score is None else _floor(mention.score),
        witness=mention.witness,
        concept=concept,
        link_score=_floor(mention.link_score),
        link_rule=mention.link_rule,
        finding=finding,
        disputed=mention.disputed,
        other_presence=mention.other_presence,
        sop_instance_uid=project.uid_of(mention.sop_instance_uid) if mention.sop_instance_uid else None,
    )


def _cells(mention: MentionRecord) -> set[Cell]:
    codes = {mention.concept.code, *([mention.finding.concept_code] if mention.finding else [])}
    return {(code, mention.presence) for code in codes}


def _concept(concept: ConceptRecord, presence: Presence, rules: Rules) -> ConceptRecord:
    """The broader concept if this one is too rare; for one that no table has, its known words."""
    if (concept.code, presence) in rules.broader:
        return rules.broader[concept.code, presence]
    if concept.system != LOCAL:
        return concept
    return ConceptRecord(rules.words.mask(concept.code), LOCAL, rules.words.mask(concept.name))


def _finding(finding: FindingRecord, presence: Presence, rules: Rules) -> FindingRecord:
    broader = rules.broader.get((finding.concept_code, presence))
    local = finding.concept if finding.concept and finding.concept.system == LOCAL else None
    named = broader or (_concept(local, presence, rules) if local else finding.concept)
    places = (rules.broader.get((code, Presence.PRESENT)) for code in finding.place_codes)
    codes = (wider.code if wider else code for code, wider in zip(finding.place_codes, places, strict=True))
    return FindingRecord(
        concept_code=named.code if named else finding.concept_code,
        laterality=finding.laterality,
        severity=finding.severity,
        place_codes=tuple(dict.fromkeys(codes)),
        concept=named,
        review=finding.review,
    )


def _relation(relation: RelationRecord, project: Project) -> RelationRecord:
    return RelationRecord(
        head=project.name_of("mention", relation.head),
        type=relation.type,
        tail=project.name_of("mention", relation.tail),
        score=None if relation.score is None else _floor(relation.score),
        witness=relation.witness,
    )


def _report_key(key: str, project: Project) -> str:
    return project.name_of("report", key)


def _code(value: str | None, table: frozenset[str]) -> str | None:
    """The value if it is a code of the table, else None: senders put free text in these fields."""
    return value if value in table else None


def _floor(score: float) -> float:
    """Rounded down to hundredths: all digits would identify the text like a digest."""
    hundredths = int(score * 100)
    hundredths += (hundredths + 1) / 100 <= score
    hundredths -= hundredths / 100 > score
    return hundredths / 100
