"""Finds data elements of DICOM (PS3.5 chapter 7) without decoding them: the start and end of each value.

pydicom's reader is not used: it logs values, and has no limit on recursion and inflation
(docs/decisions/0130-own-dicom-reader.md). Tests compare the two.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.event_warnings import EventWarning

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
MOST_ELEMENTS = 500_000
"""Elements read in one object, which takes less than a second. The largest reports have about ten thousand."""
DEEPEST = 64
"""The maximum depth of nested sequences. Real reports have up to 8."""

_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""Value representations with a length of four bytes (PS3.5 table 7.1-1)."""
_TAGS = {True: struct.Struct("<HH"), False: struct.Struct(">HH")}
_SHORTS = {True: struct.Struct("<H"), False: struct.Struct(">H")}
_LONGS = {True: struct.Struct("<I"), False: struct.Struct(">I")}


class DamagedError(ValueError):
    """The bytes do not follow PS3.5. The error holds none of them."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of elements: implicit or explicit VR, and byte order."""

    implicit: bool
    little: bool


@dataclass(frozen=True, slots=True)
class Value:
    """The position of a value. A value of undefined length ends after its delimiter."""

    start: int
    end: int
    encoding: Encoding


@dataclass(slots=True)
class Reader:
    """An object's bytes, the number of elements that may still be read, and the warnings so far."""

    raw: bytes
    budget: int = MOST_ELEMENTS
    notes: dict[EventWarning, None] = field(default_factory=dict)

    def elements(
        self, at: int, end: int, encoding: Encoding, tags: frozenset[int], stop: int = UNDEFINED, depth: int = 0
    ) -> tuple[dict[int, Value], int]:
        """The values of these tags, and the end position.

        The end is that of the first tag from `stop` on, or the end of the item.
        """
        found: dict[int, Value] = {}
        if depth > DEEPEST:
            raise DamagedError("sequences are nested too deeply")
        while end - at >= 8:
            tag, vr, start, length = self.header(at, encoding)
            if tag == ITEM_END:
                return found, start
            if tag >= stop:
                return found, at
            inner = Encoding(True, encoding.little) if vr == b"UN" else encoding
            at = self._behind(start, length, end, inner, depth)
            if tag in tags:
                found[tag] = Value(start, at, inner)
        return found, end

    def walk(self, at: int, encoding: Encoding) -> Iterator[tuple[int, bytes, Value]]:
        """Tag, VR (empty if implicit) and value of each element of the data set, not of those within sequences."""
        while len(self.raw) - at >= 8:
            tag, vr, start, length = self.header(at, encoding)
            inner = Encoding(True, encoding.little) if vr == b"UN" else encoding
            at = self._behind(start, length, len(self.raw), inner, 0)
            yield tag, vr, Value(start, at, inner)

    def header(self, at: int, encoding: Encoding) -> tuple[int, bytes, int, int]:
        """Tag, VR, start of the value, and its length."""
        self.budget -= 1
        if self.budget < 0:
            raise DamagedError("the object has too many elements")
        raw, little = self.raw, encoding.little
        try:
            group, element = _TAGS[little].unpack_from(raw, at)
            vr = raw[at + 4 : at + 6]
            # Some writers switch to implicit VR inside sequences.
            if group == 0xFFFE or encoding.implicit or not (vr.isalpha() and vr.isupper()):
                return group << 16 | element, b"", at + 8, _LONGS[little].unpack_from(raw, at + 4)[0]
            if vr in _LONG:
                return group << 16 | element, vr, at + 12, _LONGS[little].unpack_from(raw, at + 8)[0]
            return group << 16 | element, vr, at + 8, _SHORTS[little].unpack_from(raw, at + 6)[0]
        except struct.error:
            raise DamagedError("the object ends within an element") from None

    def items(self, value: Value, tags: frozenset[int]) -> Iterator[dict[int, Value]]:
        """The values of these tags in each item of a sequence."""
        at = value.start
        while value.end - at >= 8:
            tag, _, start, length = self.header(at, value.encoding)
            if tag != ITEM:
                return
            end = value.end if length == UNDEFINED else start + length
            if end > value.end:
                raise DamagedError("the object ends within an item")
            found, behind = self.elements(start, end, value.encoding, tags)
            yield found
            at = behind if length == UNDEFINED else end

    def _behind(self, start: int, length: int, end: int, encoding: Encoding, depth: int) -> int:
        """The end position of a value."""
        if length != UNDEFINED:
            if start + length > end:
                raise DamagedError("the object ends within a value")
            return start + length
        at = start
        while True:
            tag, _, inside, size = self.header(at, encoding)
            if tag == SEQUENCE_END:
                return inside
            if tag != ITEM:
                raise DamagedError("a sequence has an element that is not an item")
            if size == UNDEFINED:
                _, at = self.elements(inside, end, encoding, frozenset(), depth=depth + 1)
            else:
                at = inside + size
            if at >= end:
                raise DamagedError("the object ends within a sequence")
