"""The node that says of a graph that it is a research copy: (:ResearchCopy {project, keyFingerprint, ...}).

It is written before anything else of the copy and guards both ways: nothing but a copy is overwritten by one, and no
part of the service writes a live patient into a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from neo4j import Session

MARKER: LiteralString = "MATCH (c:ResearchCopy) RETURN c.project AS project, c.keyFingerprint AS fingerprint"
IS_EMPTY: LiteralString = "RETURN NOT EXISTS { MATCH (n) } AS empty"
MARK: LiteralString = """
MERGE (c:ResearchCopy {project: $project})
SET c.keyFingerprint = $fingerprint, c.digest = null, c.manifest = null
"""
DESCRIBE: LiteralString = "MATCH (c:ResearchCopy) SET c += $properties"


@dataclass(frozen=True, slots=True)
class Marker:
    """Whose copy a graph is."""

    project: str
    fingerprint: str


def read_marker(session: Session) -> Marker | None:
    """Whose copy the graph is; None where it is none."""
    row = session.run(MARKER).single()
    return None if row is None else Marker(row["project"], row["fingerprint"])


def is_empty(session: Session) -> bool:
    """Whether the graph has no node at all."""
    return bool(session.run(IS_EMPTY).single(strict=True)["empty"])


def mark(session: Session, marker: Marker) -> None:
    """Say that the graph is this project's copy, and not yet whole."""
    session.run(MARK, project=marker.project, fingerprint=marker.fingerprint).consume()


def describe(session: Session, properties: Mapping[str, Any]) -> None:
    """Say of a copy that is whole what it holds."""
    session.run(DESCRIBE, properties=dict(properties)).consume()
