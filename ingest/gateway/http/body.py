"""Request bodies within a limit: refused before they are read where the header tells, else while they come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.requests import ClientDisconnect, Request

STALL_S = 30.0
"""A body of which nothing comes for so long is given up."""


class BodyTooLargeError(ValueError):
    """The body is longer than its limit."""


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
    """The body in one piece. Raises BodyTooLargeError."""
    return b"".join([chunk async for chunk in stream_of(request, limit)])
