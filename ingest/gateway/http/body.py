"""Request bodies within a limit: too large ones are refused by their header, or while they are read."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from ingest.http_connections import in_time

_GZIP = 16 + zlib.MAX_WBITS
CODINGS = frozenset({"", "identity", "gzip", "x-gzip"})
"""Supported Content-Encodings."""


class BodyTooLargeError(ValueError):
    """The body is longer than its limit."""


class BodyDamagedError(ValueError):
    """The body does not match its Content-Encoding."""


async def stream_of(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces. Raises BodyTooLargeError, and ClientDisconnect if it ends early or comes too slowly."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLargeError
    taken = 0
    try:
        async for chunk in in_time(request.stream()):
            taken += len(chunk)
            if taken > limit:
                raise BodyTooLargeError
            yield chunk
    except TimeoutError:
        raise ClientDisconnect from None


async def whole_of(request: Request, limit: int) -> bytes:
    """The body in one piece, decompressed if necessary. Raises BodyTooLargeError, BodyDamagedError."""
    raw = b"".join([chunk async for chunk in stream_of(request, limit)])
    if coding_of(request) not in {"gzip", "x-gzip"}:
        return raw
    return await asyncio.to_thread(unpacked, raw, limit)


def coding_of(request: Request) -> str:
    """The Content-Encoding in lower case; empty if there is none."""
    return request.headers.get("content-encoding", "").strip().lower()


def unpacked(packed: bytes, limit: int) -> bytes:
    """The decompressed content of gzip data (RFC 1952) with one or several members.

    At most `limit` bytes are in memory.

    Raises BodyTooLargeError, BodyDamagedError.
    """
    found = bytearray()
    while packed:
        member = zlib.decompressobj(_GZIP)
        try:
            found += member.decompress(packed, limit + 1 - len(found))
        except zlib.error:
            raise BodyDamagedError from None
        if len(found) > limit:
            raise BodyTooLargeError
        if not member.eof:
            raise BodyDamagedError
        packed = member.unused_data
    return bytes(found)
