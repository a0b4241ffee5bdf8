"""Waiting lines in which senders take turns: whoever sends much waits behind itself, and nobody else does.

Messages that are large take long to read. They are read beside the others, by threads of their own, and those of one
sender one after the other (docs/decisions/0237-senders-take-turns.md).
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")

LARGE_AT_ONCE = 8
"""Large messages that are read at once, of all senders."""


class Turns(Generic[T]):
    """What waits, by sender. The sender whose item was taken goes to the end of the line."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def put(self, sender: str, item: T) -> None:
        """Have an item wait."""
        self._waiting.setdefault(sender, deque()).append(item)
        self._number += 1

    def take(self, passed_over: Collection[str] = ()) -> tuple[str, T] | None:
        """The next item and its sender, who is none of those passed over; None where nobody else waits."""
        sender = next((one for one in self._waiting if one not in passed_over), None)
        if sender is None:
            return None
        items = self._waiting.pop(sender)
        item = items.popleft()
        if items:
            self._waiting[sender] = items
        self._number -= 1
        return sender, item

    def put_back(self, sender: str, item: T) -> None:
        """Have an item that was taken wait again, before the sender's others."""
        self._waiting.setdefault(sender, deque()).appendleft(item)
        self._number += 1


Work = tuple[Callable[[], object], int, "asyncio.Future[object]"]
"""What is to be done, how much of the same sender may be done at once, and who waits for it."""


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LARGE_AT_ONCE, thread_name_prefix="large")


@dataclass(slots=True)
class LargeMessages:
    """The large messages of one event loop, each read by a thread."""

    waiting: Turns[Work] = field(default_factory=Turns)
    busy: dict[str, int] = field(default_factory=dict)
    threads: ThreadPoolExecutor = field(default_factory=_threads)

    async def do(self, sender: str, work: Callable[[], T], *, at_once: int = 1) -> T:
        """Do the work in a thread once it is the sender's turn, and return its result. Raises what it raises.

        `at_once`: so much of the sender is done at the same time.
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
