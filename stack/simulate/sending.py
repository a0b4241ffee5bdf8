"""Send over MLLP, with and without faults, until every message is acknowledged."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from stack.simulate.traffic import Message

START, END = b"\x0b", b"\x1c\r"
ANSWER_S = 15.0
"""Seconds that a sender waits for an acknowledgement before it reconnects and sends again."""
PAUSE_S = 0.3
"""Seconds before a message that was not accepted is sent again."""

_MSA = re.compile(rb"\rMSA\|(\w\w)\|([^|\r]*)")


class Fault(Enum):
    """A fault of a sender or of its connection."""

    GARBAGE = "extra bytes before the frame"
    UNENDED = "a frame without its end, then the message again"
    CUT = "connection lost in the middle of a message"
    UNHEARD = "connection lost before the acknowledgement"
    SLOW = "sent a few bytes at a time"
    RESENT = "sent again after it was accepted"


@dataclass
class Account:
    """The sender's record of sent messages and acknowledgements.

    `accepted` and `rejected` are control ids; `delays` are seconds from the last byte of a message to its
    acknowledgement.
    """

    accepted: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    deliveries: int = 0
    errors: int = 0
    reconnects: int = 0
    faults: dict[Fault, int] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to send: messages per second through all doors (0: as fast as they are acknowledged), and the share of HL7
    messages with a fault."""

    rate: float
    sockets: int
    faulty: float
    seed: int
    limit_s: float


class Pace:
    """When each message is due: at `rate` messages per second in their order, from now on; 0: at once."""

    def __init__(self, messages: Sequence[Message], rate: float) -> None:
        started = time.monotonic()
        self._due = {one.control_id: started + number / rate for number, one in enumerate(messages)} if rate else {}

    def seconds_until(self, message: Message) -> float:
        """Seconds until it is due; 0 if it is, or is not known."""
        return max(0.0, self._due.get(message.control_id, 0.0) - time.monotonic())


async def send(
    address: str, messages: Sequence[Message], plan: Plan, pace: Pace, account: Account, done: Callable[[], object]
) -> None:
    """Send all messages, each when it is due.

    `done` is called after each one settled. Returns when all are settled, or at the time limit.
    """
    queue: asyncio.Queue[Message] = asyncio.Queue(plan.sockets)
    senders = [
        asyncio.create_task(_sender(_Line(address), queue, Random(f"{plan.seed}/{number}"), plan, account, done))  # noqa: S311
        for number in range(plan.sockets)
    ]
    try:
        async with asyncio.timeout(plan.limit_s):
            for message in messages:
                await asyncio.sleep(pace.seconds_until(message))
                await queue.put(message)
            await queue.join()
    except TimeoutError:
        return
    finally:
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)


class _Line:
    """One connection to the listener, reopened if it breaks."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        return self._streams

    async def write(self, raw: bytes) -> None:
        _, writer = await self.streams()
        writer.write(raw)
        await writer.drain()

    async def answer(self) -> tuple[str, str]:
        """MSA-1 and MSA-2 of the next acknowledgement."""
        reader, _ = await self.streams()
        found = _MSA.search(await asyncio.wait_for(reader.readuntil(END), ANSWER_S))
        return (found[1].decode(), found[2].decode()) if found else ("AR", "")

    def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _sender(
    line: _Line,
    queue: asyncio.Queue[Message],
    rng: Random,
    plan: Plan,
    account: Account,
    done: Callable[[], object],
) -> None:
    try:
        while True:
            message = await queue.get()
            fault = rng.choice(list(Fault)) if rng.random() < plan.faulty else None
            await _deliver(line, message, fault, account)
            done()
            queue.task_done()
    finally:
        line.hang_up()


async def _deliver(line: _Line, message: Message, fault: Fault | None, account: Account) -> None:
    """Send a message until it is accepted or finally rejected. The fault happens once."""
    if fault:
        account.faults[fault] = account.faults.get(fault, 0) + 1
    while message.control_id not in account.accepted | account.rejected:
        try:
            code = await _attempt(line, message, fault, account)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            line.hang_up()
            account.reconnects += 1
            code = "AE"
        fault = None if fault is not Fault.RESENT else fault
        if code == "AA":
            account.accepted.add(message.control_id)
        elif code == "AR":
            account.rejected.add(message.control_id)
        else:
            account.errors += 1
            await asyncio.sleep(PAUSE_S)
    if fault is Fault.RESENT:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await _attempt(line, message, None, account)


async def _attempt(line: _Line, message: Message, fault: Fault | None, account: Account) -> str:
    """Send once. Returns the acknowledgement code; raises OSError or TimeoutError if there is none."""
    framed = START + message.raw + END
    account.deliveries += 1
    if fault is Fault.CUT:
        await line.write(framed[: len(framed) // 2])
        raise ConnectionAbortedError
    if fault is Fault.SLOW:
        for start in range(0, len(framed), 97):
            await line.write(framed[start : start + 97])
            await asyncio.sleep(0.002)
    elif fault is Fault.GARBAGE:
        await line.write(b"\r\n\0noise" + framed)
    elif fault is Fault.UNENDED:
        await line.write(framed[: -len(END)] + framed)
        await line.answer()
    else:
        await line.write(framed)
    if fault is Fault.UNHEARD:
        raise ConnectionAbortedError
    sent = time.perf_counter()
    code, control_id = await line.answer()
    account.delays.append(time.perf_counter() - sent)
    if control_id != message.control_id:
        raise ConnectionAbortedError
    return code
