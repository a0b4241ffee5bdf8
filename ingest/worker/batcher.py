"""Many threads, one engine: studies that wait are read together.

The batcher is an engine itself. Whoever calls `read` waits for its own studies; one thread takes what all of them have
brought, as many as fit into a batch, and gives it to the engine. A batch that fails is halved, down to the single study
that fails alone: its caller gets the error, the others their readings. Where the device's memory did not suffice, later
batches are smaller too. A call that never ends can't be stopped from within: then the process ends itself.
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

from vlmkg.errors import DeviceMemoryError, VlmkgError
from vlmkg.reading import Engine, FilmDomain, StudyInput, StudyOutput

HUNG = 70
"""The exit code of a process whose engine hung: whoever started it starts another."""

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


def _leave() -> None:
    os._exit(HUNG)


class Batcher:
    """An engine for many threads. `hung` is what happens when the engine does not come back; it ends the process."""

    def __init__(self, engine: Engine, limits: BatchLimits, hung: Callable[[], object] = _leave) -> None:
        self._engine = engine
        self._limits = limits
        self._hung = hung
        self._asked: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
        self._most = limits.most
        self._fitted = 0
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
            self._read(self._gather())

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

    def _read(self, batch: Sequence[_Asked]) -> None:
        try:
            outputs = self._call([one.study for one in batch])
        except VlmkgError as error:
            if error.retryable:
                self._fail(batch, error)
            else:
                self._less(len(batch), error)
                self._halve(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever one study provokes in an engine must not stop the others
            self._halve(batch, error)
        else:
            for one, output in zip(batch, outputs, strict=True):
                one.answer.set_result(output)
            self._more(len(batch))

    def _call(self, studies: list[StudyInput]) -> list[StudyOutput]:
        self._began = time.monotonic()
        try:
            outputs = self._engine.read(studies)
        finally:
            self._began = None
        if len(outputs) != len(studies):
            raise ValueError(f"the engine gave {len(outputs)} outputs for {len(studies)} studies")
        return outputs

    def _halve(self, batch: Sequence[_Asked], error: Exception) -> None:
        if len(batch) == 1:
            self._fail(batch, error)
            return
        middle = len(batch) // 2
        self._read(batch[:middle])
        self._read(batch[middle:])

    @staticmethod
    def _fail(batch: Sequence[_Asked], error: Exception) -> None:
        for one in batch:
            one.answer.set_exception(error)

    def _less(self, size: int, error: VlmkgError) -> None:
        if isinstance(error, DeviceMemoryError) and size > 1:
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
                self._hung()
                return
