"""Read with several processes, in order: on CPUs, one process per core is faster than one process on all cores.

A batch is small, and many of its steps are too short to be divided among threads.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib import import_module
from itertools import chain, islice
from multiprocessing import get_context
from typing import NamedTuple, TypeVar

from vlmkg.engine_protocol import Engine, StudyInput, StudyReadings
from vlmkg.errors import VlmkgError
from vlmkg.parent_watch import end_with_parent
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.settings import EngineSettings

MOST_PROCESSES = 4
"""Most processes by default: each holds torch and the model, about half a gigabyte."""

Tag = TypeVar("Tag")


class Readers(NamedTuple):
    """An engine, its name and device for other processes, and their number."""

    engine: Engine
    name: str
    processes: int
    device: str | None = None


def default_processes(engine: Engine, device: str | None = None) -> int:
    """One per core for a model on a CPU, at most MOST_PROCESSES. One for the rules, which are fast, and for a GPU."""
    if engine.checkpoint is None or _device(device) != "cpu":
        return 1
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def _device(named: str | None) -> str:
    # torch by name: if there is a model, it is already imported.
    device: str = import_module("vlmkg.engine.loading").choose_device(named or EngineSettings().device)
    return device


def read_batches(
    readers: Readers, batches: Iterable[tuple[Tag, Sequence[StudyInput]]]
) -> Iterator[tuple[Tag, list[StudyReadings]]]:
    """The readings of each batch with its tag, in the order given. A single batch is read in this process.

    It takes only as many batches ahead as keep the processes busy. Raises what reading raises, and VlmkgError if a
    process was killed.
    """
    source = iter(batches)
    first = list(islice(source, 2))
    if readers.processes == 1 or len(first) < 2:
        for tag, studies in chain(first, source):
            yield tag, read_studies(readers.engine, studies)
        return
    try:
        yield from _read_apart(readers, chain(first, source))
    except BrokenProcessPool as error:
        raise VlmkgError("a reading process was killed", "it may have run out of memory: try --processes 1") from error


def _read_apart(
    readers: Readers, batches: Iterator[tuple[Tag, Sequence[StudyInput]]]
) -> Iterator[tuple[Tag, list[StudyReadings]]]:
    # Spawned: a forked copy of a process with torch's threads in it may hang.
    with ProcessPoolExecutor(readers.processes, get_context("spawn"), end_with_parent) as pool:
        ahead: deque[tuple[Tag, Future[list[StudyReadings]]]] = deque()
        try:
            for tag, studies in batches:
                ahead.append((tag, pool.submit(_read, readers.name, readers.device, studies)))
                if len(ahead) > readers.processes:
                    done, future = ahead.popleft()
                    yield done, future.result()
            for done, future in ahead:
                yield done, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@cache
def _engine(name: str, device: str | None) -> Engine:
    """The engine of a reading process. The parent has already reported if it is not promoted."""
    # Before torch is imported: each process uses one core.
    os.environ["OMP_NUM_THREADS"] = "1"
    return load_engine(name, device=device, unpromoted=True)


def _read(name: str, device: str | None, studies: Sequence[StudyInput]) -> list[StudyReadings]:
    return read_studies(_engine(name, device), studies)
