"""The merge stage: project the studies of extracted events from the ledger and write them, many at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from graph.connection import Driver
from graph.writes import Projection, merge_studies
from ingest.isolation import isolate
from ingest.ledger import study_facts
from ingest.ledger.events import claims, events
from ingest.ledger.events.claims import Claim
from ingest.ledger.states import DeadReason, Stage
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import graph_outbox
from ingest.ledger.studies.graph_outbox import MergePlan
from ingest.projection.subgraph import project
from ingest.workers.lease_renewal import kept

GROUP = 200
"""Events merged in one transaction. Measured: more is not faster (docs/performance.md)."""

GROUP_BYTES = 384 * 1024
"""Bytes of messages in one transaction: more would exceed Neo4j's memory for a transaction."""


@dataclass(frozen=True, slots=True)
class Target:
    """The graph that one process writes to. `with_text`: report texts are written, too (VLMKG_GRAPH_TEXT)."""

    driver: Driver
    database: str
    with_text: bool


def merge_some(ledger: Ledger, target: Target, owner: str, lease: timedelta) -> list[int]:
    """Claim extracted events, or one that must be processed alone, and write their studies. Returns their ids.

    If an event alone can't be written, one attempt is counted. Raises a retryable VlmkgError, after releasing the
    claims, if Neo4j or the ledger does not respond.
    """
    held = claims.claim(ledger, Stage.MERGE, owner, limit=GROUP, lease=lease)
    if not held:
        return []
    with kept(ledger, held, lease):
        for group in groups_of(ledger, held):
            for fault in isolate(group, partial(_merge, ledger, target)):
                claims.fail(ledger, [fault.item], DeadReason.MERGE_FAILED, fault.where, alone=True)
    return [claim.event_id for claim in held]


def groups_of(ledger: Ledger, held: Sequence[Claim]) -> Iterator[list[Claim]]:
    """The claims in order, grouped by transaction; large messages get their own."""
    with ledger.read() as connection:
        sizes = events.message_sizes(connection, [claim.event_id for claim in held])
    group: list[Claim] = []
    size = 0
    for claim in held:
        own = sizes.get(claim.event_id, 0)
        if group and size + own > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(claim)
        size += own
    if group:
        yield group


def follow_changes(ledger: Ledger, target: Target) -> bool:
    """Write the studies of left-over changes. Returns whether there were any."""
    with ledger.read() as connection:
        if not graph_outbox.waiting(connection):
            return False
    _merge(ledger, target, ())
    return True


def _merge(ledger: Ledger, target: Target, held: Sequence[Claim]) -> None:
    event_ids = [claim.event_id for claim in held]
    plans: list[MergePlan] = []

    def load() -> Projection:
        plan, projection = load_projection(ledger, event_ids, with_text=target.with_text)
        plans.append(plan)
        return projection

    merge_studies(target.driver, load, target.database)
    claims.complete_merge(ledger, held, plans[-1].changes)


def load_projection(ledger: Ledger, event_ids: Sequence[int], *, with_text: bool) -> tuple[MergePlan, Projection]:
    """The projection for these events, from the ledger's present content.

    Called under the graph's lock, so that earlier writes of other workers were projected from older facts.
    """
    with ledger.read() as connection:
        plan = graph_outbox.plan(connection, event_ids)
        found = study_facts.load_many(connection, plan.study_keys)
    subgraphs = [project(found[key], with_text=with_text) for key in plan.study_keys if key in found]
    return plan, Projection(subgraphs, [key for key in plan.study_keys if key not in found])
