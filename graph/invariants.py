"""The graph's invariants, as Cypher that counts violations. Each column is one invariant; 0 means that it holds.

A statement walks the nodes of one label once and counts all of its invariants on the way.
"""

from typing import LiteralString

PATIENTS: LiteralString = """
MATCH (p:Patient)
RETURN
  count(CASE WHEN p.patientId IS NULL THEN 1 END) AS patients_without_key,
  count(CASE WHEN NOT EXISTS { (p)-[:HAS_STUDY]->(:Study) } THEN 1 END) AS patients_without_study
"""
STUDIES: LiteralString = """
MATCH (s:Study)
RETURN
  count(CASE WHEN s.studyKey IS NULL OR s.pageKey IS NULL THEN 1 END) AS studies_without_key,
  count(CASE WHEN s.projectionDigest IS NULL THEN 1 END) AS studies_that_await_projection,
  count(CASE WHEN COUNT { (s)<-[:HAS_STUDY]-(:Patient) } <> 1 THEN 1 END) AS studies_without_one_patient,
  count(CASE WHEN COUNT {
    MATCH (s)-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-(e:Extraction) RETURN DISTINCT e
  } > 1 THEN 1 END) AS studies_of_several_extractions
"""
CURRENT_REPORTS: LiteralString = """
MATCH (r:Report)-[:SUPERSEDES]->+(older:Report)
WHERE r <> older AND r.reportId = older.reportId AND r.current AND older.current
  AND NOT coalesce(r.addendum, false) AND NOT coalesce(older.addendum, false)
RETURN count(DISTINCT r.reportId) AS reports_of_several_current_versions
"""
SOURCES: LiteralString = """
MATCH (x:Report|Image)
RETURN
  count(CASE WHEN x:Report AND (x.reportKey IS NULL OR x.reportId IS NULL) THEN 1 END) AS reports_without_key,
  count(CASE WHEN x:Image AND (x.imageKey IS NULL OR x.sopInstanceUid IS NULL) THEN 1 END) AS images_without_key,
  count(CASE WHEN x:Report AND COUNT { (x)<-[:HAS_REPORT]-(:Study) } <> 1 THEN 1 END) AS reports_without_one_study,
  count(CASE WHEN x:Image AND COUNT { (x)<-[:HAS_IMAGE]-(:Study) } <> 1 THEN 1 END) AS images_without_one_study,
  count(CASE WHEN EXISTS { MATCH (x)-[:SUPERSEDES]->(y) WHERE NOT y:Report OR y.reportId <> x.reportId }
    THEN 1 END) AS reports_that_supersede_another_id,
  count(CASE WHEN EXISTS { (x)-[:SUPERSEDES]->+(x) } THEN 1 END) AS reports_that_supersede_themselves
"""
EXTRACTIONS: LiteralString = """
MATCH (e:Extraction)
RETURN
  count(CASE WHEN e.extractionId IS NULL THEN 1 END) AS extractions_without_key,
  count(CASE WHEN NOT EXISTS { (e)-[:READ]->(:Report|Image) } THEN 1 END) AS extractions_that_read_nothing,
  count(CASE WHEN EXISTS { MATCH (e)-[:READ]->(r:Report) WHERE NOT r.current }
    THEN 1 END) AS extractions_of_superseded_reports,
  count(CASE WHEN COUNT {
    MATCH (e)-[:READ]->()<-[:HAS_REPORT|HAS_IMAGE]-(s:Study) RETURN DISTINCT s
  } > 1 THEN 1 END) AS extractions_across_studies
"""
MENTION_SOURCES: LiteralString = """
MATCH (e:Extraction)
WITH e, COLLECT { MATCH (e)-[:READ]->(r:Report) RETURN r.reportKey } AS keys
MATCH (e)-[:FOUND]->(m:Mention) WHERE m.reportKey IS NOT NULL AND NOT m.reportKey IN keys
RETURN count(m) AS mentions_of_a_report_not_read
"""
FINDING_SOURCES: LiteralString = """
MATCH (s:Study)-[:HAS_FINDING]->(:Mention)<-[:FOUND]-(e:Extraction)
WITH DISTINCT s, e
WHERE NOT EXISTS { (e)-[:READ]->()<-[:HAS_REPORT|HAS_IMAGE]-(s) }
RETURN count(*) AS studies_with_findings_of_another
"""
MENTIONS: LiteralString = """
MATCH (m:Mention)
RETURN
  count(CASE WHEN m.mentionId IS NULL THEN 1 END) AS mentions_without_key,
  count(CASE WHEN COUNT { (m)<-[:FOUND]-(:Extraction) } <> 1 THEN 1 END) AS mentions_without_one_extraction,
  count(CASE WHEN COUNT { (m)-[:REFERS_TO]->(:Concept) } <> 1 THEN 1 END) AS mentions_without_one_concept,
  count(CASE WHEN m:Observation = m:Anatomy THEN 1 END) AS mentions_without_one_kind,
  count(CASE WHEN m.presence IS NULL OR NOT m.presence IN ['present', 'uncertain', 'absent']
    OR (m:Anatomy AND m.presence <> 'present') THEN 1 END) AS mentions_with_bad_presence,
  count(CASE WHEN coalesce(
    CASE WHEN m.reportKey IS NULL THEN m.start <> 0 OR m.end <> 0 ELSE m.start < 0 OR m.end <= m.start END, true
  ) THEN 1 END) AS mentions_with_bad_span,
  count(CASE WHEN coalesce(m.disputed, false) AND m.witness = 'model' AND m.presence <> 'uncertain'
    THEN 1 END) AS disputed_mentions_that_are_sure,
  count(CASE WHEN m:Observation AND NOT m:Finding AND NOT EXISTS { (m)-[:MODIFY]->() }
    THEN 1 END) AS observations_that_are_no_finding,
  count(CASE WHEN NOT m:Finding AND EXISTS { (m)<-[:HAS_FINDING]-() } THEN 1 END) AS held_mentions_that_are_no_finding
"""
FINDINGS: LiteralString = """
MATCH (f:Finding)
OPTIONAL MATCH (f)<-[:HAS_FINDING]-(s:Study)
WITH f, collect(s) AS studies
WITH f, studies, head(studies) AS s
RETURN
  count(CASE WHEN NOT f:Observation OR NOT f:Mention THEN 1 END) AS findings_that_are_no_observation,
  count(CASE WHEN size(studies) <> 1 THEN 1 END) AS findings_without_one_study,
  count(CASE WHEN EXISTS { (f)-[:MODIFY]->() } THEN 1 END) AS findings_that_modify,
  count(CASE WHEN NOT EXISTS { MATCH (c:Concept) WHERE c.code = f.conceptCode } THEN 1 END) AS findings_without_concept,
  count(CASE WHEN s IS NOT NULL AND
    coalesce(f.pageKey <> split(s.pageKey, '/')[0] + '/' + f.mentionId, true) THEN 1 END) AS findings_with_bad_page_key,
  count(CASE WHEN s IS NOT NULL AND coalesce(toString(f.studiedAt), '') <> coalesce(toString(s.startedAt), '')
    THEN 1 END) AS findings_with_bad_time
"""
RELATIONS: LiteralString = """
MATCH (head)-[r:MODIFY|LOCATED_AT|SUGGESTIVE_OF]->(tail)
RETURN
  count(CASE WHEN NOT (
    (type(r) = 'MODIFY' AND ((head:Observation AND tail:Observation) OR (head:Anatomy AND tail:Anatomy)))
    OR (type(r) = 'LOCATED_AT' AND head:Observation AND tail:Anatomy)
    OR (type(r) = 'SUGGESTIVE_OF' AND head:Observation AND tail:Observation)
  ) THEN 1 END) AS relations_of_a_bad_pair,
  count(CASE WHEN head = tail THEN 1 END) AS relations_to_themselves,
  count(CASE WHEN NOT EXISTS { (head)<-[:FOUND]-(:Extraction)-[:FOUND]->(tail) } AND head <> tail
    THEN 1 END) AS relations_across_extractions
"""
MODIFY_CYCLES: LiteralString = """
MATCH (m:Mention)-[:MODIFY]->()
WITH DISTINCT m
RETURN count(CASE WHEN EXISTS { (m)-[:MODIFY]->+(m) } THEN 1 END) AS mentions_that_modify_themselves
"""
DUPLICATES: LiteralString = """
MATCH (a)
CALL (a) {
  MATCH (a)-[r]->(b)
  WITH type(r) AS type, b, count(r) AS times WHERE times > 1
  RETURN sum(times - 1) AS more
}
RETURN sum(more) AS duplicate_relationships
"""
CONCEPTS: LiteralString = """
MATCH (c:Concept)
RETURN
  count(CASE WHEN c.code IS NULL OR c.system IS NULL OR c.name IS NULL THEN 1 END) AS concepts_without_name,
  count(CASE WHEN c.vocabulary IS NULL AND NOT EXISTS { (c)<-[:REFERS_TO]-() } AND NOT EXISTS {
    MATCH (f:Finding {conceptCode: c.code}) WHERE f.presence IS NOT NULL AND f.pageKey IS NOT NULL
  } THEN 1 END) AS local_concepts_without_mention,
  count(CASE WHEN EXISTS { (c)-[:IS_A]->+(c) } OR EXISTS { (c)-[:PART_OF]->+(c) }
    THEN 1 END) AS concepts_above_themselves
"""
CONSTRAINTS: LiteralString = "SHOW CONSTRAINTS YIELD name, type WHERE type = 'UNIQUENESS' RETURN collect(name) AS names"

INVARIANTS: tuple[LiteralString, ...] = (
    PATIENTS,
    STUDIES,
    CURRENT_REPORTS,
    SOURCES,
    EXTRACTIONS,
    MENTIONS,
    MENTION_SOURCES,
    FINDINGS,
    FINDING_SOURCES,
    RELATIONS,
    MODIFY_CYCLES,
    DUPLICATES,
    CONCEPTS,
)
"""All except CONSTRAINTS, which is compared with the migrations."""

# One row per report, so that the server can stream rows.
SPANS: LiteralString = """
MATCH (e:Extraction)-[:READ]->(r:Report)
RETURN r.reportKey AS report, r.text AS text,
  COLLECT { MATCH (e)-[:FOUND]->(m:Mention) WHERE m.reportKey = r.reportKey RETURN [m.start, m.end, m.text] } AS spans
"""
