"""Many threads, one engine: studies that wait are read together.

The batcher is an engine itself. Whoever calls `read` waits for its own studies; one thread takes what all of them have
brought, as many as fit into a batch, and gives it to the engine. A batch that fails is halved, down to the single study
that fails alone: its caller gets the error, the others their readings. Where the device's memory did not suffice, later
batches are smaller too.

A call that never ends can't be stopped from within, and after some faults of a device every call fails until the
process has ended. Then the process ends itself, before anybody's report is blamed: whoever started it starts another.
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
"""The exit code of a process whose engine hung or fails whatever it is given: whoever started it starts another."""

BROKEN_AFTER = 8
"""Studies that fail in a row, with none read between, until the fault is the engine's and not theirs."""

GROW_AFTER = 64
"""Full batches that must fit before twice as many studies are tried again, after the memory did not suffice."""

LOOK_EVERY_S = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """`most` studies a batch; its first waits `wait` for others; a call that lasts longer than `hung_after` hangs."""

    most: int = 16
    wait: timedelta = timedelta(milliseconds=20)
    hung_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Asked:
    study: StudyInput
    answer: Future[StudyOutput]


Result = StudyOutput | BaseException


def _leave() -> None:
    os._exit(BROKEN)


class Batcher:
    """An engine for many threads. `ended` is what happens when the engine is of no use any more: the process ends."""

    def __init__(self, engine: Engine, limits: BatchLimits, ended: Callable[[], object] = _leave) -> None:
        self._engine = engine
        self._limits = limits
        self._ended = ended
        self._asked: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._most = limits.most
        self._fitted = self._failed = 0
        self._began: float | None = None
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
    def most(self) -> int:
        """How many studies go into a batch now."""
        return self._most

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        """One output for each study, in the same order. Raises what the engine raised for the first that failed."""
        asked = [_Asked(study, Future()) for study in studies]
        for one in asked:
            self._asked.put(one)
        return [one.answer.result() for one in asked]

    def _serve(self) -> None:
        while True:
            batch = self._gather()
            results = each_result([one.study for one in batch], self._call, self._less)
            if self._is_broken(results):
                log.error("the engine fails whatever it is given", kind=type(results[-1]).__name__)
                self._ended()
                return
            for one, result in zip(batch, results, strict=True):
                if isinstance(result, BaseException):
                    one.answer.set_exception(result)
                else:
                    one.answer.set_result(result)

    def _is_broken(self, results: Sequence[Result]) -> bool:
        """Whether too many studies in a row have failed. Errors that name their cause are not counted."""
        if all(isinstance(result, BaseException) and not isinstance(result, VlmkgError) for result in results):
            self._failed += len(results)
        else:
            self._failed = 0
        return self._failed >= BROKEN_AFTER

    def _gather(self) -> list[_Asked]:
        """The next batch: full, or all that came until its first study had waited long enough."""
        batch = [self._asked.get()]
        until = time.monotonic() + self._limits.wait.total_seconds()
        while len(batch) < self._most:
            try:
                batch.append(self._asked.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                break
        return batch

    def _call(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        self._began = time.monotonic()
        try:
            outputs = self._engine.read(studies)
        finally:
            self._began = None
        if len(outputs) != len(studies):
            raise ValueError(f"the engine gave {len(outputs)} outputs for {len(studies)} studies")
        self._more(len(studies))
        return outputs

    def _less(self, size: int, error: Exception) -> None:
        if isinstance(error, DeviceMemoryError):
            self._most, self._fitted = size // 2, 0
            log.warning("the device's memory did not suffice", studies=size, next_batches=self._most)

    def _more(self, size: int) -> None:
        """After many full batches try larger ones again: it may have been one long report, or another's memory."""
        self._fitted += size == self._most
        if self._most < self._limits.most and self._fitted >= GROW_AFTER:
            self._most, self._fitted = min(self._most * 2, self._limits.most), 0

    def _watch(self) -> None:
        limit = self._limits.hung_after.total_seconds()
        while True:
            time.sleep(min(LOOK_EVERY_S, limit / 4))
            began = self._began
            if began is not None and time.monotonic() - began > limit:
                log.error("the engine hangs", seconds=limit)
                self._ended()
                return
