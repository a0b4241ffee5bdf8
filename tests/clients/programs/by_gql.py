"""Asks the graph by gql: ADDRESS KEY EVENT. One line a step: its name, a tab, what was answered."""

import asyncio
import sys

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

ADDRESS, KEY, EVENT = sys.argv[1:]
PATIENT = gql('query ($v: String!) { patient(identifier: {authority: "CLIENTS", value: $v}) { patientId } }')
FOLLOW = gql("subscription ($id: ID!) { eventUpdates(id: $id) { state } }")


def say(step: str, words: object) -> None:
    """Print a step."""
    print(step, words, sep="\t")


async def main() -> None:
    """Ask, ask wrongly, follow an event."""
    authorization = {"Authorization": f"Bearer {KEY}"}
    async with Client(transport=AIOHTTPTransport(url=ADDRESS, headers=authorization)) as session:
        say("unknown", (await session.execute(PATIENT, variable_values={"v": "nobody"}))["patient"])
        try:
            await session.execute(gql("{ nothing }"))
        except TransportQueryError as error:
            say("wrong", error.errors[0]["extensions"]["code"])
    follower = WebsocketsTransport(url=ADDRESS.replace("http", "ws", 1), init_payload=authorization)
    async with Client(transport=follower) as session:
        updates = session.subscribe(FOLLOW, variable_values={"id": EVENT})
        say("followed", [each["eventUpdates"]["state"] async for each in updates][-1])


asyncio.run(main())
