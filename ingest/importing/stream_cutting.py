"""Cut a stream of any length into messages, with at most one message in memory."""

import hashlib
import re
from collections.abc import Iterator
from typing import Protocol

from ingest.formats.cleaning import RAW_LIMIT

_BLOCK = 256 * 1024
_HOLD = 8
"""Bytes held back at the end of a block: the longest look-ahead of a boundary's pattern."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...


class Piece:
    """One message's bytes. Above `limit` they are only counted and hashed."""

    def __init__(self, limit: int = RAW_LIMIT) -> None:
        self.size = 0
        self._limit = limit
        self._chunks: list[bytes] = []
        self._hash = hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        """Append to the piece."""
        self.size += len(chunk)
        self._hash.update(chunk)
        if self.whole:
            self._chunks.append(chunk)
        else:
            self._chunks.clear()

    @property
    def whole(self) -> bool:
        """Whether all bytes are in memory."""
        return self.size <= self._limit

    @property
    def raw(self) -> bytes:
        """The bytes of a complete piece."""
        return b"".join(self._chunks)

    @property
    def digest(self) -> str:
        """SHA-256 in hex of all bytes, complete or not."""
        return self._hash.hexdigest()


def read_piece(stream: Readable, limit: int = RAW_LIMIT) -> Piece:
    """The whole stream as one piece."""
    piece = Piece(limit)
    while block := stream.read(_BLOCK):
        piece.add(block)
    return piece


def cut(stream: Readable, boundary: re.Pattern[bytes]) -> Iterator[Piece]:
    """Cut the stream where `boundary` matches: an empty match that looks one byte back and less than _HOLD ahead."""
    piece, data, position = Piece(), b"", 0
    while True:
        block = stream.read(_BLOCK)
        # One byte before the position is kept for the boundary's look-behind.
        data, position = data[max(position - 1, 0) :] + block, min(position, 1)
        end = max(position, len(data) - _HOLD) if block else len(data)
        for match in boundary.finditer(data, position):
            if match.start() > end:
                break
            piece.add(data[position : match.start()])
            position = match.start()
            if piece.size:
                yield piece
                piece = Piece()
        piece.add(data[position:end])
        position = end
        if not block:
            break
    if piece.size:
        yield piece
