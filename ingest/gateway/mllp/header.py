"""The fields of a message's header that its answer needs, read from arbitrary bytes. Pure.

Values are returned unchanged, and the answer has the message's MSH-18.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

HEADERS = (b"MSH", b"FHS", b"BHS")
ENCODING = rb"^~\&"

_LIMIT = 8192
_LINE_END = re.compile(rb"[\r\n]")
_VALUE_LIMIT = 256
_PADDING = b"\xef\xbb\xbf\r\n\t \0"
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ENCODING = re.compile(rb"[!-/:-@\[-`{-~]{1,5}")


@dataclass(frozen=True, slots=True)
class Header:
    """A header segment (MSH, FHS or BHS). `fields[n]` is field n; the separator counts as field 1."""

    name: bytes
    separator: bytes
    fields: tuple[bytes, ...]

    @property
    def encoding(self) -> bytes:
        """The encoding characters, the usual ones if they can't be used."""
        return _encoding(self.fields[2] if len(self.fields) > 2 else b"", self.separator)

    def field(self, number: int) -> bytes:
        """Field `number` without control characters, truncated for answers."""
        value = self.fields[number] if number < len(self.fields) else b""
        # Most are empty or one word.
        return value if not value or (value.isalnum() and len(value) <= _VALUE_LIMIT) else _clean(value)

    def part(self, number: int, component: int) -> bytes:
        """A component of a field's first repetition."""
        first = self.field(number).split(self.encoding[1:2])[0] if len(self.encoding) > 1 else self.field(number)
        parts = first.split(self.encoding[:1])
        return parts[component - 1].strip() if component <= len(parts) else b""


@lru_cache(maxsize=64)
def _encoding(given: bytes, separator: bytes) -> bytes:
    usable = _ENCODING.fullmatch(given) and len({*given, *separator}) == len(given) + 1
    return given if usable else ENCODING


def _clean(value: bytes) -> bytes:
    return _CONTROL.sub(b"", value)[:_VALUE_LIMIT].strip()


def read_header(content: bytes) -> Header | None:
    """The header at the beginning of a message; None if there is no usable one."""
    start = content[:_LIMIT].lstrip(_PADDING)
    segment = _LINE_END.split(start, maxsplit=1)[0]
    separator = segment[3:4]
    if segment[:3] not in HEADERS or not separator or separator.isalnum() or separator.isspace() or separator < b"!":
        return None
    name, *fields = segment.split(separator, 30)
    return Header(name, separator, (name, separator, *fields))
