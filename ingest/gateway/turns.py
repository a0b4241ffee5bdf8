"""Fair queues: senders take turns, so a sender of many or expensive messages delays only itself.

Large messages take long to parse. Separate threads parse them while other messages pass, and those of one sender are
parsed one after the other (docs/decisions/0237-senders-take-turns.md).
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")

SENDERS = 10_000
"""The maximum number of senders whose charge is remembered. A forgotten one counts as one that starts to wait."""

LARGE_AT_ONCE = 8
"""The maximum number of large messages parsed at once, over all senders."""


class Turns(Generic[T]):
    """The waiting items by sender. The sender that was charged least goes first: each taken item counts 1, and `charge`
    adds to that. A sender that starts to wait counts as much as the one that was taken last, so nobody saves up turns.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        self._charged: OrderedDict[str, float] = OrderedDict()
        self._now = 0.0
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def put(self, sender: str, item: T) -> None:
        """Add an item."""
        if sender not in self._waiting:
            self._waiting[sender] = deque()
            self._charge(sender, max(self._charged.get(sender, 0.0), self._now))
        self._waiting[sender].append(item)
        self._number += 1

    def take(self, passed_over: Collection[str] = (), within: float = math.inf) -> tuple[str, T] | None:
        """The next item and its sender, ignoring the given senders; None if no other sender waits.

        `within`: ignores senders that were charged so much more than the one that was taken last.
        """
        sender = min((one for one in self._waiting if one not in passed_over), key=self._charged_to, default=None)
        if sender is None or self._charged_to(sender) > self._now + within:
            return None
        self._now = max(self._now, self._charged_to(sender))
        items = self._waiting.pop(sender)
        item = items.popleft()
        if items:
            self._waiting[sender] = items
        self._number -= 1
        self.charge(sender, 1.0)
        return sender, item

    def put_back(self, sender: str, item: T) -> None:
        """Put a taken item back before the sender's others."""
        self._waiting.setdefault(sender, deque()).appendleft(item)
        self._number += 1
        self.charge(sender, -1.0)

    def charge(self, sender: str, more: float) -> None:
        """Charge a sender for an item that was taken."""
        self._charge(sender, self._charged_to(sender) + more)

    def _charged_to(self, sender: str) -> float:
        return self._charged.get(sender, self._now)

    def _charge(self, sender: str, charged: float) -> None:
        self._charged[sender] = charged
        self._charged.move_to_end(sender)
        if len(self._charged) > SENDERS:
            self._charged.popitem(last=False)


Work = tuple[Callable[[], object], int, "asyncio.Future[object]"]
"""The work, the number of the sender's items that may run at once, and the future of the result."""


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LARGE_AT_ONCE, thread_name_prefix="large")


@dataclass(slots=True)
class LargeMessages:
    """The large messages of one event loop, each parsed by a thread."""

    waiting: Turns[Work] = field(default_factory=Turns)
    busy: dict[str, int] = field(default_factory=dict)
    threads: ThreadPoolExecutor = field(default_factory=_threads)

    async def do(self, sender: str, work: Callable[[], T], *, at_once: int = 1) -> T:
        """Run the work in a thread when it is the sender's turn, and return its result. Its errors pass.

        `at_once`: the number of the sender's items that may run at the same time.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.waiting.put(sender, (work, at_once, done))  # type: ignore[arg-type]
        self._start()
        return await done

    def _start(self) -> None:
        held: set[str] = set()
        while sum(self.busy.values()) < LARGE_AT_ONCE and (found := self.waiting.take(held)):
            sender, (work, at_once, done) = found
            if self.busy.get(sender, 0) >= at_once:
                self.waiting.put_back(sender, (work, at_once, done))
                held.add(sender)
            elif not done.done():
                self.busy[sender] = self.busy.get(sender, 0) + 1
                running = asyncio.get_running_loop().run_in_executor(self.threads, work)
                running.add_done_callback(partial(self._finish, sender, done))

    def _finish(self, sender: str, done: "asyncio.Future[object]", running: "asyncio.Future[object]") -> None:
        self.busy[sender] -= 1
        if not self.busy[sender]:
            del self.busy[sender]
        if not done.done():
            if error := running.exception():
                done.set_exception(error)
            else:
                done.set_result(running.result())
        self._start()
