"""Claims: taking events for processing, under a lease, by compare-and-set.

A claim has a fence, a number that rises with every claim of an event. A worker that returns after its lease was given
to another finds a higher fence and changes nothing. An attempt counts against an event only if the event was processed
alone: after a failure or crash of a group its members must be processed alone and are claimed one at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from ingest.ledger.events import failures
from ingest.ledger.readings import extractions
from ingest.ledger.readings.extractions import StudyReading
from ingest.ledger.requeue import IDLE
from ingest.ledger.states import BACK, CLAIMABLE, DONE, RUNNING, DeadReason, Stage
from ingest.ledger.storage.database import Ledger, now
from ingest.ledger.storage.tables import events
from ingest.ledger.studies import graph_outbox as study_changes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to process one event until `expires_at`. `alone`: a failure counts as an attempt."""

    event_id: int
    stage: Stage
    owner: str
    fence: int
    alone: bool
    attempts: int
    expires_at: datetime


def claim(
    ledger: Ledger,
    stage: Stage,
    owner: str,
    *,
    limit: int,
    lease: timedelta,
    event_id: int | None = None,
    alone: bool | None = None,
) -> list[Claim]:
    """Claim up to `limit` events, oldest first, or only `event_id` if it is available. Empty: nothing to do.

    An event that must be processed alone (column `solo`) is claimed by itself, whatever the limit. `alone` is for a
    process that works on several claims at once: False claims only other events, and no claim counts as alone, because
    a crash may hit several; True claims one such event, which the process must then process alone.
    """
    free = _free(stage, limit, event_id, alone)
    with ledger.read() as connection:
        if connection.execute(free.limit(1)).first() is None:
            return []
    with ledger.write() as connection:
        found = connection.execute(free.with_for_update(skip_locked=True)).all()
        if not found:
            return []
        group = [row.id for row in found if not row.solo] if not found[0].solo else [found[0].id]
        counts_alone = len(group) == 1 if alone is None else alone
        return _take(connection, stage, owner, group, now(connection) + lease, alone=counts_alone)


def next_is_alone(ledger: Ledger, stage: Stage) -> bool:
    """Whether the next event must be processed alone."""
    with ledger.read() as connection:
        found = connection.execute(_free(stage, 1, None, None)).first()
        return found is not None and found.solo


def renew(ledger: Ledger, claims: Sequence[Claim], lease: timedelta) -> list[Claim]:
    """Renew the leases. Returns the claims that are still held. The others are lost: stop processing their events."""
    with ledger.write() as connection:
        held = _held(connection, claims)
        until = now(connection) + lease
        _set(connection, held, lease_expires_at=until)
        return [replace(claim, expires_at=until) for claim in held]


def complete_extract(ledger: Ledger, done: Sequence[tuple[Claim, Sequence[StudyReading]]]) -> list[Claim]:
    """Commit the readings of the events' studies and mark the events extracted, in one transaction.

    Returns the claims that were still held. Nothing of the others is committed.
    """
    with ledger.write() as connection:
        held = _held(connection, [claim for claim, _ in done])
        ours = {claim.event_id for claim in held}
        # Two events of one study have the same reading, but perhaps for other inputs.
        readings = {
            (reading.extraction.extraction_id, reading.input_digest): reading
            for claim, brought in done
            if claim.event_id in ours
            for reading in brought
        }
        extractions.commit(connection, list(readings.values()))
        _finish(connection, held, Stage.EXTRACT)
        return held


def complete_merge(ledger: Ledger, claims: Sequence[Claim], changes: Sequence[int] = ()) -> list[Claim]:
    """Mark the events merged and the changes (changes.plan) settled. Returns the claims that were still held.

    Call it only after the graph's transaction has committed. Lost claims do not change; the changes are settled in any
    case, since the graph has them.
    """
    with ledger.write() as connection:
        held = _held(connection, claims)
        _finish(connection, held, Stage.MERGE)
        study_changes.settle(connection, changes)
        return held


