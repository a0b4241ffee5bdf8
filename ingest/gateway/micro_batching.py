"""Group commit: messages that arrive while a group is being stored form the next group.

Senders that wait for their answers all send again after a group was answered. The first message waits a moment for the
others, as with PostgreSQL's commit_delay, because a commit of one message costs as much as one of ten. A single sender
never waits, and after waiting in vain the next groups go at once (docs/decisions/0145-a-moment-for-company.md).
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
"""Seconds after the last answers or the last arrival for which a group that is smaller than expected waits."""

PATIENCE_S = 0.005
"""The maximum seconds that the first message of a group waits: the time to read 32 messages from their sockets."""

MOST_IN_VAIN = 63
"""The number of groups that go at once after several waits in vain, as for senders that do not wait for answers."""

GROUP_BYTES = 32 * 1024
"""The maximum bytes of one group, because the next group waits until it is parsed."""

SENDER_BYTES = 16 * 1024
"""The maximum bytes of one sender in a group."""

Waiting = tuple[ReceivedMessage, asyncio.Future[Receipt]]


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
        self.waiting.put(sender, (message, future))
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
        done = loop.run_in_executor(threads, receive_group, receiver, [message for message, _ in group])
        done.add_done_callback(partial(self._finish, receiver, threads, group))

    def _next_group(self) -> list[Waiting]:
        """The messages of the next group, from each sender in turn."""
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
    """Receive messages in one commit. Each gives its receipt, or the error that prevents storing it now.

    During an outage of the blob store, small messages, which are stored in the ledger, are still received.
    """
    results = each_result(messages, partial(receive_many, receiver))
    failed = [at for at, result in enumerate(results) if isinstance(result, BaseException) and is_outage(result)]
    rows = [at for at in failed if is_row(messages[at])]
    if rows and len(rows) < len(failed):
        again = each_result([messages[at] for at in rows], partial(receive_many, receiver))
        for at, result in zip(rows, again, strict=True):
            results[at] = result
    return results
