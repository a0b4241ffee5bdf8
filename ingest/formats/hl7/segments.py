"""Segments of HL7 v2: fields, repetitions, components (HL7 v2.8 chapter 2.5, 2.16).

Only requested fields are split. The `hl7` package splits every character of a message into objects (450
MB for 1 MB of `~`) and logs values that it can't unescape; tests compare this module with it.
"""

from dataclasses import dataclass

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.hl7.escapes import Separators, unescape

_FIELD_LIMIT = 64
"""The maximum number of fields of a segment; no field after OBR-50 is read."""

EMPTY = '""'
"""HL7's null: an explicitly empty value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `fields[n]` is the raw field n; the separator of MSH counts as field 1."""

    name: str
    fields: tuple[str, ...]
    separators: Separators

    def field(self, number: int) -> str:
        """Field `number`, with its escapes; empty if the segment is shorter."""
        return self.fields[number] if number < len(self.fields) else ""

    def repeats(self, number: int) -> list[str]:
        """The repetitions of a field, with their escapes."""
        return self.field(number).split(self.separators.repetition)

    def text(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """A subcomponent of the field's first repetition, unescaped and stripped."""
        value = self.fields[number] if number < len(self.fields) else ""
        # Most fields are empty or one word, without a separator.
        if not value or value.isalnum():
            return value if component == subcomponent == 1 else ""
        if self.separators.repetition in value:
            value = value.partition(self.separators.repetition)[0]
        return self.part(value, component, subcomponent)

    def part(self, repetition: str, component: int, subcomponent: int = 1) -> str:
        """A subcomponent of one repetition."""
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
    """MSH-1 and MSH-2 of a header segment.

    Refuses (`unreadable`) segments that are not an MSH with usable separators.
    """
    field = header[3:4]
    encoding, closed, _ = header[4:10].partition(field or "|")
    # v2.7 adds a truncation character; senders of v2.3 may omit some, which means the usual ones.
    characters = field + encoding[:4] + "^~\\&"[len(encoding) :]
    distinct = len(characters) == len(set(characters)) == len("|^~\\&")
    plain = not any(character.isalnum() or character.isspace() or character == "\0" for character in characters)
    if not (header.startswith("MSH") and encoding and closed and distinct and plain):
        raise MessageRefusedError(Reason.UNREADABLE, "the message does not start with a usable MSH segment")
    return Separators(*characters)


def to_segment(piece: str, separators: Separators) -> Segment:
    """A raw segment, split into fields."""
    fields = piece.split(separators.field, _FIELD_LIMIT)
    if fields[0] == "MSH":
        fields.insert(1, separators.field)
    return Segment(fields[0], tuple(fields), separators)
