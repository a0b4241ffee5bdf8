"""The peer of the merge step: the same rows by plain batched `UNWIND ... MERGE`.

Without lock, digest, removal of earlier content, and check of the written rows.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, LiteralString

from neo4j import Driver, ManagedTransaction

from graph.records import MentionRecord, StudySubgraph
from vlmkg.schema import RelationType

Row = dict[str, Any]

PATIENTS: LiteralString = "UNWIND $rows AS row MERGE (n:Patient {patientId: row.key}) SET n += row.values"
CONCEPTS: LiteralString = "UNWIND $rows AS row MERGE (n:Concept {code: row.key}) ON CREATE SET n += row.values"
STUDIES: LiteralString = """
UNWIND $rows AS row MATCH (p:Patient {patientId: row.of})
MERGE (n:Study {studyKey: row.key}) SET n += row.values MERGE (p)-[:HAS_STUDY]->(n)"""
REPORTS: LiteralString = """
UNWIND $rows AS row MATCH (s:Study {studyKey: row.of})
MERGE (n:Report {reportKey: row.key}) SET n += row.values MERGE (s)-[:HAS_REPORT]->(n)"""
EXTRACTIONS: LiteralString = """
UNWIND $rows AS row MATCH (r:Report {reportKey: row.of})
MERGE (n:Extraction {extractionId: row.key}) SET n += row.values MERGE (n)-[:READ]->(r)"""
MENTIONS: LiteralString = """
UNWIND $rows AS row MATCH (e:Extraction {extractionId: row.of}) MATCH (c:Concept {code: row.concept})
MERGE (n:Mention {mentionId: row.key}) SET n += row.values
MERGE (e)-[:FOUND]->(n) MERGE (n)-[:REFERS_TO {rule: row.rule}]->(c)"""
FINDINGS: LiteralString = """
UNWIND $rows AS row MATCH (s:Study {studyKey: row.of}) MATCH (n:Mention {mentionId: row.key})
SET n:Finding, n += row.values MERGE (s)-[:HAS_FINDING]->(n)"""
RELATIONS: dict[RelationType, LiteralString] = {
    RelationType.MODIFY: """
UNWIND $rows AS row MATCH (a:Mention {mentionId: row.head}) MATCH (b:Mention {mentionId: row.tail})
MERGE (a)-[r:MODIFY]->(b) SET r.witness = row.witness""",
    RelationType.LOCATED_AT: """
UNWIND $rows AS row MATCH (a:Mention {mentionId: row.head}) MATCH (b:Mention {mentionId: row.tail})
MERGE (a)-[r:LOCATED_AT]->(b) SET r.witness = row.witness""",
    RelationType.SUGGESTIVE_OF: """
UNWIND $rows AS row MATCH (a:Mention {mentionId: row.head}) MATCH (b:Mention {mentionId: row.tail})
MERGE (a)-[r:SUGGESTIVE_OF]->(b) SET r.witness = row.witness""",
}

Batch = list[tuple[LiteralString, list[Row]]]


def prepare(subgraphs: Sequence[StudySubgraph], size: int) -> list[Batch]:
    """Statements with their rows, `size` studies a transaction: made beforehand, so that only the server is timed."""
    return [_batch(subgraphs[start : start + size]) for start in range(0, len(subgraphs), size)]


def run(driver: Driver, batches: Sequence[Batch]) -> None:
    """Write all batches, each in one transaction."""
    with driver.session() as session:
        for batch in batches:
            session.execute_write(_write, batch)


def _write(tx: ManagedTransaction, batch: Batch) -> None:
    for statement, rows in batch:
        if rows:
            tx.run(statement, rows=rows).consume()


def _batch(subgraphs: Sequence[StudySubgraph]) -> Batch:
    read = [(one, mention) for one in subgraphs for mention in one.mentions]
    return [
        (PATIENTS, [_row(one.patient.patient_id, one.patient) for one in subgraphs]),
        (CONCEPTS, _concepts(subgraphs)),
        (STUDIES, [_row(one.study.study_key, one.study, of=one.patient.patient_id) for one in subgraphs]),
        (REPORTS, [_row(r.report_key, r, of=one.study.study_key) for one in subgraphs for r in one.reports]),
        (EXTRACTIONS, _extractions(subgraphs)),
        (MENTIONS, [_mention(one, mention) for one, mention in read]),
        (FINDINGS, [_finding(one, mention) for one, mention in read if mention.finding]),
        *((statement, _relations(subgraphs, kind)) for kind, statement in RELATIONS.items()),
    ]


def _row(key: str, record: Any, **more: Any) -> Row:
    values = {name: value for name, value in asdict(record).items() if value is not None}
    return {"key": key, "values": values, **more}


def _concepts(subgraphs: Sequence[StudySubgraph]) -> list[Row]:
    concepts = {mention.concept.code: mention.concept for one in subgraphs for mention in one.mentions}
    return [_row(code, concepts[code]) for code in sorted(concepts)]


def _extractions(subgraphs: Sequence[StudySubgraph]) -> list[Row]:
    return [
        _row(one.extraction.extraction_id, one.extraction, of=source)
        for one in subgraphs
        if one.extraction
        for source in one.extraction.reads
    ]


def _mention(one: StudySubgraph, mention: MentionRecord) -> Row:
    values = {
        "text": mention.text,
        "start": mention.start,
        "end": mention.end,
        "section": mention.section,
        "presence": mention.presence,
        "witness": mention.witness,
    }
    of = one.extraction.extraction_id if one.extraction else None
    return {
        "key": mention.mention_id,
        "of": of,
        "concept": mention.concept.code,
        "rule": mention.link_rule,
        "values": values,
    }


def _finding(one: StudySubgraph, mention: MentionRecord) -> Row:
    finding = mention.finding
    assert finding is not None
    values = {
        "conceptCode": finding.concept_code,
        "laterality": finding.laterality,
        "severity": finding.severity,
        "placeCodes": list(finding.place_codes),
        "studiedAt": one.study.started_at,
    }
    return {"key": mention.mention_id, "of": one.study.study_key, "values": values}


def _relations(subgraphs: Sequence[StudySubgraph], kind: RelationType) -> list[Row]:
    return [
        {"head": relation.head, "tail": relation.tail, "witness": relation.witness}
        for one in subgraphs
        for relation in one.relations
        if relation.type is kind
    ]
