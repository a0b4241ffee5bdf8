"""Start the parts, restart those that crash, and stop them all."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stack.child import Child, Part, Tier
from stack.errors import PartError
from vlmkg.data_dir import DataDir

RESTARTS = 5
WINDOW_S = 60.0
"""If a part crashes more than RESTARTS times within WINDOW_S, the stack stops."""
FIRST_PAUSE_S = 0.5
LOOK_EVERY_S = 0.2


@dataclass(slots=True)
class _Watched:
    child: Child
    deaths: deque[float] = field(default_factory=deque)
    restart_at: float | None = None
    silent: bool = False
    """Restarted parts that have not responded yet."""


class Supervisor:
    """The running parts of one stack. `say` prints a line on the console.

    In the block of `held` no signal raises, so that every started part is recorded.
    """

    def __init__(
        self,
        data: DataDir,
        lock: int,
        say: Callable[[str], object],
        held: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._data = data
        self._lock = lock
        self._say = say
        self._held = held
        self._parts: list[_Watched] = []
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.failure: PartError | None = None

    def start(self, part: Part) -> Child:
        """Start a part, without waiting for a response."""
        with self._held():
            child = Child(part, self._data, self._lock)
            self._parts.append(_Watched(child))
        return child

    def wait_until_answers(self, child: Child) -> None:
        """Raises PartError, or the error of the part's `started`, if the part ends or does not respond in time."""
        part, deadline = child.part, time.monotonic() + child.part.start_limit_s
        if part.started is not None:
            part.started(child.alive)
        while not part.answers():
            if not child.alive():
                raise PartError(part.name, child.how_it_ended(), child.last_lines(), part.remedy)
            if time.monotonic() > deadline:
                what = f"did not respond within {part.start_limit_s:.0f} s"
                raise PartError(part.name, what, child.last_lines(), part.remedy)
            time.sleep(0.05)

    def watch(self) -> None:
        """From now on restart crashed parts.

        One that crashes too often becomes `failure`, and this process gets SIGTERM.
        """
        self._watcher.start()

    def stop(self) -> None:
        """Stop every part, tier by tier. All processes have ended when this returns."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for tier in sorted(Tier, reverse=True):
            children = [watched.child for watched in self._parts if watched.child.part.tier == tier]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.wait()

    def hurry(self) -> None:
        """While stopping: kill the parts that have not ended yet."""
        for watched in self._parts:
            watched.child.ask_to_stop()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                for watched in self._parts:
                    self._look_after(watched, time.monotonic())
            except PartError as error:
                self.failure = error
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def _look_after(self, watched: _Watched, now: float) -> None:
        part = watched.child.part
        if watched.restart_at is not None:
            if now >= watched.restart_at:
                watched.restart_at = None
                watched.silent = True
                watched.child = Child(part, self._data, self._lock)
        elif not watched.child.alive():
            self._died(watched, now)
        elif watched.silent and part.answers():
            watched.silent = False
            self._say(f"{part.name} responds again")

    def _died(self, watched: _Watched, now: float) -> None:
        child, deaths = watched.child, watched.deaths
        child.sweep()
        how = child.how_it_ended()
        deaths.append(now)
        while deaths[0] < now - WINDOW_S:
            deaths.popleft()
        if len(deaths) > RESTARTS:
            what = f"{how}, for the {len(deaths)}th time within {WINDOW_S:.0f} s"
            raise PartError(child.part.name, what, child.last_lines(), child.part.remedy)
        watched.restart_at = now + FIRST_PAUSE_S * 2 ** (len(deaths) - 1)
        self._say(f"{child.part.name} {how}; restart {len(deaths)} of {RESTARTS} within {WINDOW_S:.0f} s")


def start_together(supervisor: Supervisor, parts: Sequence[Part]) -> None:
    """Start the parts together and wait until all respond. Raises PartError for the first that does not."""
    for child in [supervisor.start(part) for part in parts]:
        supervisor.wait_until_answers(child)
