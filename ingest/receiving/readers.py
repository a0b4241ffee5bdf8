"""Reading large messages in processes of their own, so that they delay nobody but their sender.

Python's lock is one for a process: a regular expression over 15 MB holds it for a second, and everybody waits. A few
processes are started when the first large message comes, and kept. One that dies, or takes too long or too much memory,
is replaced; its message is refused (`reading_failed`), and the door goes on.
"""

import contextlib
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, cast

import structlog

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.settings import FormatSettings
from ingest.ledger.studies.message_facts import NewEvent
from ingest.receiving.reader_process import ReaderLimits, Task, read_frame, write_frame
from ingest.receiving.submit import ReceivedMessage, is_row, refused

NUMBER = 2
"""Processes: more than one, so that a slow message of one sender does not hold up a large one of another."""

TRIES = 2
"""A process may have been killed from outside: the message is tried once more in a new one."""

SLOWNESS = 10
"""So much longer than its CPU time a message may take where other work shares the cores."""

START_S = 60.0
"""Seconds that an answer may take at least: the first one takes as long as the process takes to start."""

log = structlog.get_logger()


class _LostError(Exception):
    """The process ended, or did not answer in time."""


@dataclass(slots=True)
class _Process:
    """A running process, and how long it may take for an answer."""

    child: subprocess.Popen[bytes]
    patience_s: float

    def read(self, task: Task, raw: bytes) -> NewEvent:
        try:
            write_frame(cast(IO[bytes], self.child.stdin), task, raw)
            answer = _Answer(cast(IO[bytes], self.child.stdout), time.monotonic() + self.patience_s)
            event, _ = read_frame(cast(IO[bytes], answer))
        except (OSError, EOFError) as error:
            self.end()
            raise _LostError from error
        return cast(NewEvent, event)

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


@dataclass(slots=True)
class _Answer:
    """A pipe from which is read until a time. Raises TimeoutError after it."""

    pipe: IO[bytes]
    until: float

    def read(self, size: int) -> bytes:
        found = bytearray()
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN | select.POLLHUP)
        while len(found) < size:
            left = self.until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError
            step = os.read(self.pipe.fileno(), size - len(found))
            if not step:
                break
            found += step
        return bytes(found)


@dataclass(slots=True)
class Readers:
    """The processes of one gateway. `read` may be called by several threads: each waits for a process that is free."""

    formats: FormatSettings
    key: bytes
    limits: ReaderLimits = field(default_factory=ReaderLimits)
    number: int = NUMBER
    _free: "queue.LifoQueue[_Process | None]" = field(init=False)
    _running: set[int] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._free = queue.LifoQueue()
        for _ in range(self.number):
            self._free.put(None)

    def read(self, message: ReceivedMessage, received_at: datetime) -> NewEvent:
        """The event of a message, as `ingest.receiving.submit.interpret` gives it."""
        task = Task(message.format, message.origin, received_at)
        for _ in range(TRIES):
            with self._process() as process:
                try:
                    event = process.read(task, message.raw)
                except _LostError:
                    code = process.child.returncode
                    log.warning("reader.lost", format=message.format.value, size=len(message.raw), code=code)
                    continue
                return replace(event, raw=message.raw if is_row(message) else None)
        detail = "reading it took too long or too much memory, or its process was killed twice"
        return refused(message, MessageRefusedError(Reason.READING_FAILED, detail))

    @property
    def pids(self) -> frozenset[int]:
        """The processes that run."""
        with self._lock:
            return frozenset(self._running)

    def close(self) -> None:
        """End the processes that are free. The others end with their input, at the latest when this process ends."""
        with contextlib.suppress(queue.Empty):
            while True:
                if process := self._free.get_nowait():
                    self._gone(process)

    @contextlib.contextmanager
    def _process(self) -> Iterator[_Process]:
        """A free process, started if there is none. One that ended is not used again."""
        process = self._free.get()
        try:
            if process is None or process.child.poll() is not None:
                process = self._start(process)
            yield process
        finally:
            if process is not None and process.child.poll() is not None:
                self._gone(process)
                process = None
            self._free.put(process)

    def _start(self, former: _Process | None) -> _Process:
        if former:
            self._gone(former)
        # Signals to the gateway's group are the gateway's: what it has in hand is read to its end.
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.receiving.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        with self._lock:
            self._running.add(child.pid)
        with contextlib.suppress(OSError):
            write_frame(cast(IO[bytes], child.stdin), (self.formats, self.key, self.limits))
        return _Process(child, max(self.limits.cpu_s * SLOWNESS, START_S))

    def _gone(self, process: _Process) -> None:
        process.end()
        with self._lock:
            self._running.discard(process.child.pid)
