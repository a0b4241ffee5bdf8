"""The Neo4j of a research copy: it is checked before any change, then written like the live graph."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

from neo4j import Driver, Session

from graph.connection import open_driver, outages
from graph.errors import GraphUnavailableError, ResearchTargetError
from graph.migrate import migrate
from graph.records import StudySubgraph
from graph.research_marker import Marker, describe, is_empty, mark, read_marker
from graph.settings import Neo4jSettings
from graph.study_keys import study_keys
from graph.writes import Projection, Replaced, merge_studies

IDENTITY: LiteralString = "CALL db.info() YIELD id RETURN id"
CLEAR: LiteralString = """
MATCH (n) WHERE NOT n:ResearchCopy
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS
"""
AT_ONCE = 200


class ResearchGraph:
    """A copy in Neo4j that is being written. Studies that are not written again are removed at the end."""

    def __init__(self, driver: Driver, database: str) -> None:
        self._driver, self._database = driver, database
        self._before = study_keys(driver, database)
        self._written: set[str] = set()
        self.done = Replaced(0, 0, 0)

    def write(self, subgraphs: Sequence[StudySubgraph]) -> None:
        """Replace these studies in one transaction. Unchanged studies are not written."""
        self._written |= {subgraph.study.study_key for subgraph in subgraphs}
        self._merge(Projection(subgraphs))

    def finish(self, properties: Mapping[str, Any]) -> Replaced:
        """Remove the studies that were not written, and complete the marker. Returns the counts."""
        gone = sorted(self._before - self._written)
        for start in range(0, len(gone), AT_ONCE):
            self._merge(Projection((), gone[start : start + AT_ONCE]))
        with outages(), self._driver.session(database=self._database) as session:
            describe(session, properties)
        return self.done

    def _merge(self, projection: Projection) -> None:
        done = merge_studies(self._driver, lambda: projection, self._database)
        self.done = Replaced(
            self.done.written + done.written, self.done.unchanged + done.unchanged, self.done.removed + done.removed
        )


@contextmanager
def research_graph(
    target: Neo4jSettings, marker: Marker, live: Neo4jSettings | None, *, anew: bool = False
) -> Iterator[ResearchGraph]:
    """The target, ready for this project's copy: empty, or with its previous copy.

    `live` is the address of the live graph, if known; `anew` empties the target first. Raises ResearchTargetError, with
    nothing changed, for the live graph, a graph that is not a copy, and a copy of another project or key.
    """
    if live is not None and (target.uri, target.database) == (live.uri, live.database):
        raise ResearchTargetError("it is the live graph")
    with open_driver(target) as driver:
        with outages(), driver.session(database=target.database) as session:
            _require_fit(session, marker, live)
            mark(session, marker)
            if anew:
                session.run(CLEAR).consume()
        migrate(driver, target.database, research_copy=True)
        yield ResearchGraph(driver, target.database)


def _require_fit(session: Session, marker: Marker, live: Neo4jSettings | None) -> None:
    # A server may have several addresses, so the databases' own ids are compared.
    if live is not None and _identity(session) == _identity_of(live):
        raise ResearchTargetError("it is the live graph")
    there = read_marker(session)
    if there is None and not is_empty(session):
        raise ResearchTargetError("it is not empty and not a research copy")
    if there is not None and there.project != marker.project:
        raise ResearchTargetError(f"it holds the copy of the project {there.project}")
    if there is not None and there.fingerprint != marker.fingerprint:
        raise ResearchTargetError(
            "it was made with another key of this project, so the same patients would get other pseudonyms"
        )


def _identity(session: Session) -> str:
    return str(session.run(IDENTITY).single(strict=True)["id"])


def _identity_of(settings: Neo4jSettings) -> str | None:
    """The database's id; None if it does not respond, and then it is not the target, which did."""
    try:
        with outages(), open_driver(settings) as driver, driver.session(database=settings.database) as session:
            return _identity(session)
    except GraphUnavailableError:
        return None
