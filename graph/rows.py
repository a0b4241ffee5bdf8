"""Records as rows: the parameters of graph.statements, and the number of objects that each statement must create."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, LiteralString

from graph import statements
from graph.page_keys import page_key, time_part
from graph.records import ConceptRecord, MentionRecord, ReportRecord, StudySubgraph
from graph.summaries import summary_of
from vlmkg.engine_protocol import Agreement
from vlmkg.identity import digest
from vlmkg.schema import Kind, RelationType
from vlmkg.verdicts import ReviewState

Row = dict[str, Any]

_LAYOUT = 3
"""Part of every projection digest. Raise it if the same records are written differently."""

MENTIONS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Write:
    """One statement with its rows.

    `nodes` and `relationships` are the numbers it must create; None: only missing ones.
    """

    statement: LiteralString
    rows: list[Row]
    nodes: int | None = 0
    relationships: int | None = 0


def projection_digest(subgraph: StudySubgraph) -> str:
    """SHA-256 (hex) over all written data of a study: equal digests mean equal subgraphs."""
    return digest(_LAYOUT, repr(subgraph))


def writes_of(subgraphs: Sequence[StudySubgraph], digests: Mapping[str, str]) -> list[Write]:
    """The statements that create these studies, in their order, with their projection digests by study key.

    Rows of shared nodes are sorted by key.
    """
    extracted = [subgraph for subgraph in subgraphs if subgraph.extraction is not None]
    writes = [
        Write(statements.MERGE_PATIENTS, _patients(subgraphs), nodes=None),
        Write(statements.MERGE_CONCEPTS, _concepts(extracted), nodes=None),
        _creating(statements.CREATE_STUDIES, [_study(subgraph, digests) for subgraph in subgraphs]),
        _creating(statements.CREATE_REPORTS, _reports(subgraphs)),
        _linking(statements.CREATE_SUPERSEDES, _supersedes(subgraphs)),
        _creating(statements.CREATE_IMAGES, _images(subgraphs)),
        *_extractions(extracted),
        *_mentions(extracted),
        *(_linking(statements.CREATE_RELATIONS[kind], _relations(extracted, kind)) for kind in RelationType),
    ]
    return [write for write in writes if write.rows]


def _creating(statement: LiteralString, rows: list[Row]) -> Write:
    """A statement that creates, for each row, a node and the relationship to its owner."""
    return Write(statement, rows, nodes=len(rows), relationships=len(rows))


def _linking(statement: LiteralString, rows: list[Row]) -> Write:
    return Write(statement, rows, relationships=len(rows))


def _patients(subgraphs: Iterable[StudySubgraph]) -> list[Row]:
    patients = {subgraph.patient.patient_id: subgraph.patient for subgraph in subgraphs}
    return [
        {"patientId": key, "sex": patients[key].sex, "birthYear": patients[key].birth_year} for key in sorted(patients)
    ]


def _concepts(subgraphs: Iterable[StudySubgraph]) -> list[Row]:
    mentions = [mention for subgraph in subgraphs for mention in subgraph.mentions]
    concepts: set[ConceptRecord] = {mention.concept for mention in mentions}
    concepts |= {mention.finding.concept for mention in mentions if mention.finding and mention.finding.concept}
    # Of two names of a code the smaller one counts, so that the order of studies has no effect.
    by_code = {each.code: each for each in sorted(concepts, key=lambda one: (one.code, one.name), reverse=True)}
    return [{"code": each.code, "system": each.system, "name": each.name} for each in reversed(by_code.values())]


def _study(subgraph: StudySubgraph, digests: Mapping[str, str]) -> Row:
    study = subgraph.study
    return {
        "patient": subgraph.patient.patient_id,
        "properties": {
            "studyKey": study.study_key,
            "studyUid": study.study_uid,
            "accession": study.accession,
            "modality": study.modality,
            "bodyPart": study.body_part,
            "startedAt": study.started_at,
            "pairing": study.pairing,
            "pageKey": page_key(study.started_at, study.study_key),
            "projectionDigest": digests[study.study_key],
            **summary_of(subgraph.mentions),
        },
    }


def _reports(subgraphs: Iterable[StudySubgraph]) -> list[Row]:
    return [
        {"study": subgraph.study.study_key, "properties": _report(report)}
        for subgraph in subgraphs
        for report in subgraph.reports
    ]


def _report(report: ReportRecord) -> Row:
    return {
        "reportKey": report.report_key,
        "reportId": report.report_id,
        "version": report.version,
        "status": report.status,
        "current": report.current,
        "addendum": report.addendum,
        "issuedAt": report.issued_at,
        "textDigest": report.text_digest,
        "text": report.text,
    }


def _supersedes(subgraphs: Iterable[StudySubgraph]) -> list[Row]:
    reports = (report for subgraph in subgraphs for report in subgraph.reports)
    return [{"newer": report.report_key, "older": report.supersedes} for report in reports if report.supersedes]


def image_key(subgraph: StudySubgraph, sop_instance_uid: str) -> str:
    """The key of an image: patient and UID. The same UID in two patients is two images."""
    return digest("image", subgraph.patient.patient_id, sop_instance_uid)


def _images(subgraphs: Iterable[StudySubgraph]) -> list[Row]:
    return [
        {
            "study": subgraph.study.study_key,
            "properties": {
                "imageKey": image_key(subgraph, image.sop_instance_uid),
                "sopInstanceUid": image.sop_instance_uid,
                "view": image.view,
                "rows": image.rows,
                "columns": image.columns,
                "digest": image.digest,
            },
        }
        for subgraph in subgraphs
        for image in subgraph.images
    ]


def _extractions(subgraphs: Iterable[StudySubgraph]) -> list[Write]:
    """The extractions and their inputs: an image UID of the study, or else a reportKey."""
    nodes: list[Row] = []
    reports: list[Row] = []
    images: list[Row] = []
    for subgraph in subgraphs:
        extraction = subgraph.extraction
        if extraction is None:
            continue
        uids = {image.sop_instance_uid for image in subgraph.images}
        for source in extraction.reads:
            row = {"extraction": extraction.extraction_id, "source": source}
            if source in uids:
                images.append(row | {"source": image_key(subgraph, source)})
            else:
                reports.append(row)
        properties = {
            "extractionId": extraction.extraction_id,
            "engine": extraction.engine,
            "checkpoint": extraction.checkpoint,
            "engineDigest": extraction.engine_digest,
            "modalities": list(extraction.modalities),
            "outOfDomain": extraction.out_of_domain,
            "createdAt": extraction.created_at,
            "checkpointDigest": extraction.checkpoint_digest,
            "warnings": list(extraction.warnings),
            **_agreement(extraction.agreement),
        }
        nodes.append({"properties": properties})
    return [
        Write(statements.CREATE_EXTRACTIONS, nodes, nodes=len(nodes)),
        _linking(statements.CREATE_READ_REPORTS, reports),
        _linking(statements.CREATE_READ_IMAGES, images),
    ]


def _agreement(agreement: Agreement | None) -> Row:
    """The counts as properties of the extraction; none if there was no comparison."""
    if agreement is None:
        return {}
    return {
        "mentionsBoth": agreement.mentions_both,
        "mentionsModel": agreement.mentions_model,
        "mentionsRules": agreement.mentions_rules,
        "relationsBoth": agreement.relations_both,
        "relationsModel": agreement.relations_model,
        "relationsRules": agreement.relations_rules,
        "disputed": agreement.disputed,
    }


def _mentions(subgraphs: Sequence[StudySubgraph]) -> list[Write]:
    return [
        *_mentioning(statements.CREATE_FINDINGS, subgraphs, _is_finding, relationships_each=3),
        *_mentioning(statements.CREATE_OBSERVATIONS, subgraphs, _is_modifier, relationships_each=2),
        *_mentioning(statements.CREATE_ANATOMY, subgraphs, _is_anatomy, relationships_each=2),
    ]


def _is_finding(mention: MentionRecord) -> bool:
    return mention.finding is not None


def _is_modifier(mention: MentionRecord) -> bool:
    return mention.finding is None and mention.kind is Kind.OBSERVATION


def _is_anatomy(mention: MentionRecord) -> bool:
    return mention.finding is None and mention.kind is Kind.ANATOMY


def _mentioning(
    statement: LiteralString,
    subgraphs: Iterable[StudySubgraph],
    wanted: Callable[[MentionRecord], bool],
    relationships_each: int,
) -> Iterator[Write]:
    """The mentions of one kind, in chunks, so that the server need not hold a large group twice."""
    for chunk in _chunks(
        (subgraph, mention) for subgraph in subgraphs for mention in subgraph.mentions if wanted(mention)
    ):
        rows = [_group(subgraph, mentions) for subgraph, mentions in chunk]
        count = sum(len(row["mentions"]) for row in rows)
        yield Write(statement, rows, nodes=count, relationships=count * relationships_each)


def _chunks(
    found: Iterable[tuple[StudySubgraph, MentionRecord]],
) -> Iterator[list[tuple[StudySubgraph, list[MentionRecord]]]]:
    """Chunks of at most MENTIONS_AT_ONCE mentions, each with its mentions by study."""
    remaining = iter(found)
    while chunk := list(islice(remaining, MENTIONS_AT_ONCE)):
        by_study = groupby(chunk, key=lambda pair: pair[0].study.study_key)
        groups = [list(group) for _, group in by_study]
        yield [(group[0][0], [mention for _, mention in group]) for group in groups]


def _group(subgraph: StudySubgraph, mentions: list[MentionRecord]) -> Row:
    """Mentions of one kind, grouped under their common values, which are sent once."""
    extraction, study = subgraph.extraction, subgraph.study
    return {
        "study": study.study_key,
        "extraction": None if extraction is None else extraction.extraction_id,
        "studiedAt": study.started_at,
        "timePart": time_part(study.started_at),
        "mentions": [_mention(mention) for mention in mentions],
    }


def _mention(mention: MentionRecord) -> Row:
    properties: Row = {
        "mentionId": mention.mention_id,
        "reportKey": mention.report_key,
        "text": mention.text,
        "start": mention.start,
        "end": mention.end,
        "section": mention.section,
        "presence": mention.presence.value,
        "score": mention.score,
        "witness": mention.witness.value,
        "disputed": mention.disputed,
        "otherPresence": mention.other_presence.value if mention.other_presence else None,
        "sopInstanceUid": mention.sop_instance_uid,
    }
    if mention.finding is not None:
        properties |= {
            "conceptCode": mention.finding.concept_code,
            "laterality": mention.finding.laterality,
            "severity": mention.finding.severity,
            "placeCodes": list(mention.finding.place_codes),
            "review": None if mention.finding.review is ReviewState.UNREVIEWED else mention.finding.review.value,
        }
    link: Row = {"concept": mention.concept.code, "score": mention.link_score, "rule": mention.link_rule}
    return link | {"properties": properties}


def _relations(subgraphs: Iterable[StudySubgraph], kind: RelationType) -> list[Row]:
    return [
        {"head": each.head, "tail": each.tail, "score": each.score, "witness": each.witness.value}
        for subgraph in subgraphs
        for each in subgraph.relations
        if each.type is kind
    ]
