"""A sender of HL7 v2 over MLLP that does as it is told, and the door that it talks to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import hl7
import pytest

from ingest.gateway.door import Door, Reception
from ingest.gateway.mllp import listener
from ingest.ledger.events import events
from ingest.ledger.events.events import Event, EventFilter

START, END = b"\x0b", b"\x1c\r"
LIMIT_S = 20.0


@dataclass
class OpenDoor:
    """An open door, and what it has received."""

    door: Door
    reception: Reception
    peers: list["Peer"] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.door.addresses["mllp"].rpartition(":")
        return host, int(port)

    async def connect(self, tls: ssl.SSLContext | None = None) -> "Peer":
        reader, writer = await asyncio.open_connection(*self.address, ssl=tls)
        self.peers.append(Peer(reader, writer))
        return self.peers[-1]

    def events(self) -> list[Event]:
        """Everything received, in order."""
        with self.reception.receiver.ledger.read() as connection:
            return sorted(events.list_events(connection, EventFilter(), limit=1000), key=lambda event: event.id)


@dataclass
class Peer:
    """One connection of a sender."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, raw: bytes) -> None:
        """Bytes, as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self) -> hl7.Message:
        """The next answer, parsed by the hl7 package."""
        framed = await asyncio.wait_for(self.reader.readuntil(END), LIMIT_S)
        assert framed.startswith(START)
        return hl7.parse(framed[1:-2].decode())

    async def ask(self, message: bytes) -> hl7.Message:
        """Send one message in a frame and return its answer."""
        await self.send(START + message + END)
        return await self.answer()

    async def ended(self) -> bool:
        """Whether the other side closes, with nothing more to say."""
        try:
            return await asyncio.wait_for(self.reader.read(), LIMIT_S) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@asynccontextmanager
async def open_door(reception: Reception, monkeypatch: pytest.MonkeyPatch, **settings: str) -> AsyncIterator[OpenDoor]:
    """The door, opened with these variables, and closed at the end."""
    for name, value in ({"VLMKG_MLLP_PORT": "0"} | settings).items():
        monkeypatch.setenv(name, value)
    door = await listener.start(reception)
    opened = OpenDoor(door, reception)
    try:
        yield opened
    finally:
        for peer in opened.peers:
            await peer.close()
        await asyncio.wait_for(door.close(), LIMIT_S)


def code_of(answer: hl7.Message) -> tuple[str, str]:
    """MSA-1 and MSA-2."""
    msa = answer.segment("MSA")
    return str(msa[1]), str(msa[2]) if len(msa) > 2 else ""


def error_of(answer: hl7.Message) -> str:
    """The code of ERR-3."""
    return str(answer.segment("ERR")[3]).partition("^")[0]
