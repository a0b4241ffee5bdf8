"""Subscriptions: the states of an event."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry

from api.event_queries import event_row_of
from api.event_types import Event
from api.ids import event_number
from api.resolvers import Info, shaped
from api.response_plans import Row
from api.strawberry_parts import Shaped
from ingest.ledger.states import SETTLED

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
