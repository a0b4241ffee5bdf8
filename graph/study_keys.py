"""The studies in the graph, for a comparison with the ledger."""

from typing import LiteralString

from neo4j import READ_ACCESS, Driver

from graph.connection import outages

STUDY_KEYS: LiteralString = "MATCH (s:Study) RETURN s.studyKey AS key"


def study_keys(driver: Driver, database: str = "neo4j") -> frozenset[str]:
    """The keys of all studies in the graph. Raises GraphUnavailableError."""
    with outages(), driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=10_000) as session:
        return frozenset(row["key"] for row in session.run(STUDY_KEYS))
