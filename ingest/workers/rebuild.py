"""Rebuild the graph from the ledger, whatever its content: after the loss of a store, or in doubt.

It may run beside workers: each group of studies is projected under the same lock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from graph.study_keys import study_keys
from graph.writes import Projection, merge_studies
from ingest.isolation import Fault, isolate
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.projection.subgraph import project
from ingest.workers.merge import GROUP, Target


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The number of studies in the ledger, the number removed from the graph, and those that can't be written."""

    studies: int
    removed: int
    faults: tuple[Fault[str], ...]


def rebuild(ledger: Ledger, target: Target, done: Callable[[int], object]) -> Rebuilt:
    """Write every study of the ledger, then remove the graph's others. `done` is called with the number of each step.

    Unchanged studies cost a comparison. Raises a retryable VlmkgError if a service does not respond; a repetition
    continues from there.
    """
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
    faults = [fault for group in _groups(keys) for fault in _write(ledger, target, group, done)]
    strangers = sorted(study_keys(target.driver, target.database).difference(keys))
    faults += [fault for group in _groups(strangers) for fault in _write(ledger, target, group, done)]
    return Rebuilt(len(keys), len(strangers), tuple(faults))


def _groups(keys: Sequence[str]) -> list[list[str]]:
    return [list(keys[start : start + GROUP]) for start in range(0, len(keys), GROUP)]


def _write(ledger: Ledger, target: Target, keys: Sequence[str], done: Callable[[int], object]) -> list[Fault[str]]:
    faults = isolate(keys, partial(_write_group, ledger, target))
    done(len(keys))
    return faults


def _write_group(ledger: Ledger, target: Target, keys: Sequence[str]) -> None:
    def load() -> Projection:
        # A key that a worker has moved meanwhile is not found here, and is removed.
        with ledger.read() as connection:
            found = study_facts.load_many(connection, keys)
        subgraphs = [project(study, with_text=target.with_text) for _, study in sorted(found.items())]
        return Projection(subgraphs, [key for key in keys if key not in found])

    merge_studies(target.driver, load, target.database)
