"""multipart/related (RFC 2387) read while it comes: one part at a time is in memory, none is longer than its limit."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message

_HEADERS = 16 * 1024
"""Bytes of a part's headers. What stands before the first part may be as long."""


class MalformedError(ValueError):
    """The body is no multipart of that boundary."""


class PartTooLargeError(ValueError):
    """A part is longer than its limit."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its media type in lower case, without parameters, and its bytes."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type: the type in lower case, and its parameters by lower-case name."""

    name: str
    parameters: dict[str, str]


def media_type(header: str) -> MediaType:
    """Read a Content-Type header (RFC 9110 8.3). An absent one has an empty name."""
    message = Message()
    message["Content-Type"] = header.replace("\r", " ").replace("\n", " ")
    found = message.get_params(failobj=[]) or [("", "")]
    return MediaType(found[0][0].strip().lower(), {name.lower(): str(value) for name, value in found[1:]})


async def read_parts(stream: AsyncIterator[bytes], boundary: str, limit: int) -> AsyncIterator[Part]:
    """The parts of a body, in order. Raises MalformedError, PartTooLargeError."""
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    # The first delimiter may stand at the very start.
    buffer, searched, inside = bytearray(b"\r\n"), 0, False
    async for chunk in stream:
        buffer += chunk
        while (at := buffer.find(delimiter, searched)) >= 0:
            line_end = buffer.find(b"\r\n", at + len(delimiter))
            closing = buffer[at + len(delimiter) :].startswith(b"--")
            if line_end < 0 and not closing:
                break
            if inside:
                yield _part(bytes(buffer[:at]))
            if closing:
                return
            del buffer[:line_end]
            searched, inside = 0, True
        else:
            searched = max(0, len(buffer) - len(delimiter))
        if len(buffer) > (limit if inside else 0) + _HEADERS:
            raise PartTooLargeError("a part is too long")
    raise MalformedError("the body ends before its last boundary")


def _part(raw: bytes) -> Part:
    headers, found, content = raw.partition(b"\r\n\r\n")
    if not found or len(headers) > _HEADERS:
        raise MalformedError("a part has no end of its headers")
    lines = (line.partition(":") for line in headers.decode("latin-1").split("\r\n"))
    kind = next((value for name, _, value in lines if name.strip().lower() == "content-type"), "")
    return Part(media_type(kind).name, content)
