"""The graph's content for one study: a pure function of the ledger's content.

The same facts always give the same records, whatever their order of arrival. Nothing here reads a clock, a setting or a
database.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

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
from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Statement, about, state_of
from ingest.ledger.study_facts import LedgerExtraction, LedgerImage, LedgerPatient, LedgerReport, LedgerStudy
from ingest.projection.stored_readings import load_readings
from vlmkg.engine_protocol import ConceptLink, Finding, Reading
from vlmkg.identity import digest
from vlmkg.schema import Mention
from vlmkg.verdicts import ReviewState
from vlmkg.witnesses.agreement import total

IMAGE = "image"
"""Replaces the report in the identity of a film's mention."""


def project(study: LedgerStudy, *, with_text: bool = False) -> StudySubgraph:
    """The records of one study. `with_text` puts the reports' texts into the graph (VLMKG_GRAPH_TEXT)."""
    extraction = _valid_extraction(study)
    readings = load_readings(extraction.result) if extraction else {}
    mentions, relations = _contents(study, extraction.extraction_id, readings) if extraction else ((), ())
    return StudySubgraph(
        patient=_patient(study.patient),
        study=_study(study),
        reports=tuple(_report(report, with_text=with_text) for report in study.reports),
        images=tuple(_image(image) for image in study.images),
        extraction=_extraction(extraction, readings) if extraction else None,
        mentions=mentions,
        relations=relations,
    )


def _valid_extraction(study: LedgerStudy) -> LedgerExtraction | None:
    """The selected extraction, unless one of its inputs is not current: a withdrawn report has no findings."""
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


def _extraction(extraction: LedgerExtraction, readings: Mapping[str, Reading]) -> ExtractionRecord:
    compared = [reading.agreement for reading in readings.values() if reading.agreement]
    return ExtractionRecord(
        extraction_id=extraction.extraction_id,
        engine=extraction.engine,
        checkpoint=extraction.checkpoint,
        engine_digest=extraction.engine_digest,
        modalities=extraction.modalities,
        out_of_domain=extraction.out_of_domain,
        created_at=extraction.created_at,
        reads=extraction.reads,
        checkpoint_digest=extraction.checkpoint_digest,
        warnings=extraction.warnings,
        agreement=total(compared) if compared else None,
    )


def _contents(
    study: LedgerStudy, extraction_id: str, readings: Mapping[str, Reading]
) -> tuple[tuple[MentionRecord, ...], tuple[RelationRecord, ...]]:
    """The mentions and relations of all readings. A film's mentions belong to no report."""
    films = {image.sop_instance_uid for image in study.images}
    mentions: list[MentionRecord] = []
    relations: list[RelationRecord] = []
    seen: Counter[tuple[str, int, int, str]] = Counter()
    for key, reading in sorted(readings.items()):
        source = IMAGE if key in films else key
        ids = [_mention_id(extraction_id, source, mention, seen) for mention in reading.graph.mentions]
        mentions.extend(_mentions(study, ids, key, reading, film=key in films))
        relations.extend(_relations(ids, reading))
    return tuple(mentions), tuple(relations)


def _mention_id(extraction_id: str, source: str, mention: Mention, seen: Counter[tuple[str, int, int, str]]) -> str:
    """H(extractionId, reportKey or "image", start, end, label, ordinal).

    `ordinal` distinguishes mentions that are equal in everything else, counted in `seen`.
    """
    alike = (source, mention.start, mention.end, f"{mention.kind}-{mention.presence}")
    ordinal = seen[alike]
    seen[alike] += 1
    return digest(extraction_id, *alike, ordinal)


def _mentions(
    study: LedgerStudy, ids: list[str], source: str, reading: Reading, *, film: bool
) -> Iterator[MentionRecord]:
    findings = {finding.mention: finding for finding in reading.findings}
    for position, (mention, link) in enumerate(zip(reading.graph.mentions, reading.links, strict=True)):
        finding = findings.get(position)
        place = FindingPosition(source, film, mention.start, mention.end)
        made = _finding(finding, _review(study, place, mention, finding)) if finding else None
        yield _mention(ids[position], place, mention, link, made)


def _mention(
    mention_id: str, place: FindingPosition, mention: Mention, link: ConceptLink, finding: FindingRecord | None
) -> MentionRecord:
    return MentionRecord(
        mention_id=mention_id,
        report_key=None if place.film else place.source,
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
        finding=finding,
        disputed=mention.disputed,
        other_presence=mention.other_presence,
        sop_instance_uid=place.source if place.film else None,
    )


def _review(study: LedgerStudy, place: FindingPosition, mention: Mention, finding: Finding) -> ReviewState:
    """The review state of the finding, from reviews of any extraction."""
    if not study.verdicts:
        return ReviewState.UNREVIEWED
    places = tuple(sorted(finding.place_codes))
    claim = Assertion(mention.presence, finding.concept.code, finding.laterality, finding.severity, places)
    return state_of(about(study.verdicts, Statement(study.patient.patient_id, place, claim)))


def _finding(finding: Finding, review: ReviewState) -> FindingRecord:
    concept = finding.concept
    return FindingRecord(
        concept_code=concept.code,
        laterality=finding.laterality,
        severity=finding.severity,
        place_codes=finding.place_codes,
        concept=ConceptRecord(code=concept.code, system=concept.system, name=concept.name),
        review=review,
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
