"""Signs of life: a file that a process touches every few seconds beside its ready file, and a check of their age.

READY_FILE                   made once, when the process takes work
READY_FILE.beat-extract      touched by that worker while it works; a stopped or hung process leaves it to grow old

Containers check it every 30 s by `ingest.heartbeat_probe`, which has no other packages: import none here.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vlmkg.errors import RefusedError

EVERY_S = 2.0

OLDEST_S = 30.0
"""An age that a process on a busy machine does not reach, and an operator does not wait long for."""

_SIGN = ".beat-"


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of one process: its name, and seconds since then."""

    name: str
    age_s: float


class NoSignOfLifeError(RefusedError):
    """A process has given no sign of life for too long, or none yet."""


def touch(ready: Path, name: str) -> None:
    """Give a sign of life now."""
    file = ready.with_name(f"{ready.name}{_SIGN}{name}")
    file.touch(mode=0o600)
    os.utime(file)


@contextmanager
def beating(ready: Path | None, name: str, works: Callable[[], bool]) -> Iterator[None]:
    """Give signs of life during the block, from a thread, as long as `works()` says so; none where `ready` is None."""
    if ready is None:
        yield
        return
    ended = threading.Event()

    def beat() -> None:
        while not ended.is_set():
            if works():
                touch(ready, name)
            ended.wait(EVERY_S)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def beats(ready: Path) -> list[Beat]:
    """The last signs of life of all processes that share a ready file, by name. The oldest decides."""
    at = time.time()
    files = sorted(ready.parent.glob(f"{ready.name}{_SIGN}*"))
    return [Beat(file.name.partition(_SIGN)[2], max(at - file.stat().st_mtime, 0.0)) for file in files]


def require_life(ready: Path, oldest_s: float) -> list[Beat]:
    """The signs of life. Raises NoSignOfLifeError if there is none, or one is older than `oldest_s`."""
    found = beats(ready)
    if not found or not ready.exists():
        raise NoSignOfLifeError("it takes no work yet", "wait for its start, and see its log")
    late = [beat for beat in found if beat.age_s > oldest_s]
    if late:
        told = ", ".join(f"{beat.name} {beat.age_s:.0f} s" for beat in late)
        raise NoSignOfLifeError(f"no sign of life for: {told}", "see its log, and start it again")
    return found
