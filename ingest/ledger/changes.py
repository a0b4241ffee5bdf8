"""Moves between studies that the graph has yet to follow, and the plan of a merge that takes them along.

When a message joins, splits or renames studies, other studies' nodes in the graph become wrong. Each move is a row of
`study_changes`, written in the transaction that made it and deleted in the one that marks its merge as done. A crash in
between leaves the row, and the next merge does it again.

How a merge must go about it:
1. `plan(connection, event_ids)` names the studies to write; lock their nodes, sorted by key.
2. Open a new read, call `plan` again. If it names other studies, give up the transaction and start with the new plan.
3. In that same read `studies.load_many(plan.study_keys)`. Keys that are absent: remove the study. Removals come before
   writes, and a study of `plan.moved` is written even where its digest is unchanged: a removal may have taken a report
   that has become its own.
4. After Neo4j has committed: `claims.complete_merge(ledger, claims, plan.changes)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class MergePlan:
    """The studies to write in one transaction, sorted; the changes that this settles; the studies these touch."""

    study_keys: tuple[str, ...]
    changes: tuple[int, ...]
    moved: frozenset[str]


def plan(connection: Connection, event_ids: Sequence[int]) -> MergePlan:
    """What a merge of these events must write: their studies, all that is entangled with them, and what was left over.

    Left over are the changes whose event was merged, died or is gone. With no events, these alone.
    """
    raise NotImplementedError


def waiting(connection: Connection) -> bool:
    """Whether changes are left over that no event's merge will take along: a reason to wake a merge."""
    raise NotImplementedError
