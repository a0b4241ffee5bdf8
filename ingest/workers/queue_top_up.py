"""The wake-ups that should wait in Redis, computed from the ledger.

Wake-ups are counted, not tracked: missing ones are added for whatever reason. A lost message, an emptied Redis, a
crashed worker with messages and a backlog of millions are all the same case.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ingest.ledger.states import State
from ingest.ledger.storage.tables import events
from ingest.ledger.studies import graph_outbox
from ingest.workers.broker import Broker
from ingest.workers.extract import GROUP
from ingest.workers.queues import Queue

MOST = 64
"""Most wake-ups waiting in a queue: more than there are children, however long the backlog is."""

LEFT_OVER = 0
"""Replaces the event id in the wake-up of a merge that has left-over changes and no event."""


def top_up(broker: Broker, queue: Queue, wanted: list[int]) -> int:
    """Send the missing ones of the wanted wake-ups.

    Returns their number. Raises OutageError if Redis does not answer.
    """
    missing = wanted[broker.waiting(queue) :] if wanted else []
    if missing:
        broker.wake(queue, missing)
    return len(missing)


def wanted_for_extract(connection: Connection) -> list[int]:
    """One event id for each group that a worker would claim now, at most MOST; an event that must be processed alone is
    a group.
    """
    statement = (
        select(events.c.id, events.c.solo)
        .where(events.c.state == State.QUEUED)
        .order_by(events.c.id)
        .limit(MOST * GROUP)
    )
    return first_of_groups((row.id, row.solo) for row in connection.execute(statement))


def first_of_groups(queued: Iterable[tuple[int, bool]]) -> list[int]:
    """The first id of each group, from (id, must be alone) in the order of ids; at most MOST."""
    found, others = [], 0
    for event_id, alone in queued:
        if alone or others % GROUP == 0:
            found.append(event_id)
        others += not alone
    return found[:MOST]


def wanted_for_merge(connection: Connection) -> list[int]:
    """One event id if a merge has work: a merge continues until nothing is left."""
    statement = select(events.c.id).where(events.c.state == State.EXTRACTED).order_by(events.c.id).limit(1)
    waiting = list(connection.execute(statement).scalars())
    return waiting or ([LEFT_OVER] if graph_outbox.waiting(connection) else [])
