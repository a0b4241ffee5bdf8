"""Splits a stream of bytes into frames, however it is chunked. Pure.

A frame is VT, a message, FS CR. Senders make known errors, and a possible report is never skipped: - Bytes before VT
are ignored, unless they end in FS CR: then the VT was forgotten. - VT is a line break in texts from word processors:
inside a frame it begins another one only before a header segment. The open frame then lacks its end, and may be
truncated. - FS ends a frame before CR, LF or VT; elsewhere it is text.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

HEAD = 65_536
"""Bytes kept of a message that is too large: more than a header has."""

_FS = 0x1C
_END = re.compile(rb"\x1c(?:[\r\n]|(?=\x0b))")
_BEGUN = re.compile(rb"\x0b[ \t\r\n]*\Z")
_OPENING = re.compile(rb"\x0b[\r\n]*(?=(?:MSH|BHS|FHS)[^\w\s])")
_NOT_BLANK = re.compile(rb"[^ \t\n\r\x0b\f]")
_HTTP = re.compile(rb"\s*(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) (?:/|\*|https?:)")
_MESSAGE = re.compile(rb"[\r\n]*(?:MSH|BHS|FHS)[^\w\s]")


def is_http(first: bytes) -> bool:
    """Whether the first bytes of a connection are those of an HTTP request.

    Every web page can let a browser post a text to any address that the browser reaches. A frame in that text would be
    received as a report.
    """
    return _HTTP.match(first) is not None


class Flaw(Enum):
    """Errors of a frame."""

    UNENDED = auto()
    BLANK = auto()
    """The frame is empty."""
    TOO_LARGE = auto()


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, without VT, FS and CR.

    If it is too large, `content` is only its beginning; `size` and `digest` (SHA-256 in hex) refer to the whole.
    """

    content: bytes
    flaw: Flaw | None = None
    size: int = 0
    digest: str = ""


@dataclass(slots=True)
class _Large:
    """A message over the limit: its beginning, and the number and digest of all its bytes."""

    head: bytes
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.hash.update(chunk)


class Framing:
    """The stream of one connection. A message has at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._large: _Large | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is an incomplete message."""
        return self._large is not None or _NOT_BLANK.search(self._buffer) is not None

    @property
    def waits_for_cr(self) -> bool:
        """Whether the last received byte is FS."""
        return bool(self._buffer) and self._buffer[-1] == _FS

    def feed(self, chunk: bytes) -> list[Frame]:
        """Add received bytes. Returns the frames that they complete, in order."""
        self._buffer += chunk
        frames: list[Frame] = []
        while end := _END.search(self._buffer, max(self._searched - 1, 0)):
            with memoryview(self._buffer) as held:
                content = bytes(held[: end.start()])
            frames += self._complete(content)
            del self._buffer[: end.end()]
            self._searched = 0
        self._searched = len(self._buffer)
        if self._large or len(self._buffer) > self._limit:
            self._spill()
        return frames

    def end(self) -> list[Frame]:
        """End the stream. FS without CR counts as an end; otherwise the last message is incomplete."""
        left, whole = bytes(self._buffer), self.waits_for_cr
        self._buffer.clear()
        self._searched = 0
        frames = self._complete(left[:-1] if whole else left)
        if not whole:
            frames = [frame for frame in frames if frame.flaw is not Flaw.BLANK]
        return frames if whole else [*frames[:-1], *(Frame(last.content, Flaw.UNENDED) for last in frames[-1:])]

    def _complete(self, content: bytes) -> list[Frame]:
        if self._large is None:
            return _frames(content)
        large, self._large = self._large, None
        large.add(content)
        return [Frame(large.head, Flaw.TOO_LARGE, large.size, large.hash.hexdigest())]

    def _spill(self) -> None:
        """Hash the bytes that are too many to keep; the last byte may be the FS of the end."""
        held = bytes(self._buffer[:-1])
        del self._buffer[:-1]
        self._searched = 0
        if self._large is None:
            opening = _OPENING.search(held)
            held = held[opening.end() :] if opening else held
            self._large = _Large(held[:HEAD])
        self._large.add(held)


def _frames(content: bytes) -> list[Frame]:
    """The messages before an end: the last one is complete, the others lack their ends."""
    before, *opened = _OPENING.split(content)
    if not opened:
        before, mark, rest = content.partition(b"\x0b")
        before, opened = (before, [rest]) if mark and not _MESSAGE.match(before) else (b"", [content])
    lost = [part for part in (before, *opened[:-1]) if _MESSAGE.match(part)]
    found = [Frame(part, Flaw.UNENDED) for part in lost]
    if opened[-1].strip():
        return [*found, Frame(opened[-1])]
    return [*found, Frame(b"", Flaw.BLANK)] if _BEGUN.search(content) else found
