"""Segments of one HL7 v2 message: separators, fields, components, escapes (HL7 v2.8 chapter 2.5 to 2.7, 2.16).

Only the fields that are asked for are split. The `hl7` package splits every character of a message into objects (450
MB for 1 MB of `~`) and logs values that it can't unescape; it serves as this module's twin in the tests instead.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ingest.errors import MessageRefusedError, Reason

SEGMENT_LIMIT = 100_000
"""Segments of one message. A report of one OBX a line has a few hundred."""

_FIELD_LIMIT = 64
"""Fields that are split off a segment; no field after OBR-50 is read."""

EMPTY = '""'
"""HL7's null: the sender says that there is no value."""

_READ = frozenset({"MSH", "PID", "MRG", "ORC", "OBR", "OBX", "ZDS"})


@dataclass(frozen=True, slots=True)
class Separators:
    """MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `fields[n]` is field n as it stands in the message; MSH counts its separator as field 1."""

    name: str
    fields: tuple[str, ...]
    separators: Separators

    def field(self, number: int) -> str:
        """Field `number`, with its escapes; empty where the segment is shorter."""
        return self.fields[number] if number < len(self.fields) else ""

    def repeats(self, number: int) -> list[str]:
        """The repetitions of a field, with their escapes."""
        return self.field(number).split(self.separators.repetition)

    def text(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """A component's subcomponent of the field's first repetition, unescaped and without blanks around it."""
        value = self.fields[number] if number < len(self.fields) else ""
        # Most fields are empty or one word: neither holds a separator.
        if not value or value.isalnum():
            return value if component == subcomponent == 1 else ""
        if self.separators.repetition in value:
            value = value.partition(self.separators.repetition)[0]
        return self.part(value, component, subcomponent)

    def part(self, repetition: str, component: int, subcomponent: int = 1) -> str:
        """The same of one repetition."""
        separators = self.separators
        value = repetition
        if component > 1 or separators.component in value:
            value = _nth(value, separators.component, component)
        if subcomponent > 1 or separators.subcomponent in value:
            value = _nth(value, separators.subcomponent, subcomponent)
        if not value or value == EMPTY:
            return ""
        return (unescape(value, separators) if separators.escape in value else value).strip()


def _nth(value: str, separator: str, number: int) -> str:
    if separator not in value:
        return value if number == 1 else ""
    parts = value.split(separator, number)
    return parts[number - 1] if number <= len(parts) else ""


def read_separators(header: str) -> Separators:
    """MSH-1 and MSH-2 of a header segment. Refuses (`unreadable`) what is no MSH segment with usable separators."""
    field = header[3:4]
    encoding, closed, _ = header[4:10].partition(field or "|")
    # v2.7 adds a truncation character; senders of v2.3 may give fewer and mean the usual ones.
    characters = field + encoding[:4] + "^~\\&"[len(encoding) :]
    distinct = len(characters) == len(set(characters)) == len("|^~\\&")
    plain = not any(character.isalnum() or character.isspace() or character == "\0" for character in characters)
    if not (header.startswith("MSH") and encoding and closed and distinct and plain):
        raise MessageRefusedError(Reason.UNREADABLE, "the message does not start with a usable MSH segment")
    return Separators(*characters)


def read_segments(message: str) -> list[Segment]:
    """The segments that parsers of reports read, in order. CR, LF and CRLF end a segment.

    A line that starts with no segment's name goes on with the segment before it: some senders break texts so.
    Refuses what has no usable MSH, and more than SEGMENT_LIMIT segments.
    """
    separators = read_separators(message)
    pieces = _boundary(separators.field).split(message, maxsplit=SEGMENT_LIMIT)
    if len(pieces) > SEGMENT_LIMIT:
        raise MessageRefusedError(Reason.TOO_LARGE, f"the message has more than {SEGMENT_LIMIT} segments")
    return [_segment(piece.rstrip("\r\n"), separators) for piece in pieces if piece[:3] in _READ]


@lru_cache(maxsize=16)
def _boundary(field: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=[\r\n])(?=[A-Z][A-Z0-9]{{2}}(?:{re.escape(field)}|[\r\n]|\Z))")


def _segment(piece: str, separators: Separators) -> Segment:
    fields = piece.split(separators.field, _FIELD_LIMIT)
    if fields[0] == "MSH":
        fields.insert(1, separators.field)
    return Segment(fields[0], tuple(fields), separators)


def unescape(value: str, separators: Separators, charset: str = "cp1252") -> str:
    """Replace escape sequences (2.7): separators, `.br` and its like, hexadecimal bytes (in `charset`).

    Highlighting, character set switches and local sequences are dropped. What is no sequence stays as it stands.
    """
    if separators.escape not in value:
        return value
    return _sequences(separators.escape).sub(lambda match: _replace(match[1], separators, charset), value)


@lru_cache(maxsize=16)
def _sequences(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(
        rf"{mark}([FSRTEPHN]|\.(?:br|sp|ce|fi|nf|in|ti|sk)[ +-]?[0-9]{{0,3}}|X(?:[0-9A-F]{{2}}){{1,64}}"
        rf"|[CM][0-9A-F]{{4,6}}|Z[A-Z0-9]{{0,16}}){mark}",
        re.IGNORECASE,
    )


def _replace(sequence: str, separators: Separators, charset: str) -> str:
    plain = {
        "F": separators.field,
        "S": separators.component,
        "R": separators.repetition,
        "T": separators.subcomponent,
        "E": separators.escape,
        "P": "#",
    }
    if sequence.upper() in plain:
        return plain[sequence.upper()]
    if sequence[0] in "Xx":
        return _hexadecimal(sequence[1:], charset)
    return {".br": "\n", ".sp": "\n", ".ce": "\n", ".in": " ", ".ti": " ", ".sk": " "}.get(sequence[:3].lower(), "")


def _hexadecimal(digits: str, charset: str) -> str:
    raw = bytes.fromhex(digits)
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        return raw.decode("latin-1")
