"""The interface of all doors, and receiving without blocking their event loops."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection

from ingest.errors import MessageRefusedError
from ingest.formats.origin import Format, Origin
from ingest.gateway.micro_batching import Together
from ingest.gateway.turns import LargeMessages
from ingest.ledger.events.record import Receipt
from ingest.receiving.space import Space
from ingest.receiving.submit import LARGE, ReceivedMessage, Receiver, keep, receive, receive_if, refuse_unread

THREADS = 64
"""The maximum number of messages received at once over all doors.

It is as many as share a commit (ingest.receiving.submit).
"""


DICOM_AT_ONCE = 8
"""The maximum number of one sender's objects received at once: as many as one request of STOW-RS keeps in memory."""


@dataclass(frozen=True, slots=True)
class Reception:
    """Receives for all doors of a process. `sender`: the sender's address."""

    receiver: Receiver
    threads: ThreadPoolExecutor
    space: Space
    together: Together = field(default_factory=Together)
    large: LargeMessages = field(default_factory=LargeMessages)
    sender: str = ""

    def of(self, sender: str) -> "Reception":
        """The same reception for one sender's address."""
        return replace(self, sender=sender)


def receive_now(reception: Reception, message: ReceivedMessage) -> Receipt:
    """Receive one message in this thread, for doors with their own threads. The message is safe when this returns.

    Raises OutageError if it can't be stored now, NoSpaceError if the disk is nearly full.
    """
    reception.space.require()
    return receive(reception.receiver, message)


async def receive_soon(reception: Reception, message: ReceivedMessage) -> Receipt:
    """Receive one message without blocking the event loop. Senders take turns."""
    reception.space.require()
    if message.raw and len(message.raw) >= LARGE:
        at_once = DICOM_AT_ONCE if message.format is Format.DICOM else 1
        return await reception.large.do(
            reception.sender, partial(receive, reception.receiver, message), at_once=at_once
        )
    return await reception.together.receive(reception.receiver, reception.threads, message, reception.sender)


async def receive_soon_if(
    reception: Reception, message: ReceivedMessage, holds: Callable[[Connection], bool]
) -> Receipt | None:
    """The same if a condition holds in the transaction that records it; None if it does not."""
    reception.space.require()
    work = partial(receive_if, reception.receiver, message, holds)
    return await reception.large.do(reception.sender, work)


async def keep_soon(reception: Reception, message: ReceivedMessage, error: Exception) -> Receipt:
    """Store a message that caused an unexpected error. Raises the error if it is an outage."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(reception.threads, keep, reception.receiver, message, error)


async def refuse_soon(
    reception: Reception, error: MessageRefusedError, *, digest: str, size: int, origin: Origin
) -> Receipt:
    """Record a message that is too large to be stored as refused. Raises OutageError if that fails now."""
    loop = asyncio.get_running_loop()
    work = partial(refuse_unread, reception.receiver, error, digest=digest, size=size, origin=origin)
    return await loop.run_in_executor(reception.threads, work)


@dataclass(frozen=True, slots=True)
class Door:
    """An open door. `addresses` are those that `endpoints.json` shows, by its keys.

    `close` accepts no new connection, lets current messages be stored and acknowledged, and returns when the door is
    completely closed. It may be cancelled after the drain time.
    """

    name: str
    addresses: Mapping[str, str]
    close: Callable[[], Awaitable[None]]


Start = Callable[[Reception], Awaitable[Door]]
"""Opens a door with its settings from the environment. Raises UsageError if they are invalid."""
