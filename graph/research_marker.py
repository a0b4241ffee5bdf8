"""The node that marks a graph as a research copy: (:ResearchCopy {project, keyFingerprint, ...}).

It is written first. It protects both sides: a copy overwrites only a copy, and the service writes no live patient
to a copy.
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
    """The project and key of a copy."""

    project: str
    fingerprint: str


def read_marker(session: Session) -> Marker | None:
    """The marker of the graph; None if it is not a copy."""
    row = session.run(MARKER).single()
    return None if row is None else Marker(row["project"], row["fingerprint"])


def is_empty(session: Session) -> bool:
    """Whether the graph has no nodes."""
    return bool(session.run(IS_EMPTY).single(strict=True)["empty"])


def mark(session: Session, marker: Marker) -> None:
    """Mark the graph as this project's copy, not yet complete."""
    session.run(MARK, project=marker.project, fingerprint=marker.fingerprint).consume()


def describe(session: Session, properties: Mapping[str, Any]) -> None:
    """Add the content of a complete copy to its marker."""
    session.run(DESCRIBE, properties=dict(properties)).consume()
