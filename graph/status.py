"""What is in the graph, counted."""

from collections import Counter
from dataclasses import dataclass
from typing import LiteralString

from neo4j import READ_ACCESS, Driver

from graph.connection import outages

LABELS: LiteralString = "MATCH (n) UNWIND labels(n) AS name RETURN name, count(*) AS count"
STUDY_KEYS: LiteralString = "MATCH (s:Study) RETURN s.studyKey AS key"
TYPES: LiteralString = "MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS count"


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """Numbers of nodes by label (a node counts under each of its labels) and of relationships by type."""

    labels: Counter[str]
    relationships: Counter[str]


def count_graph(driver: Driver, database: str = "neo4j") -> GraphCounts:
    """Count all nodes and relationships. Raises GraphUnavailableError."""
    with outages(), driver.session(database=database, default_access_mode=READ_ACCESS) as session:
        counted = [Counter({row["name"]: row["count"] for row in session.run(query)}) for query in (LABELS, TYPES)]
    return GraphCounts(*counted)


def study_keys(driver: Driver, database: str = "neo4j") -> frozenset[str]:
    """The keys of all studies in the graph. Raises GraphUnavailableError."""
    with outages(), driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=10_000) as session:
        return frozenset(row["key"] for row in session.run(STUDY_KEYS))
