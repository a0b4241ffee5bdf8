"""Units of work on the graph: functions of a transaction. Each is idempotent, so it can be retried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import LiteralString

from neo4j import Driver, ManagedTransaction, unit_of_work

from graph import statements
from graph.connection import outages
from graph.errors import IncompleteWriteError
from graph.locks import take_projection_lock
from graph.records import StudySubgraph
from graph.rows import Write, image_key, projection_digest, writes_of

TIMEOUT_SECONDS = 120.0
"""Time limit of one transaction. A few hundred studies take about a second; an abandoned one must not keep the lock."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The number of studies that were written, were unchanged, or were removed."""

    written: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True)
class Projection:
    """The new content of some studies, and the keys of studies to remove."""

    subgraphs: Sequence[StudySubgraph] = ()
    vanished_keys: Sequence[str] = ()


def merge_studies(driver: Driver, project: Callable[[], Projection], database: str = "neo4j") -> Replaced:
    """Take the lock, project and write in one transaction, so that a later writer always projects later facts.

    `project` reads the ledger; it may be called again when the transaction is retried.
    Raises GraphUnavailableError if Neo4j does not answer, and what `project` and `replace_studies` raise.
    """

    @unit_of_work(timeout=TIMEOUT_SECONDS)
    def work(tx: ManagedTransaction) -> Replaced:
        lock_studies(tx)
        projection = project()
        return replace_studies(tx, projection.subgraphs, projection.vanished_keys)

    with outages(), driver.session(database=database) as session:
        return session.execute_write(work)


def lock_studies(tx: ManagedTransaction) -> None:
    """Wait until no other transaction writes studies. Read the ledger after this, not before."""
    take_projection_lock(tx)


def replace_studies(
    tx: ManagedTransaction, subgraphs: Sequence[StudySubgraph], vanished_keys: Sequence[str] = ()
) -> Replaced:
    """Replace the graph's content of these studies with these records; remove the vanished studies.

    A study with an unchanged projection digest is not written. Patients without a study and local concepts without a
    mention are removed. The caller holds the lock. Raises IncompleteWriteError if a record refers to a missing object.
    """
    ordered = sorted(subgraphs, key=lambda subgraph: subgraph.study.study_key)
    keys = [subgraph.study.study_key for subgraph in ordered]
    vanished = set(vanished_keys) - set(keys)
    stored = _stored_digests(tx, [*keys, *sorted(vanished)])
    digests = {each.study.study_key: projection_digest(each) for each in ordered}
    changed = [each for each in ordered if stored.get(each.study.study_key) != digests[each.study.study_key]]
    removed = sorted(vanished & stored.keys())
    rewritten = [each.study.study_key for each in changed if each.study.study_key in stored]
    left = _remove(tx, sorted([*removed, *rewritten]), changed)
    for write in writes_of(changed, digests):
        _run(tx, write)
    _sweep(tx, left)
    return Replaced(written=len(changed), unchanged=len(ordered) - len(changed), removed=len(removed))


@dataclass(frozen=True, slots=True)
class _Left:
    """Keys of shared nodes that may be orphans now."""

    patients: list[str]
    concepts: list[str]


def _stored_digests(tx: ManagedTransaction, keys: list[str]) -> dict[str, str | None]:
    return {row["key"]: row["digest"] for row in tx.run(statements.STORED_DIGESTS, keys=keys)}


def _remove(tx: ManagedTransaction, keys: list[str], coming: Sequence[StudySubgraph]) -> _Left:
    """Remove these studies, and the incoming reports and images from other studies."""
    holders = _holders(tx, coming) - set(keys)
    emptied = sorted(holders | set(keys))
    left = _Left(_keys(tx, statements.LEFT_PATIENTS, keys), _keys(tx, statements.LEFT_CONCEPTS, emptied))
    for statement, of in (
        (statements.DELETE_MENTIONS, emptied),
        (statements.DELETE_EXTRACTIONS, emptied),
        (statements.DELETE_SOURCES, keys),
        (statements.DELETE_STUDIES, keys),
        (statements.FORGET_DIGESTS, sorted(holders)),
        (statements.DELETE_REPORTS, _report_keys(coming) if holders else []),
        (statements.DELETE_IMAGES, _image_keys(coming) if holders else []),
    ):
        if of:
            tx.run(statement, keys=of).consume()
    return left


def _holders(tx: ManagedTransaction, coming: Sequence[StudySubgraph]) -> set[str]:
    by_reports = _keys(tx, statements.HOLDERS_OF_REPORTS, _report_keys(coming))
    return {*by_reports, *_keys(tx, statements.HOLDERS_OF_IMAGES, _image_keys(coming))}


def _report_keys(subgraphs: Sequence[StudySubgraph]) -> list[str]:
    return sorted(report.report_key for subgraph in subgraphs for report in subgraph.reports)


def _image_keys(subgraphs: Sequence[StudySubgraph]) -> list[str]:
    return sorted(image_key(subgraph, image.sop_instance_uid) for subgraph in subgraphs for image in subgraph.images)


def _keys(tx: ManagedTransaction, statement: LiteralString, keys: list[str]) -> list[str]:
    return [row["key"] for row in tx.run(statement, keys=keys)] if keys else []


def _run(tx: ManagedTransaction, write: Write) -> None:
    """Run one statement. Raises IncompleteWriteError if a row did not create its objects."""
    made = tx.run(write.statement, rows=write.rows).consume().counters
    for what, expected, got in (
        ("nodes", write.nodes, made.nodes_created),
        ("relationships", write.relationships, made.relationships_created),
    ):
        if expected is not None and expected != got:
            raise IncompleteWriteError(what, expected, got)


def _sweep(tx: ManagedTransaction, left: _Left) -> None:
    if left.patients:
        tx.run(statements.SWEEP_PATIENTS, keys=sorted(left.patients)).consume()
    if left.concepts:
        tx.run(statements.SWEEP_CONCEPTS, keys=sorted(left.concepts)).consume()
