"""Request bodies within a limit: too large ones are refused by their header, or while they are read."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from ingest.http_connections import in_time

_GZIP = 16 + zlib.MAX_WBITS
STEP = 64 * 1024
"""Bytes that are decompressed at once."""

MOST_MEMBERS = 4096
"""The maximum number of members of gzip data: as many blocks as bgzip makes of 256 MB."""

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

    At most `limit` bytes are in memory, and the time grows with the size: a member is not asked for what follows it in
    the whole body, but in the next STEP bytes.

    Raises BodyTooLargeError, BodyDamagedError.
    """
    found, at, view = bytearray(), 0, memoryview(packed)
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            if at >= len(packed):
                raise BodyDamagedError
            piece = view[at : at + STEP]
            try:
                found += member.decompress(piece, limit + 1 - len(found))
            except zlib.error:
                raise BodyDamagedError from None
            if len(found) > limit:
                raise BodyTooLargeError
            at += len(piece) - len(member.unused_data) - len(member.unconsumed_tail)
        if at == len(packed):
            return bytes(found)
    raise BodyDamagedError
