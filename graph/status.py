"""Counts of the graph's nodes and relationships."""

from dataclasses import dataclass
from typing import LiteralString

from neo4j import READ_ACCESS, Driver

from graph.connection import outages

LABELS: LiteralString = "MATCH (n) UNWIND labels(n) AS name RETURN name, count(*) AS count"
TYPES: LiteralString = "MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS count"

MODEL_LABELS = (
    "Patient",
    "Study",
    "Report",
    "Image",
    "Extraction",
    "Mention",
    "Observation",
    "Anatomy",
    "Finding",
    "Concept",
)
MODEL_TYPES = (
    "HAS_STUDY", "HAS_REPORT", "HAS_IMAGE", "SUPERSEDES", "READ", "FOUND", "HAS_FINDING", "MODIFY", "LOCATED_AT",
    "SUGGESTIVE_OF", "REFERS_TO", "IS_A", "PART_OF",
)  # fmt: skip
BOOKKEEPING = ("Lock", "Migration", "Vocabulary")


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """Numbers of nodes by label (a node counts under each of its labels) and of relationships by type."""

    labels: dict[str, int]
    relationships: dict[str, int]


def count_graph(driver: Driver, database: str = "neo4j") -> GraphCounts:
    """Count all labels and types of the data model, including 0, and any others in the graph.

    Raises GraphUnavailableError.
    """
    with outages(), driver.session(database=database, default_access_mode=READ_ACCESS) as session:
        labels = {row["name"]: row["count"] for row in session.run(LABELS)}
        types = {row["name"]: row["count"] for row in session.run(TYPES)}
    nodes = dict.fromkeys(MODEL_LABELS, 0) | labels
    return GraphCounts(
        {name: count for name, count in nodes.items() if name not in BOOKKEEPING}, dict.fromkeys(MODEL_TYPES, 0) | types
    )
