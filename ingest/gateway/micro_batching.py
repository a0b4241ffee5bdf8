"""Group commit: messages that arrive while a group is being stored form the next group.

Senders that wait for their answers all send again after a group was answered. The first message waits a moment for the
others, as with PostgreSQL's commit_delay, because a commit of one message costs as much as one of ten. A single sender
never waits, and after waiting in vain the next groups go at once (docs/decisions/0145-a-moment-for-company.md).

A message with many rows is a group of its own, and its sender is charged for the time that it took. So whoever sends
cheap messages waits for one expensive message at most (docs/decisions/0299-expensive-messages-are-charged.md).
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

from ingest.gateway.turns import Turns
from ingest.isolation import each_result, is_outage
from ingest.ledger.events.record import Receipt
from ingest.ledger.studies.message_facts import NewEvent
from ingest.receiving.submit import (
    LARGEST_GROUP,
    Prepared,
    ReceivedMessage,
    Receiver,
    interpret,
    is_row,
    receive_prepared,
)

COMPANY_S = 0.002
"""Seconds after the last answers or the last arrival for which a group that is smaller than expected waits."""

PATIENCE_S = 0.005
"""The maximum seconds that the first message of a group waits: the time to read 32 messages from their sockets."""

MOST_IN_VAIN = 63
"""The number of groups that go at once after several waits in vain, as for senders that do not wait for answers."""

GROUP_BYTES = 32 * 1024
"""The maximum bytes of one group, because the next group waits until it is parsed."""

SENDER_BYTES = 16 * 1024
"""The maximum bytes of one sender in a group."""

MANY_ROWS = 32
"""Rows of a message from which on it is a group of its own. A report has two: its patient and itself."""

UNIT_S = 0.0005
"""Seconds of a core for which a sender is charged one message more."""

NEAR = float(LARGEST_GROUP)
"""A group takes no sender that was charged so many messages more than its first one."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A message that waits for its receipt. `event`: the event once it was read; `cost`: seconds of a core it took."""

    message: ReceivedMessage
    sender: str = ""
    future: "asyncio.Future[Receipt] | None" = None
    event: NewEvent | None = None
    cost: float = 0.0

    @property
    def rows(self) -> int:
        """The number of rows that it writes and compares with others."""
        return len(self.event.sightings) + len(self.event.patients) + len(self.event.merges) if self.event else 0


