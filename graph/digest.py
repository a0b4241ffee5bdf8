"""A digest of the graph's content that does not depend on the order of writing.

It covers identities, facts, presence, the states of reviews and the current versions. It excludes scores, times of
ingestion, pairing and the vocabulary's names: these may differ between two graphs with the same facts.
"""

from typing import LiteralString

from neo4j import READ_ACCESS, Driver, Session

from graph.connection import outages
from vlmkg.identity import digest

PATIENTS: LiteralString = "MATCH (p:Patient) RETURN p.patientId, p.sex, p.birthYear"
# The page key holds the time of the study, in UTC.
STUDIES: LiteralString = """
MATCH (s:Study)<-[:HAS_STUDY]-(p:Patient)
RETURN s.studyKey, p.patientId, s.studyUid, s.accession, s.modality, s.bodyPart, s.pageKey,
  COLLECT { MATCH (s)-[:HAS_FINDING]->(f) RETURN f.mentionId AS key ORDER BY key }
"""
REPORTS: LiteralString = """
MATCH (r:Report)<-[:HAS_REPORT]-(s:Study)
RETURN r.reportKey, s.studyKey, r.reportId, r.version, r.status, r.current, r.addendum, r.textDigest,
  CASE WHEN r.issuedAt IS NOT NULL THEN toString(datetime({datetime: r.issuedAt, timezone: 'Z'})) END,
  COLLECT { MATCH (r)-[:SUPERSEDES]->(o) RETURN o.reportKey AS key ORDER BY key }
"""
IMAGES: LiteralString = """
MATCH (i:Image)<-[:HAS_IMAGE]-(s:Study)
RETURN i.sopInstanceUid, s.studyKey, i.view, i.rows, i.columns, i.digest
"""
# One row per extraction: one row per mention would take the driver four times as long. An unreviewed finding has the
# digest that it had before reviews existed, and one without another presence that from before those existed.
EXTRACTIONS: LiteralString = """
MATCH (e:Extraction)
RETURN e.extractionId, e.engine, e.checkpoint, e.checkpointDigest, e.engineDigest, e.modalities, e.outOfDomain,
  COLLECT { MATCH (e)-[:READ]->(x) RETURN coalesce(x.reportKey, x.sopInstanceUid) AS key ORDER BY key },
  COLLECT {
    MATCH (e)-[:FOUND]->(m:Mention)-[link:REFERS_TO]->(c:Concept)
    RETURN [
      m.mentionId, m.reportKey, m:Anatomy, m:Finding, m.text, m.start, m.end, m.section, m.presence, m.witness,
      m.disputed, c.code, link.rule, m.conceptCode, m.laterality, m.severity, m.placeCodes
    ] + CASE WHEN m.review IS NULL THEN [] ELSE [m.review] END
      + CASE WHEN m.otherPresence IS NULL THEN [] ELSE ['other', m.otherPresence] END AS mention
    ORDER BY m.mentionId, c.code
  },
  COLLECT {
    MATCH (e)-[:FOUND]->(head:Mention)-[r:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->(tail)
    RETURN [head.mentionId, type(r), tail.mentionId, r.witness] AS relation
    ORDER BY head.mentionId, type(r), tail.mentionId, r.witness
  }
"""

FACTS: dict[str, LiteralString] = {
    "patients": PATIENTS,
    "studies": STUDIES,
    "reports": REPORTS,
    "images": IMAGES,
    "extractions": EXTRACTIONS,
}


_ROWS_AT_ONCE = 500


def graph_digest(driver: Driver, database: str = "neo4j") -> str:
    """SHA-256 (hex) over the facts of the graph. Raises GraphUnavailableError.

    Each fact is hashed separately and the hashes of a kind are summed, so facts need not be sorted or kept in memory.
    """
    fields: list[str | int] = []
    with (
        outages(),
        driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=_ROWS_AT_ONCE) as session,
    ):
        for kind, statement in FACTS.items():
            count, total = _sum(session, statement)
            fields += [kind, count, total]
    return digest(*fields)


def _sum(session: Session, statement: LiteralString) -> tuple[int, int]:
    count = total = 0
    for record in session.run(statement):
        count += 1
        total += int(digest(repr(record.values())), 16)
    return count, total % 2**256
