"""A process that reads large messages for the gateway (ingest.receiving.readers).

Its input and output are pipes. The first frame holds how to read and the limits, each further one a message; each
message is answered by its event. It ends with its input. It ends itself beyond its limits of CPU time: a signal does
that even within a call of C code.
"""

import os
import pickle
import resource
import signal
import struct
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

from ingest.formats.origin import Format, Origin
from ingest.formats.settings import FormatSettings
from ingest.receiving.submit import ReceivedMessage, interpret_here
from vlmkg.logs import configure_logging

LENGTHS = struct.Struct("<QQ")
"""Bytes of a frame's head (pickled) and of its raw message. An answer has no raw message."""

NICENESS = 5
"""The gateway's own process, which acknowledges, goes first."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What one message may take: seconds of CPU, and bytes of address space of the whole process."""

    cpu_s: float = 30.0
    memory: int = 1536 << 20


@dataclass(frozen=True, slots=True)
class Task:
    """A message without its bytes, and when it was received."""

    format: Format
    origin: Origin
    received_at: datetime


def main() -> None:
    """Answer messages until the input ends."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Logs of whatever library must not get among the answers.
    os.dup2(2, 1)
    configure_logging()
    os.nice(NICENESS)
    head, _ = read_frame(source)
    formats, key, limits = head
    _answer_all(source, sink, formats, key, limits)


def _answer_all(source: IO[bytes], sink: IO[bytes], formats: FormatSettings, key: bytes, limits: ReaderLimits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            task, raw = read_frame(source)
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)
        event = interpret_here(formats, key, ReceivedMessage(raw, task.format, task.origin), task.received_at)
        signal.setitimer(signal.ITIMER_PROF, 0)
        write_frame(sink, replace(event, raw=None))
        del task, raw, event


def write_frame(sink: IO[bytes], head: Any, raw: bytes = b"") -> None:
    """Send one frame. Raises OSError if the other end is gone."""
    pickled = pickle.dumps(head, pickle.HIGHEST_PROTOCOL)
    for part in (LENGTHS.pack(len(pickled), len(raw)) + pickled, raw):
        view = memoryview(part)
        while view:
            view = view[sink.write(view) :]
    sink.flush()


def read_frame(source: IO[bytes]) -> tuple[Any, bytes]:
    """The next frame: its head, and its raw message. Raises EOFError if the other end is gone."""
    size, raw_size = LENGTHS.unpack(_exactly(source, LENGTHS.size))
    # The other end of the pipe is a process of our own.
    return pickle.loads(_exactly(source, size)), _exactly(source, raw_size)  # noqa: S301


def _exactly(source: IO[bytes], size: int) -> bytes:
    found = source.read(size)
    if len(found) < size:
        raise EOFError
    return found


if __name__ == "__main__":
    main()
