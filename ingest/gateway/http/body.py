"""Request bodies within a limit: refused before they are read where the header tells, else while they come."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.requests import ClientDisconnect, Request

STALL_S = 30.0
"""A body of which nothing comes for so long is given up."""

_GZIP = 16 + zlib.MAX_WBITS
CODINGS = frozenset({"", "identity", "gzip", "x-gzip"})
"""Content-Encodings that are unpacked."""


class BodyTooLargeError(ValueError):
    """The body is longer than its limit."""


class BodyDamagedError(ValueError):
    """The body is not what its Content-Encoding says."""


async def stream_of(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces. Raises BodyTooLargeError, and ClientDisconnect where it ends early or stops."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLargeError
    taken, stream = 0, request.stream()
    while (chunk := await _next(stream)) is not None:
        taken += len(chunk)
        if taken > limit:
            raise BodyTooLargeError
        yield chunk


async def _next(stream: AsyncGenerator[bytes, None]) -> bytes | None:
    """The next piece; None at the end."""
    try:
        return await asyncio.wait_for(anext(stream, None), STALL_S)
    except TimeoutError:
        raise ClientDisconnect from None


async def whole_of(request: Request, limit: int) -> bytes:
    """The body in one piece, unpacked where it is packed. Raises BodyTooLargeError, BodyDamagedError."""
    raw = b"".join([chunk async for chunk in stream_of(request, limit)])
    if coding_of(request) not in {"gzip", "x-gzip"}:
        return raw
    return await asyncio.to_thread(unpacked, raw, limit)


def coding_of(request: Request) -> str:
    """The Content-Encoding in lower case; empty where there is none."""
    return request.headers.get("content-encoding", "").strip().lower()


def unpacked(packed: bytes, limit: int) -> bytes:
    """What gzip (RFC 1952) had packed, of one or several members. It is never longer than `limit` in memory.

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
