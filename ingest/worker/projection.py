"""What the graph must hold of one study: a pure function of what the ledger holds of it.

The same facts give the same records, whoever computes them, whenever, and in whatever order the facts arrived. Nothing
here reads a clock, a setting or a database.
"""

from collections import Counter
from collections.abc import Iterator

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
from ingest.ledger.studies import LedgerExtraction, LedgerImage, LedgerPatient, LedgerReport, LedgerStudy
from ingest.worker.results import load_readings
from vlmkg.identity import digest
from vlmkg.reading import ConceptLink, Finding, Reading
from vlmkg.schema import Mention


def project(study: LedgerStudy, *, with_text: bool = False) -> StudySubgraph:
    """The records of one study. `with_text` puts the reports' texts into the graph (VLMKG_GRAPH_TEXT)."""
    extraction = _valid_extraction(study)
    mentions, relations = _contents(extraction) if extraction else ((), ())
    return StudySubgraph(
        patient=_patient(study.patient),
        study=_study(study),
        reports=tuple(_report(report, with_text=with_text) for report in study.reports),
        images=tuple(_image(image) for image in study.images),
        extraction=_extraction(extraction) if extraction else None,
        mentions=mentions,
        relations=relations,
    )


def _valid_extraction(study: LedgerStudy) -> LedgerExtraction | None:
    """The selected extraction, unless it read anything that is not current: a withdrawn report has no findings."""
    current = {report.report_key for report in study.reports if report.current}
    current |= {image.sop_instance_uid for image in study.images}
    if study.extraction is None or not current.issuperset(study.extraction.reads):
        return None
    return study.extraction


def _patient(patient: LedgerPatient) -> PatientRecord:
    birth_year = patient.birth_date.year if patient.birth_date else None
    return PatientRecord(patient_id=patient.patient_id, sex=patient.sex, birth_year=birth_year)


def _study(study: LedgerStudy) -> StudyRecord:
    return StudyRecord(
        study_key=study.study_key,
        study_uid=study.study_uid,
        accession=study.accession,
        modality=study.modality,
        body_part=study.body_part,
        started_at=study.started_at,
        pairing=study.pairing,
    )


def _report(report: LedgerReport, *, with_text: bool) -> ReportRecord:
    return ReportRecord(
        report_key=report.report_key,
        report_id=report.report_id,
        version=report.version,
        status=report.status,
        current=report.current,
        issued_at=report.issued_at,
        text_digest=report.text_digest,
        supersedes=report.supersedes,
        text=report.text if with_text else None,
        addendum=report.addendum,
    )


def _image(image: LedgerImage) -> ImageRecord:
    return ImageRecord(
        sop_instance_uid=image.sop_instance_uid,
        view=image.view,
        rows=image.rows,
        columns=image.columns,
        digest=image.digest,
    )


def _extraction(extraction: LedgerExtraction) -> ExtractionRecord:
    return ExtractionRecord(
        extraction_id=extraction.extraction_id,
        engine=extraction.engine,
        checkpoint=extraction.checkpoint,
        engine_digest=extraction.engine_digest,
        modalities=extraction.modalities,
        out_of_domain=extraction.out_of_domain,
        created_at=extraction.created_at,
        reads=extraction.reads,
    )


def _contents(extraction: LedgerExtraction) -> tuple[tuple[MentionRecord, ...], tuple[RelationRecord, ...]]:
    mentions: list[MentionRecord] = []
    relations: list[RelationRecord] = []
    for report_key, reading in sorted(load_readings(extraction.result).items()):
        ids = _mention_ids(extraction.extraction_id, report_key, reading)
        mentions.extend(_mentions(ids, report_key, reading))
        relations.extend(_relations(ids, reading))
    return tuple(mentions), tuple(relations)


def _mention_ids(extraction_id: str, report_key: str, reading: Reading) -> list[str]:
    """H(extractionId, reportKey, start, end, label, ordinal). `ordinal` tells apart mentions alike in all the rest."""
    seen: Counter[tuple[int, int, str]] = Counter()
    ids = []
    for mention in reading.graph.mentions:
        alike = (mention.start, mention.end, f"{mention.kind}-{mention.presence}")
        ids.append(digest(extraction_id, report_key, *alike, seen[alike]))
        seen[alike] += 1
    return ids


def _mentions(ids: list[str], report_key: str, reading: Reading) -> Iterator[MentionRecord]:
    findings = {finding.mention: finding for finding in reading.findings}
    for position, (mention, link) in enumerate(zip(reading.graph.mentions, reading.links, strict=True)):
        yield _mention(ids[position], report_key, mention, link, findings.get(position))


def _mention(
    mention_id: str, report_key: str, mention: Mention, link: ConceptLink, finding: Finding | None
) -> MentionRecord:
    return MentionRecord(
        mention_id=mention_id,
        report_key=report_key,
        kind=mention.kind,
        text=mention.text,
        start=mention.start,
        end=mention.end,
        section=mention.section,
        presence=mention.presence,
        score=mention.score,
        witness=mention.witness,
        concept=ConceptRecord(code=link.code, system=link.system, name=link.name),
        link_score=link.score,
        link_rule=link.rule,
        finding=_finding(finding) if finding else None,
    )


def _finding(finding: Finding) -> FindingRecord:
    concept = finding.concept
    return FindingRecord(
        concept_code=concept.code,
        laterality=finding.laterality,
        severity=finding.severity,
        place_codes=finding.place_codes,
        concept=ConceptRecord(code=concept.code, system=concept.system, name=concept.name),
    )


def _relations(ids: list[str], reading: Reading) -> Iterator[RelationRecord]:
    for relation in reading.graph.relations:
        yield RelationRecord(
            head=ids[relation.head],
            type=relation.type,
            tail=ids[relation.tail],
            score=relation.score,
            witness=relation.witness,
        )