def release(ledger: Ledger, claims: Sequence[Claim]) -> None:
    """Release events without counting an attempt: after an outage, or when a worker stops."""
    with ledger.write() as connection:
        held = _held(connection, claims)
        for stage in Stage:
            _set(connection, [claim for claim in held if claim.stage is stage], state=BACK[stage], **IDLE)


def release_all(ledger: Ledger) -> None:
    """Release every claimed event without counting an attempt: in a restored ledger no worker has any."""
    with ledger.write() as connection:
        for stage in Stage:
            held = update(events).where(events.c.state == RUNNING[stage])
            connection.execute(held.values(updated_at=now(connection), state=BACK[stage], **IDLE))


def fail(
    ledger: Ledger, claims: Sequence[Claim], reason: DeadReason, detail: str, *, alone: bool | None = None
) -> None:
    """Count a failure: an attempt of an event processed alone, of which the third makes it dead. Members of a group
    must be processed alone next time.

    `alone` overrides the claims' value: for the one failing event of a bisected group. `detail` is a sentence for the
    operator, without any of the payload.
    """
    with ledger.write() as connection:
        for held in _held(connection, claims):
            ran_alone = held.alone if alone is None else alone
            failures.count(connection, held.event_id, held.stage, reason, detail, alone=ran_alone)


def recover_expired(ledger: Ledger) -> int:
    """Release the events whose lease has expired, counting as `fail` does. Returns their number."""
    with ledger.read() as connection:
        if connection.execute(failures.expired(now(connection)).limit(1)).first() is None:
            return 0
    with ledger.write() as connection:
        found = connection.execute(failures.expired(now(connection)).with_for_update(skip_locked=True)).all()
        stages = {running: stage for stage, running in RUNNING.items()}
        for row in found:
            failures.count(
                connection, row.id, stages[row.state], DeadReason.CRASHED, failures.CRASHED_DETAIL, alone=row.alone
            )
        return len(found)


def _free(stage: Stage, limit: int, event_id: int | None, alone: bool | None) -> Select[tuple[int, bool]]:
    statement = select(events.c.id, events.c.solo).where(events.c.state.in_(CLAIMABLE[stage]))
    if alone is not None:
        statement = statement.where(events.c.solo == alone)
    if event_id is not None:
        return statement.where(events.c.id == event_id)
    return statement.order_by(events.c.id).limit(limit)


def _take(
    connection: Connection, stage: Stage, owner: str, event_ids: list[int], until: datetime, *, alone: bool
) -> list[Claim]:
    statement = (
        update(events)
        .where(events.c.id.in_(event_ids))
        .values(
            state=RUNNING[stage],
            lease_owner=owner,
            lease_expires_at=until,
            alone=alone,
            fence=events.c.fence + 1,
            updated_at=now(connection),
        )
        .returning(events.c.id, events.c.fence, events.c.attempts)
    )
    taken = [
        Claim(row.id, stage, owner, row.fence, alone, row.attempts, until) for row in connection.execute(statement)
    ]
    return sorted(taken, key=lambda claim: claim.event_id)


def _held(connection: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """The claims that are still held. Their events are locked in the order of their ids."""
    statement = select(events.c.id, events.c.fence, events.c.state).where(
        events.c.id.in_([claim.event_id for claim in claims])
    )
    rows = connection.execute(statement.order_by(events.c.id).with_for_update())
    fences = {(row.id, row.state): row.fence for row in rows}
    return [claim for claim in claims if fences.get((claim.event_id, RUNNING[claim.stage])) == claim.fence]


def _finish(connection: Connection, claims: Sequence[Claim], stage: Stage) -> None:
    _set(connection, claims, state=DONE[stage], attempts=0, solo=False, reason=None, detail=None, **IDLE)


def _set(connection: Connection, claims: Sequence[Claim], **values: Any) -> None:
    if claims:
        ids = [claim.event_id for claim in claims]
        connection.execute(update(events).where(events.c.id.in_(ids)).values(updated_at=now(connection), **values))