@dataclass(slots=True)
class Together:
    """The waiting messages of one event loop. One group is processed at a time.

    `expected`: the number of messages answered last plus those that waited meanwhile; 1 if there is nothing to wait
    for. `in_vain`: the number of groups that go at once after waits in vain; `left` of them remain.
    """

    waiting: Turns[Waiting] = field(default_factory=Turns)
    expected: int = 1
    in_vain: int = 0
    left: int = 0
    busy: bool = False
    first_at: float = 0.0
    timer: asyncio.TimerHandle | None = None

    async def receive(
        self, receiver: Receiver, threads: Executor, message: ReceivedMessage, sender: str = ""
    ) -> Receipt:
        """Receive one message, perhaps with others. Raises the errors of `receive_many` for this message."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        if not self.waiting:
            self.first_at = loop.time()
        self.waiting.put(sender, Waiting(message, sender, future))
        self._arrange(loop, partial(self._start, receiver, threads))
        return await future

    def _arrange(self, loop: asyncio.AbstractEventLoop, start: partial[None]) -> None:
        """Start a group now, or when no more messages arrive."""
        if self.busy or not self.waiting:
            return
        if self.timer:
            self.timer.cancel()
            self.timer = None
        if len(self.waiting) >= self.expected or loop.time() - self.first_at >= PATIENCE_S:
            start()
        else:
            self.timer = loop.call_later(COMPANY_S, start)

    def _start(self, receiver: Receiver, threads: Executor) -> None:
        self.timer, self.busy = None, True
        self._learn(full=len(self.waiting) >= self.expected)
        group = self._next_group()
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(threads, receive_next, receiver, group)
        done.add_done_callback(partial(self._finish, receiver, threads, group))

    def _next_group(self) -> list[Waiting]:
        """The messages of the next group, from each sender in turn."""
        group: list[Waiting] = []
        sizes: Counter[str] = Counter()
        while len(group) < LARGEST_GROUP and sizes.total() < GROUP_BYTES:
            full = [sender for sender, size in sizes.items() if size >= SENDER_BYTES]
            found = self.waiting.take(full, NEAR if group else math.inf)
            if found is None:
                break
            sender, waiting = found
            group.append(waiting)
            sizes[sender] += len(waiting.message.raw or b"")
        return group

    def _learn(self, *, full: bool) -> None:
        """Adapt to the result of waiting: repeated waits in vain are skipped."""
        if not full:
            self.in_vain = self.left = min(2 * self.in_vain + 1, MOST_IN_VAIN)
        elif self.left:
            self.left -= 1
        else:
            self.in_vain = 0

    def _finish(
        self,
        receiver: Receiver,
        threads: Executor,
        group: Sequence[Waiting],
        done: asyncio.Future[list[Receipt | BaseException]],
    ) -> None:
        self.busy = False
        results = done.result()
        for waiting in reversed(group[len(results) :]):
            self.waiting.put_back(waiting.sender, waiting)
        for waiting in group:
            self.waiting.charge(waiting.sender, waiting.cost / UNIT_S)
            waiting.cost = 0.0
        group = group[: len(results)]
        for waiting, result in zip(group, results, strict=True):
            if waiting.future is None or waiting.future.done():
                continue
            if isinstance(result, BaseException):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)
        loop = asyncio.get_running_loop()
        self.first_at = loop.time()
        self.expected = 1 if self.left else min(len(group) + len(self.waiting), LARGEST_GROUP)
        self._arrange(loop, partial(self._start, receiver, threads))


def receive_next(receiver: Receiver, group: Sequence[Waiting]) -> list[Receipt | BaseException]:
    """Receive the first messages of a group in one commit, and note what each cost. Returns their results.

    Those after them have too many rows to join them: they wait for the next group. What was read of them is kept.
    """
    some: list[Waiting | BaseException] = []
    for waiting in group:
        started = time.thread_time()
        try:
            waiting.event = waiting.event or interpret(receiver, waiting.message)
        except BaseException as error:  # noqa: BLE001 - its sender gets it raised
            some.append(error)
            continue
        waiting.cost += time.thread_time() - started
        if waiting.rows >= MANY_ROWS and some:
            break
        some.append(waiting)
        if waiting.rows >= MANY_ROWS:
            break
    started = time.thread_time()
    ready = [one for one in some if isinstance(one, Waiting)]
    stored = iter(_store(receiver, [(one.message, one.event) for one in ready if one.event]))
    seconds, rows = time.thread_time() - started, sum(1 + one.rows for one in ready)
    for one in ready:
        one.cost += seconds * (1 + one.rows) / rows
    return [next(stored) if isinstance(one, Waiting) else one for one in some]


def receive_group(receiver: Receiver, messages: Sequence[ReceivedMessage]) -> list[Receipt | BaseException]:
    """Receive messages by as many commits as they need. Each gives its receipt, or the error that prevents storing it
    now.
    """
    group = [Waiting(message) for message in messages]
    results: list[Receipt | BaseException] = []
    while len(results) < len(group):
        results += receive_next(receiver, group[len(results) :])
    return results


def _store(receiver: Receiver, prepared: Sequence[Prepared]) -> list[Receipt | BaseException]:
    """Store messages. During an outage of the blob store, small ones are still stored: they are in the ledger."""
    results = each_result(prepared, partial(receive_prepared, receiver))
    failed = [at for at, result in enumerate(results) if isinstance(result, BaseException) and is_outage(result)]
    rows = [at for at in failed if is_row(prepared[at][0])]
    if rows and len(rows) < len(failed):
        again = each_result([prepared[at] for at in rows], partial(receive_prepared, receiver))
        for at, result in zip(rows, again, strict=True):
            results[at] = result
    return results
