"""Files of many HL7 v2 messages: one after the other, MLLP-framed, in FHS/BHS batches, or as JSON lines."""

import re
from collections.abc import Iterator

from pydantic_core import from_json

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.hl7.charset import charsets, declared_charset
from ingest.formats.hl7.parser import without_framing
from ingest.formats.json_text import object_of, utf8_of
from ingest.importing.stream_cutting import Piece, Readable, cut

_LINE = re.compile(rb"(?<=\n)")
_SEGMENT = re.compile(rb"(?<=[\r\n\x0b\x1c])(?=(?:MSH|FHS|BHS)[^\w\s]|(?:BTS|FTS)(?:[^\w\s]|[\r\n\x1c]|\Z))")
_BATCH = re.compile(rb"(?:FHS|BHS|BTS|FTS)(?:\W|\Z)")


def hl7_pieces(stream: Readable) -> Iterator[Piece]:
    """The messages of a file, without framing and batch segments. Bytes before the first message count as one."""
    for piece in cut(stream, _SEGMENT):
        if not piece.whole:
            yield piece
        elif (raw := without_framing(piece.raw)) and not _BATCH.match(raw):
            message = Piece()
            message.add(raw)
            yield message


def json_lines(stream: Readable) -> Iterator[Piece]:
    """The lines of a file that are not blank."""
    return (piece for piece in cut(stream, _LINE) if not piece.whole or piece.raw.strip())


def raw_of_line(line: bytes) -> bytes:
    """The message under the key `raw` of a JSON line, encoded in the character set of its MSH-18, else in UTF-8.

    Refuses a line that is not a JSON object with this key, and a message that its character set can't encode.
    """
    try:
        content = from_json(line)
    except ValueError:
        content = None
    raw = content.get("raw") if isinstance(content, dict) else None
    if not isinstance(raw, str):
        raise MessageRefusedError(Reason.UNREADABLE, "the line is not a JSON object with a message under the key `raw`")
    return _encoded(raw)


def is_resource(line: bytes) -> bool:
    """Whether a line of JSON is a FHIR resource."""
    return b'"resourceType"' in line and "resourceType" in (object_of(utf8_of(line)) or ())


def _encoded(message: str) -> bytes:
    utf8 = message.encode()
    declared = charsets(declared_charset(utf8)) or ("utf-8",)
    for charset in declared:
        try:
            return message.encode(charset)
        except UnicodeEncodeError:
            continue
    # As UTF-8 it would be decoded with the set it names, and letters would be wrong.
    raise MessageRefusedError(Reason.BAD_ENCODING, "the message has characters that its character set can't encode")
