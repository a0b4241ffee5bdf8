"""The HTTP door on loopback, and clients that send to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx2
import pytest

from ingest.gateway.door import Door, Reception
from ingest.gateway.http import door as http_door
from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.events import events
from ingest.ledger.events.events import Event, EventFilter


@dataclass
class OpenHttp:
    """An open door, a client that has a sender's key, and what was received."""

    door: Door
    reception: Reception
    client: httpx2.AsyncClient

    @property
    def base(self) -> str:
        return self.door.addresses["fhir"].removesuffix("/fhir")

    def events(self) -> list[Event]:
        """Everything received, in order."""
        with self.reception.receiver.ledger.read() as connection:
            return sorted(events.list_events(connection, EventFilter(), limit=1000), key=lambda event: event.id)


@asynccontextmanager
async def open_http(reception: Reception, monkeypatch: pytest.MonkeyPatch, **settings: str) -> AsyncIterator[OpenHttp]:
    """The door, opened with these variables, and closed at the end."""
    for name, value in ({"VLMKG_HTTP_PORT": "0"} | settings).items():
        monkeypatch.setenv(name, value)
    key = api_keys.create(reception.receiver.ledger, f"sender {uuid4()}", Role.OPERATOR)
    door = await http_door.start(reception)
    base = door.addresses["fhir"].removesuffix("/fhir")
    try:
        async with httpx2.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
            yield OpenHttp(door, reception, client)
    finally:
        await asyncio.wait_for(door.close(), 20)


@pytest.fixture
async def http(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenHttp]:
    """The door with its usual settings."""
    async with open_http(reception, monkeypatch) as opened:
        yield opened
