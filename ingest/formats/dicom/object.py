"""A DICOM object. Values are decoded on demand; pixels are never decoded."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import DICOM_LIMIT
from ingest.formats.dicom.charset import DEFAULT, UNKNOWN, CharacterSets, decode, sets_of
from ingest.formats.dicom.elements import UNDEFINED, DamagedError, Encoding, Reader, Value

CHARACTER_SET = 0x00080005
TRANSFER_SYNTAX = 0x00020010
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data."""


@dataclass(frozen=True, slots=True)
class Group:
    """The elements of an object or of a sequence item. `sets` are the character sets of its texts."""

    reader: Reader
    values: Mapping[int, Value]
    sets: CharacterSets
    tags: frozenset[int]

    def raw(self, tag: int) -> bytes:
        """The value's bytes; empty if it is absent."""
        value = self.values.get(tag)
        return self.reader.raw[value.start : value.end] if value else b""

    def text(self, tag: int) -> str:
        """The whole value as text, backslashes included, without padding.

        Warnings about its characters are recorded.
        """
        value = self.raw(tag)
        text, warning = decode(value, self.sets)
        if warning:
            self.reader.notes[warning] = None
        if not self.sets.known and not value.isascii():
            self.reader.notes[UNKNOWN] = None
        return text.strip(" \0")

    def word(self, tag: int) -> str:
        """The first value as text."""
        return self.text(tag).partition("\\")[0].strip()

    def number(self, tag: int) -> int | None:
        """The first value of an unsigned short."""
        value = self.values.get(tag)
        if value is None or value.end - value.start < 2:
            return None
        return int.from_bytes(self.raw(tag)[:2], "little" if value.encoding.little else "big")

    def items(self, tag: int) -> list["Group"]:
        """The items of a sequence; none if it is absent. Raises DamagedError."""
        value = self.values.get(tag)
        return [self._item(found) for found in self.reader.items(value, self.tags)] if value else []

    def first(self, tag: int) -> "Group":
        """The first item of a sequence; an empty one if there is none. Raises DamagedError."""
        return next(iter(self.items(tag)), Group(self.reader, {}, self.sets, self.tags))

    def _item(self, values: Mapping[int, Value]) -> "Group":
        own = Group(self.reader, values, self.sets, self.tags)
        declared = own.raw(CHARACTER_SET)
        return Group(self.reader, values, sets_of(declared), self.tags) if declared else own


@dataclass(frozen=True, slots=True)
class DicomObject:
    """One object. `pixel_digest` is the SHA-256 of its pixel data as encoded, None if it has none."""

    data: Group
    pixel_digest: str | None


def read_object(raw: bytes, tags: frozenset[int]) -> DicomObject:
    """Find these elements in a Part 10 file, with or without its header, or in a bare data set.

    Raises DamagedError for bytes that are not DICOM or are truncated. Refuses (`too_large`) objects that inflate to
    more than DICOM_LIMIT.
    """
    reader, at, syntax = _dataset(raw)
    encoding = _encoding(reader, at, syntax)
    end = len(reader.raw)
    values, pixels_at = reader.elements(at, end, encoding, tags | {CHARACTER_SET}, stop=0x7FE00000)
    if not values:
        raise DamagedError("the object has no known element")
    declared = Group(reader, values, DEFAULT, tags).raw(CHARACTER_SET)
    data = Group(reader, values, sets_of(declared) if declared else DEFAULT, tags | {CHARACTER_SET})
    return DicomObject(data, _pixel_digest(reader, pixels_at, encoding))


def words_of(raw: bytes, tags: tuple[int, ...]) -> tuple[str, ...]:
    """The first values of these tags, without reading past the last of them. Raises the errors of `read_object`."""
    reader, at, syntax = _dataset(raw)
    encoding = _encoding(reader, at, syntax)
    values, _ = reader.elements(at, len(reader.raw), encoding, frozenset(tags), stop=max(tags) + 1)
    group = Group(reader, values, DEFAULT, frozenset())
    return tuple(group.word(tag) for tag in tags)


def walk(raw: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, VR (empty if implicit) and value of each element that is not in a sequence. Raises as `read_object`."""
    reader, at, syntax = _dataset(raw)
    for tag, vr, value in reader.walk(at, _encoding(reader, at, syntax)):
        yield tag, vr, reader.raw[value.start : value.end]


def _encoding(reader: Reader, at: int, syntax: str) -> Encoding:
    implicit = _is_implicit(reader.raw[at : at + 6], assumed=syntax == ImplicitVRLittleEndian)
    return Encoding(implicit, little=syntax != ExplicitVRBigEndian)


def _dataset(raw: bytes) -> tuple[Reader, int, str]:
    """The bytes that contain the data set, its start, and its transfer syntax if the header names it."""
    at = 132 if raw[128:132] == b"DICM" else 0
    reader = Reader(raw)
    if raw[at : at + 2] != b"\x02\x00":
        return reader, at, ""
    plain = Encoding(implicit=False, little=True)
    meta, at = reader.elements(at, len(raw), plain, frozenset({TRANSFER_SYNTAX}), stop=0x00030000)
    syntax = Group(reader, meta, DEFAULT, frozenset()).word(TRANSFER_SYNTAX)
    if syntax == DeflatedExplicitVRLittleEndian:
        return Reader(_inflate(raw[at:])), 0, syntax
    return reader, at, syntax


def _is_implicit(head: bytes, *, assumed: bool) -> bool:
    """Whether elements have an implicit VR.

    The elements decide, because senders label it wrongly; an empty data set is as labelled.
    """
    return not (head[4:6].isalpha() and head[4:6].isupper()) if len(head) == 6 else assumed


def _inflate(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(deflated, DICOM_LIMIT)
    except zlib.error:
        raise DamagedError("the deflated data set is damaged") from None
    if inflater.unconsumed_tail:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the object inflates to more than {DICOM_LIMIT} bytes")
    return inflated


def _pixel_digest(reader: Reader, at: int, encoding: Encoding) -> str | None:
    """The digest of everything after the header of the pixel data element, without a copy of the film."""
    end = len(reader.raw)
    while end - at >= 8:
        tag, _, start, length = reader.header(at, encoding)
        if length != UNDEFINED and start + length > end:
            raise DamagedError("the object ends within the pixel data")
        if tag in _PIXELS:
            return sha256(memoryview(reader.raw)[start:]).hexdigest()
        if length == UNDEFINED:
            return None
        at = start + length
    return None
