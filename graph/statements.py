"""The Cypher of writing studies. Constants only: every value is a parameter.

A study is deleted and then written with CREATE, under the projection lock: that is half the server's work of MERGE
(docs/decisions/0052-delete-then-create.md). Shared nodes, patients and concepts, are merged.
"""

from typing import LiteralString

from vlmkg.schema import RelationType

STORED_DIGESTS: LiteralString = """
UNWIND $keys AS key
MATCH (s:Study {studyKey: key})
RETURN key, s.projectionDigest AS digest
"""

# Removal: a study's nodes, then the study. Its patient and local concepts are checked at the end.

LEFT_PATIENTS: LiteralString = """
UNWIND $keys AS key
MATCH (:Study {studyKey: key})<-[:HAS_STUDY]-(p:Patient)
RETURN DISTINCT p.patientId AS key
"""
LEFT_CONCEPTS: LiteralString = """
UNWIND $keys AS key
MATCH (:Study {studyKey: key})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-(e:Extraction)
WITH DISTINCT e
MATCH (e)-[:FOUND]->(m:Mention)-[:REFERS_TO]->(c:Concept)
UNWIND [c.code, m.conceptCode] AS code
WITH DISTINCT code
MATCH (left:Concept {code: code}) WHERE left.vocabulary IS NULL
RETURN left.code AS key
"""
DELETE_MENTIONS: LiteralString = """
UNWIND $keys AS key
MATCH (:Study {studyKey: key})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-(e:Extraction)
WITH DISTINCT e
MATCH (e)-[:FOUND]->(m:Mention)
WITH DISTINCT m
DETACH DELETE m
"""
DELETE_EXTRACTIONS: LiteralString = """
UNWIND $keys AS key
MATCH (:Study {studyKey: key})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-(e:Extraction)
WITH DISTINCT e
DETACH DELETE e
"""
DELETE_SOURCES: LiteralString = """
UNWIND $keys AS key
MATCH (:Study {studyKey: key})-[:HAS_REPORT|HAS_IMAGE]->(x)
DETACH DELETE x
"""
DELETE_STUDIES: LiteralString = """
UNWIND $keys AS key
MATCH (s:Study {studyKey: key})
DETACH DELETE s
"""

# A report or image of another study has moved here: it is removed there, with its mentions, and that study's digest is
# removed, too, so that its projection does not count as unchanged.

HOLDERS_OF_REPORTS: LiteralString = """
UNWIND $keys AS key
MATCH (r:Report {reportKey: key})<-[:HAS_REPORT]-(s:Study)
RETURN DISTINCT s.studyKey AS key
"""
HOLDERS_OF_IMAGES: LiteralString = """
UNWIND $keys AS key
MATCH (i:Image {imageKey: key})<-[:HAS_IMAGE]-(s:Study)
RETURN DISTINCT s.studyKey AS key
"""
FORGET_DIGESTS: LiteralString = """
UNWIND $keys AS key
MATCH (s:Study {studyKey: key})
REMOVE s.projectionDigest
"""
DELETE_REPORTS: LiteralString = """
UNWIND $keys AS key
MATCH (r:Report {reportKey: key})
DETACH DELETE r
"""
DELETE_IMAGES: LiteralString = """
UNWIND $keys AS key
MATCH (i:Image {imageKey: key})
DETACH DELETE i
"""

# Writing.

