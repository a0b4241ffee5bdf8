"""Subscriptions: the states of an event, and of all events."""

import asyncio
import time
from collections.abc import AsyncGenerator

import strawberry

from api.event_queries import event_row_of
from api.event_types import Event, FeedUpdate
from api.ids import event_number
from api.resolvers import Info, LedgerAnswer, ask_ledger, shaped
from api.response_plans import Row
from api.strawberry_parts import Shaped
from ingest.ledger.events import events
from ingest.ledger.states import SETTLED
from ingest.ledger.storage.database import Ledger

LOOK_EVERY_S = 0.5
"""Seconds between two polls of the ledger, which other processes change."""


@strawberry.type(description="Subscriptions, over graphql-transport-ws.")
class Subscription:
    """All subscriptions."""

    @strawberry.subscription(
        description="The event now and after each change of its state, until it is settled. "
        "Ends at once if there is no such event.",
        graphql_type=Event,
    )
    async def event_updates(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Shaped | None, None]:  # noqa: A002
        """Changes between two polls are sent as one."""
        number = event_number(id)
        last: Row | None = None
        while number is not None and (row := await event_row_of(info, number)) is not None:
            if last is None or (row["state"], row["updatedAt"]) != (last["state"], last["updatedAt"]):
                yield shaped(info, "Event", row)
            if row["state"] in SETTLED:
                return
            last = row
            await asyncio.sleep(LOOK_EVERY_S)

    @strawberry.subscription(
        description="The number of events by state, now and after each change. For operators.",
        graphql_type=FeedUpdate,
    )
    async def feed_updates(self, info: Info) -> AsyncGenerator[Shaped | None, None]:
        """Changes between two polls are sent as one. A poll that takes long is followed by a long pause."""
        last: Row | None = None
        while True:
            started = time.monotonic()
            row = await ask_ledger(info, _feed)
            if row != last:
                yield shaped(info, "FeedUpdate", row)
            last = row
            await asyncio.sleep(max(LOOK_EVERY_S, 20 * (time.monotonic() - started)))


def _feed(ledger: Ledger) -> LedgerAnswer[Row]:
    with ledger.read() as connection:
        found, newest = events.summary(connection), events.list_events(connection, limit=1)
    states = [{"state": state, "count": number} for state, number in found.items()]
    return LedgerAnswer({"newest": newest[0].id if newest else None, "states": states}, ())
