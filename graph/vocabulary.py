"""The shipped vocabulary in the graph: concepts, IS_A and PART_OF, replaced as a whole when its digest changes.

A shipped concept has `vocabulary`, the digest of its vocabulary. Concepts without it are local: created with the first
mention that refers to them, removed with the last. (:Vocabulary {name, digest}) records the loaded vocabulary.
"""

from typing import Any, LiteralString

from neo4j import ManagedTransaction, Session

from graph.locks import take_projection_lock
from vlmkg.vocabulary import Vocabulary

_DIGEST: LiteralString = "MATCH (v:Vocabulary {name: 'shipped'}) RETURN v.digest AS digest"
_RECORD: LiteralString = """
MERGE (v:Vocabulary {name: 'shipped'}) SET v.digest = $digest, v.loadedAt = datetime()
"""
_CONCEPTS: LiteralString = """
UNWIND $rows AS row
MERGE (c:Concept {code: row.code})
SET c.system = row.system, c.name = row.name, c.synonyms = row.synonyms, c.vocabulary = $digest
"""
_CLEAR_EDGES: LiteralString = "MATCH (:Concept)-[r:IS_A|PART_OF]->(:Concept) DELETE r"
_IS_A: LiteralString = """
UNWIND $rows AS row
MATCH (child:Concept {code: row[0]})
MATCH (parent:Concept {code: row[1]})
CREATE (child)-[:IS_A]->(parent)
"""
_PART_OF: LiteralString = """
UNWIND $rows AS row
MATCH (child:Concept {code: row[0]})
MATCH (parent:Concept {code: row[1]})
CREATE (child)-[:PART_OF]->(parent)
"""
_FORGET_OLD: LiteralString = "MATCH (c:Concept) WHERE c.vocabulary <> $digest REMOVE c.vocabulary, c.synonyms"
_SWEEP: LiteralString = """
MATCH (c:Concept)
WHERE c.vocabulary IS NULL AND NOT EXISTS { (c)<-[:REFERS_TO]-() } AND NOT EXISTS {
  MATCH (f:Finding {conceptCode: c.code}) WHERE f.presence IS NOT NULL AND f.pageKey IS NOT NULL
}
DETACH DELETE c
"""

STATEMENTS: tuple[LiteralString, ...] = (
    _DIGEST, _RECORD, _CONCEPTS, _CLEAR_EDGES, _IS_A, _PART_OF, _FORGET_OLD, _SWEEP,
)  # fmt: skip


def stored_digest(tx: ManagedTransaction) -> str | None:
    """The digest of the loaded vocabulary; None if there is none."""
    row = tx.run(_DIGEST).single()
    return None if row is None else str(row["digest"])


def load_vocabulary_if_new(session: Session, vocabulary: Vocabulary) -> bool:
    """Load the vocabulary if the graph has another or none, in one transaction. Returns whether it did."""
    if session.execute_read(stored_digest) == vocabulary.digest:
        return False
    session.execute_write(_replace, vocabulary)
    return True


def _replace(tx: ManagedTransaction, vocabulary: Vocabulary) -> None:
    take_projection_lock(tx)
    tx.run(_CONCEPTS, rows=_concept_rows(vocabulary), digest=vocabulary.digest).consume()
    tx.run(_CLEAR_EDGES).consume()
    tx.run(_IS_A, rows=_edge_rows(vocabulary.is_a)).consume()
    tx.run(_PART_OF, rows=_edge_rows(vocabulary.part_of)).consume()
    tx.run(_FORGET_OLD, digest=vocabulary.digest).consume()
    tx.run(_SWEEP).consume()
    tx.run(_RECORD, digest=vocabulary.digest).consume()


def _concept_rows(vocabulary: Vocabulary) -> list[dict[str, Any]]:
    return [
        {"code": concept.code, "system": concept.system, "name": concept.name, "synonyms": list(concept.synonyms)}
        for concept in vocabulary.concepts
    ]


def _edge_rows(edges: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [list(edge) for edge in edges]