MERGE_PATIENTS: LiteralString = """
UNWIND $rows AS row
MERGE (p:Patient {patientId: row.patientId})
SET p.sex = row.sex, p.birthYear = row.birthYear
"""
MERGE_CONCEPTS: LiteralString = """
UNWIND $rows AS row
MERGE (c:Concept {code: row.code})
ON CREATE SET c.system = row.system, c.name = row.name
"""
CREATE_STUDIES: LiteralString = """
UNWIND $rows AS row
MATCH (p:Patient {patientId: row.patient})
CREATE (p)-[:HAS_STUDY]->(s:Study)
SET s = row.properties
"""
CREATE_REPORTS: LiteralString = """
UNWIND $rows AS row
MATCH (s:Study {studyKey: row.study})
CREATE (s)-[:HAS_REPORT]->(r:Report)
SET r = row.properties
"""
CREATE_SUPERSEDES: LiteralString = """
UNWIND $rows AS row
MATCH (newer:Report {reportKey: row.newer})
MATCH (older:Report {reportKey: row.older})
CREATE (newer)-[:SUPERSEDES]->(older)
"""
CREATE_IMAGES: LiteralString = """
UNWIND $rows AS row
MATCH (s:Study {studyKey: row.study})
CREATE (s)-[:HAS_IMAGE]->(i:Image)
SET i = row.properties
"""
CREATE_EXTRACTIONS: LiteralString = """
UNWIND $rows AS row
CREATE (e:Extraction)
SET e = row.properties
"""
CREATE_READ_REPORTS: LiteralString = """
UNWIND $rows AS row
MATCH (e:Extraction {extractionId: row.extraction})
MATCH (r:Report {reportKey: row.source})
CREATE (e)-[:READ]->(r)
"""
CREATE_READ_IMAGES: LiteralString = """
UNWIND $rows AS row
MATCH (e:Extraction {extractionId: row.extraction})
MATCH (i:Image {imageKey: row.source})
CREATE (e)-[:READ]->(i)
"""
CREATE_FINDINGS: LiteralString = """
UNWIND $rows AS row
MATCH (s:Study {studyKey: row.study})
MATCH (e:Extraction {extractionId: row.extraction})
UNWIND row.mentions AS mention
MATCH (c:Concept {code: mention.concept})
CREATE (e)-[:FOUND]->(m:Mention:Observation:Finding)-[:REFERS_TO {score: mention.score, rule: mention.rule}]->(c)
CREATE (s)-[:HAS_FINDING]->(m)
SET m = mention.properties, m.studiedAt = row.studiedAt, m.pageKey = row.timePart + '/' + m.mentionId
"""
CREATE_OBSERVATIONS: LiteralString = """
UNWIND $rows AS row
MATCH (e:Extraction {extractionId: row.extraction})
UNWIND row.mentions AS mention
MATCH (c:Concept {code: mention.concept})
CREATE (e)-[:FOUND]->(m:Mention:Observation)-[:REFERS_TO {score: mention.score, rule: mention.rule}]->(c)
SET m = mention.properties
"""
CREATE_ANATOMY: LiteralString = """
UNWIND $rows AS row
MATCH (e:Extraction {extractionId: row.extraction})
UNWIND row.mentions AS mention
MATCH (c:Concept {code: mention.concept})
CREATE (e)-[:FOUND]->(m:Mention:Anatomy)-[:REFERS_TO {score: mention.score, rule: mention.rule}]->(c)
SET m = mention.properties
"""
CREATE_RELATIONS: dict[RelationType, LiteralString] = {
    RelationType.MODIFY: """
UNWIND $rows AS row
MATCH (head:Mention {mentionId: row.head})
MATCH (tail:Mention {mentionId: row.tail})
CREATE (head)-[:MODIFY {score: row.score, witness: row.witness}]->(tail)
""",
    RelationType.LOCATED_AT: """
UNWIND $rows AS row
MATCH (head:Mention {mentionId: row.head})
MATCH (tail:Mention {mentionId: row.tail})
CREATE (head)-[:LOCATED_AT {score: row.score, witness: row.witness}]->(tail)
""",
    RelationType.SUGGESTIVE_OF: """
UNWIND $rows AS row
MATCH (head:Mention {mentionId: row.head})
MATCH (tail:Mention {mentionId: row.tail})
CREATE (head)-[:SUGGESTIVE_OF {score: row.score, witness: row.witness}]->(tail)
""",
}

# Orphans: patients without a study, local concepts without a mention.

SWEEP_PATIENTS: LiteralString = """
UNWIND $keys AS key
MATCH (p:Patient {patientId: key})
WHERE NOT EXISTS { (p)-[:HAS_STUDY]->() }
DETACH DELETE p
"""
SWEEP_CONCEPTS: LiteralString = """
UNWIND $keys AS key
MATCH (c:Concept {code: key})
WHERE c.vocabulary IS NULL AND NOT EXISTS { (c)<-[:REFERS_TO]-() } AND NOT EXISTS {
  MATCH (f:Finding {conceptCode: c.code}) WHERE f.presence IS NOT NULL AND f.pageKey IS NOT NULL
}
DETACH DELETE c
"""
