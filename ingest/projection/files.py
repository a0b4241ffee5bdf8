"""The whole graph as files, written from the ledger."""

from collections.abc import Callable, Sequence
from pathlib import Path

from graph.bulk.files import GraphFiles
from graph.live_files import SEPARATOR, TABLES
from graph.records import StudySubgraph
from ingest.isolation import Fault, isolate
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.projection.subgraph import project

GROUP = 500
"""Studies read from the ledger at once."""


def write_graph(
    ledger: Ledger, folder: Path, *, with_text: bool, done: Callable[[int], object]
) -> tuple[int, list[Fault[str]]]:
    """Write every study of the ledger into the files of an existing empty folder.

    Returns the number of studies written, and those that can't be. `with_text` writes the reports' texts
    (VLMKG_GRAPH_TEXT). `done` is called with the number of studies of each step. Raises OSError if the disk is full,
    and a retryable VlmkgError if the ledger does not respond.
    """
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
    files = GraphFiles(folder, TABLES, separator=SEPARATOR)
    faults: list[Fault[str]] = []
    written = 0
    try:
        for start in range(0, len(keys), GROUP):
            group = keys[start : start + GROUP]
            subgraphs: list[StudySubgraph] = []
            faults += isolate(group, lambda some, into=subgraphs: into.extend(_projected(ledger, some, with_text)))  # type: ignore[misc]
            files.write(subgraphs)
            written += len(subgraphs)
            done(len(group))
        files.finish()
    finally:
        files.close()
    return written, faults


def _projected(ledger: Ledger, keys: Sequence[str], with_text: bool) -> list[StudySubgraph]:
    """The records of these studies. One that has been merged into another meanwhile is not there any more."""
    with ledger.read() as connection:
        found = study_facts.load_many(connection, keys)
    return [project(study, with_text=with_text) for _, study in sorted(found.items())]
