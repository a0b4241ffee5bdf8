"""Receiving in company: what waits while a group is being stored is the next group.

Senders that wait for their answers all come back when a group was answered. The first of them waits a moment for the
others, as PostgreSQL's commit_delay does: a commit for one costs as much as for ten. A lone sender waits
for nobody, and waiting in vain is not repeated at once (docs/decisions/0145-a-moment-for-company.md).
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

from ingest.gateway.turns import Turns
from ingest.isolation import each_result, is_outage
from ingest.ledger.events.record import Receipt
from ingest.receiving.submit import LARGEST_GROUP, ReceivedMessage, Receiver, is_row, receive_many

COMPANY_S = 0.002
"""So long after the last answers or the last arrival a group that is smaller than expected still waits for more."""

PATIENCE_S = 0.005
"""So long the first of a group waits at most. Reading 32 messages off their sockets takes about as long."""

MOST_IN_VAIN = 63
"""Groups that go at once after waiting was in vain several times: senders that do not wait for answers keep no time."""

GROUP_BYTES = 32 * 1024
"""Bytes of the messages of one group: who comes next waits until they were read."""

SENDER_BYTES = 16 * 1024
"""Bytes of one sender in it."""

Waiting = tuple[ReceivedMessage, asyncio.Future[Receipt]]


@dataclass(slots=True)
class Together:
    """The messages of one event loop that wait to be received. One group is in work at a time.

    `expected`: those who were answered last, and those who waited meanwhile; one, while nobody is to be waited for.
    `in_vain`: groups that go at once since those before were waited for in vain, `left` of them are left.
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
        """Receive one message, perhaps with others. Raises for it what `receive_many` would raise for it alone."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        if not self.waiting:
            self.first_at = loop.time()
        self.waiting.put(sender, (message, future))
        self._arrange(loop, partial(self._start, receiver, threads))
        return await future

    def _arrange(self, loop: asyncio.AbstractEventLoop, start: partial[None]) -> None:
        """Start a group now, or once nobody comes any more."""
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
        done = loop.run_in_executor(threads, receive_group, receiver, [message for message, _ in group])
        done.add_done_callback(partial(self._finish, receiver, threads, group))

    def _next_group(self) -> list[Waiting]:
        """What is received next, of each sender in turn."""
        group: list[Waiting] = []
        sizes: Counter[str] = Counter()
        while len(group) < LARGEST_GROUP and sizes.total() < GROUP_BYTES:
            found = self.waiting.take([sender for sender, size in sizes.items() if size >= SENDER_BYTES])
            if found is None:
                break
            sender, waiting = found
            group.append(waiting)
            sizes[sender] += len(waiting[0].raw or b"")
        return group

    def _learn(self, *, full: bool) -> None:
        """Whether waiting for company is worth while: those who do not come need not be waited for each time."""
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
        for (_, future), result in zip(group, done.result(), strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        loop = asyncio.get_running_loop()
        self.first_at = loop.time()
        self.expected = 1 if self.left else min(len(group) + len(self.waiting), LARGEST_GROUP)
        self._arrange(loop, partial(self._start, receiver, threads))


def receive_group(receiver: Receiver, messages: Sequence[ReceivedMessage]) -> list[Receipt | BaseException]:
    """Receive messages in one commit. Each gives its receipt, or the error for which it can't be stored now.

    Where the blob store is out, messages that are rows of the ledger are received nevertheless.
    """
    results = each_result(messages, partial(receive_many, receiver))
    failed = [at for at, result in enumerate(results) if isinstance(result, BaseException) and is_outage(result)]
    rows = [at for at in failed if is_row(messages[at])]
    if rows and len(rows) < len(failed):
        again = each_result([messages[at] for at in rows], partial(receive_many, receiver))
        for at, result in zip(rows, again, strict=True):
            results[at] = result
    return results
