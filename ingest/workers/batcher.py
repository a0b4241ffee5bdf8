"""One engine for many threads: waiting studies are read together.

The batcher is itself an engine. A caller of `read` waits for its own studies; one thread takes the studies of all
callers, as many as fit into a batch, and gives them to the engine. A failing batch is halved, down to the single study
that fails alone: its caller gets the error, the others their readings. If the device ran out of memory, later batches
are smaller too.

A call that does not return can't be stopped, and after some device errors every call fails until the process ends.
Then the process ends itself, before a report is blamed for it; its parent starts another.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta

import structlog

from ingest.isolation import each_result
from vlmkg.engine_protocol import Engine, FilmDomain, Lead, StudyInput, StudyOutput
from vlmkg.errors import DeviceMemoryError, VlmkgError

BROKEN = 70
"""The exit code of a process whose engine hung or fails on every input. Its parent starts another."""

BROKEN_AFTER = 8
"""After this number of failing studies in a row the engine is at fault, not the studies."""

GROW_AFTER = 64
"""After a lack of memory: number of full batches before twice as many studies are tried again."""

LOOK_EVERY_S = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """`most` studies per batch; the first waits `wait` for others; a call longer than `hung_after` counts as hung."""

    most: int = 16
    wait: timedelta = timedelta(milliseconds=20)
    hung_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Asked:
    study: StudyInput
    answer: Future[StudyOutput]


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """What an engine has read since its process began."""

    studies: int = 0
    batches: int = 0
    seconds: float = 0.0


Result = StudyOutput | BaseException


def _leave() -> None:
    os._exit(BROKEN)


class Batcher:
    """An engine for many threads. `ended` is called when the engine can't be used any more: it ends the process."""

    def __init__(self, engine: Engine, limits: BatchLimits, ended: Callable[[], object] = _leave) -> None:
        self._engine = engine
        self._limits = limits
        self._ended = ended
        self._asked: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._most = limits.most
        self._fitted = self._failed = 0
        self._began: float | None = None
        self._counts = ReadCounts()
        for work in (self._serve, self._watch):
            threading.Thread(target=work, name=f"engine{work.__name__}", daemon=True).start()

    @property
    def name(self) -> str:
        """The engine's."""
        return self._engine.name

    @property
    def checkpoint(self) -> str | None:
        """The engine's."""
        return self._engine.checkpoint

    @property
    def checkpoint_digest(self) -> str | None:
        """The engine's."""
        return self._engine.checkpoint_digest

    @property
    def digest(self) -> str:
        """The engine's."""
        return self._engine.digest

    @property
    def lead(self) -> Lead:
        """The engine's."""
        return self._engine.lead

    @property
    def film_domain(self) -> FilmDomain | None:
        """The engine's."""
        return self._engine.film_domain

    @property
    def counts(self) -> ReadCounts:
        """What was read so far; batches that failed are not counted."""
        return self._counts

    @property
    def most(self) -> int:
        """The present number of studies per batch."""
        return self._most

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order. Raises the engine's error for the first that failed."""
        asked = [_Asked(study, Future()) for study in studies]
        for one in asked:
            self._asked.put(one)
        return [one.answer.result() for one in asked]

    def _serve(self) -> None:
        while True:
            batch = self._gather()
            results = each_result([one.study for one in batch], self._call, self._less)
            if self._is_broken(results):
                log.error("the engine fails on every input", kind=type(results[-1]).__name__)
                self._ended()
                return
            for one, result in zip(batch, results, strict=True):
                if isinstance(result, BaseException):
                    one.answer.set_exception(result)
                else:
                    one.answer.set_result(result)

    def _is_broken(self, results: Sequence[Result]) -> bool:
        """Whether too many studies in a row have failed. Errors of this project are not counted."""
        if all(isinstance(result, BaseException) and not isinstance(result, VlmkgError) for result in results):
            self._failed += len(results)
        else:
            self._failed = 0
        return self._failed >= BROKEN_AFTER

    def _gather(self) -> list[_Asked]:
        """The next batch: full, or all studies that arrived until the first one had waited long enough."""
        batch = [self._asked.get()]
        until = time.monotonic() + self._limits.wait.total_seconds()
        while len(batch) < self._most:
            try:
                batch.append(self._asked.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                break
        return batch

    def _call(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        began = self._began = time.monotonic()
        try:
            outputs = self._engine.read(studies)
        finally:
            self._began = None
        if len(outputs) != len(studies):
            raise ValueError(f"the engine gave {len(outputs)} outputs for {len(studies)} studies")
        self._more(len(studies))
        # Written by one thread, read by others: a whole object takes the place of another.
        so_far = self._counts
        self._counts = ReadCounts(
            so_far.studies + len(studies), so_far.batches + 1, so_far.seconds + time.monotonic() - began
        )
        return outputs

    def _less(self, size: int, error: Exception) -> None:
        if isinstance(error, DeviceMemoryError):
            self._most, self._fitted = size // 2, 0
            log.warning("the device ran out of memory", studies=size, next_batches=self._most)

    def _more(self, size: int) -> None:
        """After many full batches try larger ones: the cause may have been one long report or another process."""
        self._fitted += size == self._most
        if self._most < self._limits.most and self._fitted >= GROW_AFTER:
            self._most, self._fitted = min(self._most * 2, self._limits.most), 0

    def _watch(self) -> None:
        limit = self._limits.hung_after.total_seconds()
        while True:
            time.sleep(min(LOOK_EVERY_S, limit / 4))
            began = self._began
            if began is not None and time.monotonic() - began > limit:
                log.error("the engine does not return", seconds=limit)
                self._ended()
                return
