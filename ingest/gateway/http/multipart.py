"""Streaming reader of multipart/related (RFC 2387): one part at a time is in memory, within a size limit."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message

_HEADERS = 16 * 1024
"""The maximum bytes of a part's headers, and of the preamble before the first part."""


class MalformedError(ValueError):
    """The body is not a multipart with this boundary."""


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
    """The parts of a body, in order. Lines may end in CR LF, or all in LF. Raises MalformedError, PartTooLargeError."""
    delimiter = b"\n--" + boundary.encode("latin-1", "replace")
    # The first delimiter may stand at the very start.
    buffer, searched, inside, line_end = bytearray(b"\r\n"), 0, False, b"\r\n"
    async for chunk in stream:
        buffer += chunk
        while (at := buffer.find(delimiter, searched)) >= 0:
            behind = at + len(delimiter)
            end = buffer.find(b"\n", behind)
            closing = buffer[behind : behind + 2] == b"--"
            if end < 0 and not closing:
                break
            if inside:
                yield _part(bytes(buffer[: _before(buffer, at, line_end)]), line_end)
            if closing:
                return
            if not inside:
                line_end = b"\r\n" if buffer[end - 1 : end] == b"\r" else b"\n"
            # Keep the line's end: a part without headers begins with an empty line.
            del buffer[: _before(buffer, end, line_end)]
            searched, inside = 0, True
        else:
            searched = max(0, len(buffer) - len(delimiter))
        if len(buffer) > (limit if inside else 0) + _HEADERS:
            raise PartTooLargeError("a part is too large")
    raise MalformedError("the body ends before its last boundary")


def _before(buffer: bytearray, at: int, line_end: bytes) -> int:
    """The start of the line end whose LF is at `at`."""
    return at - 1 if line_end == b"\r\n" and at and buffer[at - 1 : at] == b"\r" else at


def _part(raw: bytes, line_end: bytes) -> Part:
    headers, found, content = raw.partition(line_end * 2)
    if not found or len(headers) > _HEADERS:
        raise MalformedError("the headers of a part do not end")
    lines = (line.partition(":") for line in headers.decode("latin-1").splitlines())
    named = {name.strip().lower(): value.strip() for name, _, value in lines}
    if named.get("content-transfer-encoding", "").lower() == "base64":
        try:
            content = base64.b64decode(content)
        except ValueError:
            raise MalformedError("a part is not base64, as its header states") from None
    return Part(media_type(named.get("content-type", "")).name, content)
