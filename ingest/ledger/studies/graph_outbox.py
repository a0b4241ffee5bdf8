"""The outbox of the graph: moves between studies that are not in the graph yet, and the plan of a merge.

When a message joins, splits or renames studies, nodes of other studies in the graph become wrong. Each move is a row of
`study_changes`, written in the same transaction as the move and deleted when its merge is marked as done. After a crash
in between the row is still there, and the next merge repeats the work.

How a merge uses it, in one transaction of the graph:
1. Take the graph's lock (`graph/locks.py`): no other transaction writes studies until this one ends.
2. Open a read of the ledger. `plan(connection, event_ids)` names the studies to write.
3. In the same read load their facts. A study that the ledger no longer has is removed from the graph.
4. After Neo4j has committed: `claims.complete_merge(ledger, claims, plan.changes)`.

Left-over changes are those whose event needs no more merging (merged, dead or removed). They are planned separately,
without events, so that a failure of one does not stop events.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, or_, select

from ingest.ledger.states import SETTLED
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import events, sightings, study_changes

NO_EVENT = 0
"""The event id of a change that no message caused."""

LEFT_OVER_LIMIT = 100
"""Number of left-over changes in one plan."""


@dataclass(frozen=True, slots=True)
class MergePlan:
    """The studies to write in one transaction, sorted; the changes that this settles; the studies of these."""

    study_keys: tuple[str, ...]
    changes: tuple[int, ...]
    moved: frozenset[str]


def plan(connection: Connection, event_ids: Sequence[int]) -> MergePlan:
    """The plan of a merge of these events: their studies and all studies connected by moves.

    Without events: the studies of left-over changes.
    """
    keys = _studies_of(connection, event_ids)
    seeds = study_changes.c.event_id.in_(event_ids) if event_ids else study_changes.c.id.in_(_left_over())
    found = dict(_pairs(connection, seeds))
    asked = set[str]()
    while todo := ({key for pair in found.values() for key in pair} | keys) - asked:
        asked |= todo
        for chunk in chunks(sorted(todo)):
            found.update(
                _pairs(connection, or_(study_changes.c.old_key.in_(chunk), study_changes.c.new_key.in_(chunk)))
            )
    moved = frozenset(key for pair in found.values() for key in pair)
    return MergePlan(tuple(sorted(keys | moved)), tuple(sorted(found)), moved)


def waiting(connection: Connection) -> bool:
    """Whether there are left-over changes, for which a merge must be woken."""
    return connection.execute(_left_over().limit(1)).first() is not None


def mark(connection: Connection, moves: Iterable[tuple[int, str, str]]) -> None:
    """Record moves (event, old study, new study) for the graph; old and new may be the same."""
    rows = [{"event_id": event_id, "old_key": old, "new_key": new} for event_id, old, new in moves]
    if rows:
        connection.execute(study_changes.insert(), rows)


def mark_studies(connection: Connection, study_keys: Iterable[str]) -> None:
    """Record studies for the graph that were changed by something other than a message."""
    mark(connection, [(NO_EVENT, key, key) for key in sorted(set(study_keys))])


def settle(connection: Connection, changes: Collection[int]) -> None:
    """Delete changes that are in the graph now."""
    for chunk in chunks(sorted(changes)):
        connection.execute(delete(study_changes).where(study_changes.c.id.in_(chunk)))


def _studies_of(connection: Connection, event_ids: Sequence[int]) -> set[str]:
    statement = select(sightings.c.study_key).distinct()
    return {
        key
        for chunk in chunks(sorted(event_ids))
        for key in connection.execute(statement.where(sightings.c.event_id.in_(chunk))).scalars()
    }


def _left_over() -> Select[tuple[int]]:
    open_event = exists().where(events.c.id == study_changes.c.event_id, events.c.state.not_in(SETTLED))
    return select(study_changes.c.id).where(~open_event).order_by(study_changes.c.id).limit(LEFT_OVER_LIMIT)


def _pairs(connection: Connection, condition: ColumnElement[bool]) -> list[tuple[int, tuple[str, str]]]:
    statement = select(study_changes.c.id, study_changes.c.old_key, study_changes.c.new_key)
    return [(row.id, (row.old_key, row.new_key)) for row in connection.execute(statement.where(condition))]
