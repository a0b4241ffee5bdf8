"""Request bodies within a limit: refused before they are read where the header tells, else while they come."""

from collections.abc import AsyncIterator

from starlette.requests import Request


class BodyTooLargeError(ValueError):
    """The body is longer than its limit."""


async def stream_of(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces. Raises BodyTooLargeError."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLargeError
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > limit:
            raise BodyTooLargeError
        yield chunk


async def whole_of(request: Request, limit: int) -> bytes:
    """The body in one piece. Raises BodyTooLargeError."""
    return b"".join([chunk async for chunk in stream_of(request, limit)])
