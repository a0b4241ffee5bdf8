"""From a file to the messages in it: one file may hold one, or be an archive, a batch, or lines of JSON."""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import NAME_LIMIT, clean_name
from ingest.formats.detect import HEAD, Container, detect, detect_archive, utf_16, without_utf_16
from ingest.formats.origin import Format, Origin, raw_limit
from ingest.importing import fhir_sets
from ingest.importing.archives import BROKEN, Member, read_members
from ingest.importing.batches import hl7_pieces, is_resource, json_lines, raw_of_line
from ingest.importing.files import FoundFile, Meter, modified_at
from ingest.importing.safe_open import open_regular
from ingest.importing.stream_cutting import Piece, read_piece
from ingest.receiving.submit import ReceivedMessage


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that is refused before parsing."""

    message: ReceivedMessage
    error: MessageRefusedError


@dataclass(frozen=True, slots=True)
class OversizedMessage:
    """A message too large for memory. `digest` is the SHA-256 (hex) of its `size` bytes."""

    error: MessageRefusedError
    digest: str
    size: int
    origin: Origin


Item = ReceivedMessage | RefusedMessage | OversizedMessage


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The caller's options for all files: format (None: detect it per file) and source authority."""

    format: Format | None = None
    source: str | None = None


def expand_files(files: Iterable[FoundFile], choice: ImportOptions, meter: Meter) -> Iterator[Item]:
    """The messages of all files, one file after the other."""
    for found in files:
        yield from expand_file(found, choice, meter)


def expand_file(found: FoundFile, choice: ImportOptions, meter: Meter) -> Iterator[Item]:
    """The messages of one file. A file that can't be opened or read completely adds one refused message."""
    try:
        with open_regular(found.path) as stream:
            meter.stream = stream
            status = os.fstat(stream.fileno())
            container = detect_archive(stream.peek(HEAD)[:HEAD], found.name)
            if container:
                yield from _expand_archive(found, stream, container, choice, status.st_size)
            else:
                time = modified_at(status.st_mtime)
                yield from _expand(stream, found.name, replace(_origin(found.name, choice), modified_at=time), choice)
            meter.finish()
    except OSError:
        detail = "the file is a link, is not a regular file, or can't be opened or read completely"
        yield _refused(Piece(), Format.UNKNOWN, _origin(found.name, choice), Reason.UNREADABLE, detail)


def _expand_archive(
    found: FoundFile, stream: io.BufferedReader, container: Container, choice: ImportOptions, size: int
) -> Iterator[Item]:
    origin, empty = _origin(found.name, choice), True
    # Members of archives in a folder get the archive's name as a prefix; those of a given archive do not.
    below = PurePosixPath(origin.name if "/" in origin.name else "")
    try:
        for member in read_members(stream, container, size, PurePosixPath(found.name).name) if size else ():
            empty = False
            yield from _expand_member(member, (below / member.name.lstrip("/")).as_posix(), choice)
    except MessageRefusedError as error:
        reason, detail = error.reason, error.detail
    except BROKEN:
        reason, detail = Reason.UNREADABLE, "the archive can't be read completely: it is damaged or truncated"
    else:
        reason, detail = Reason.EMPTY_ARCHIVE, "the archive has no files"
        if not empty:
            return
    with open_regular(found.path) as whole:
        yield _refused(read_piece(whole), Format.ARCHIVE, origin, reason, detail)


def _expand_member(member: Member, name: str, choice: ImportOptions) -> Iterator[Item]:
    origin = replace(_origin(name, choice), modified_at=member.modified_at)
    try:
        stream = member.open()
        if detect_archive(stream.peek(HEAD)[:HEAD], name):
            detail = "an archive inside an archive is not unpacked: import it by itself"
            yield _refused(read_piece(stream), Format.ARCHIVE, origin, Reason.UNSUPPORTED_FORMAT, detail)
        else:
            yield from _expand(stream, name, origin, choice)
    except BROKEN:
        detail = "the member of the archive can't be read completely"
        yield _refused(Piece(), Format.UNKNOWN, origin, Reason.UNREADABLE, detail)


def _expand(stream: io.BufferedReader, name: str, origin: Origin, choice: ImportOptions) -> Iterator[Item]:
    """The messages of a stream that is not an archive."""
    head = stream.peek(HEAD)[:HEAD]
    kind = choice.format or detect(head, name)
    if kind is Format.HL7 and head.lstrip().startswith(b"{"):
        kind = Container.JSON_LINES
    if kind is Format.HL7:
        yield from _numbered(_hl7_pieces(stream, head), Format.HL7, origin)
    elif kind is Container.JSON_LINES:
        yield from _of_lines(_numbered(json_lines(stream), Format.UNKNOWN, origin), origin)
    elif kind is Format.FHIR:
        yield from _of_resources(read_piece(stream, fhir_sets.WINDOW), origin)
    else:
        yield _item(read_piece(stream, raw_limit(Format(kind))), Format(kind), origin)


def _hl7_pieces(stream: io.BufferedReader, head: bytes) -> Iterator[Piece]:
    """The messages of a file. UTF-16 is converted to UTF-8 first, because boundaries are found byte by byte."""
    if not utf_16(head):
        return hl7_pieces(stream)
    whole = read_piece(stream)
    return hl7_pieces(io.BytesIO(without_utf_16(whole.raw))) if whole.whole else iter([whole])


def _numbered(pieces: Iterable[Piece], format: Format, origin: Origin) -> Iterator[Item]:  # noqa: A002
    """Messages with their numbers. A file without messages is refused."""
    number = 0
    for number, piece in enumerate(pieces, 1):
        yield _item(piece, format, replace(origin, name=f"{origin.name}:{number}"))
    if not number:
        yield _refused(Piece(), format, origin, Reason.UNREADABLE, "the file has no message")


def _of_lines(items: Iterable[Item], origin: Origin) -> Iterator[Item]:
    """The messages of JSON lines: HL7 messages one by one, FHIR resources with the resources that they refer to."""
    held: list[fhir_sets.Line] = []
    size = 0
    for number, item in enumerate(items, 1):
        if not (isinstance(item, ReceivedMessage) and is_resource(item.raw)):
            yield _of_line(item)
            continue
        if size + len(item.raw) > fhir_sets.WINDOW:
            yield from _messages(held, origin)
            held, size = [], 0
        held.append(fhir_sets.Line(number, item.raw))
        size += len(item.raw)
    yield from _messages(held, origin)


def _of_resources(piece: Piece, origin: Origin) -> Iterator[Item]:
    """The messages of a FHIR file: one resource, an array, or lines."""
    lines = fhir_sets.resources(piece.raw) if piece.whole else None
    if lines is None:
        yield _item(piece, Format.FHIR, origin)
    elif lines:
        yield from _messages(lines, origin)
    else:
        yield _refused(piece, Format.FHIR, origin, Reason.UNREADABLE, "the file has no message")


def _messages(lines: list[fhir_sets.Line], origin: Origin) -> Iterator[Item]:
    for number, raw in fhir_sets.messages(lines):
        piece = Piece()
        piece.add(raw)
        yield _item(piece, Format.FHIR, replace(origin, name=f"{origin.name}:{number}"))


def _of_line(item: Item) -> Item:
    if not isinstance(item, ReceivedMessage):
        return item
    try:
        return replace(item, raw=raw_of_line(item.raw), format=Format.HL7)
    except MessageRefusedError as error:
        return RefusedMessage(item, _error(error.reason, error.detail, item.origin))


def _item(piece: Piece, format: Format, origin: Origin) -> Item:  # noqa: A002
    if piece.whole and piece.size <= raw_limit(format):
        return ReceivedMessage(piece.raw, format, origin)
    return _refused(piece, format, origin, Reason.TOO_LARGE, f"the message has more than {raw_limit(format)} bytes")


def _refused(piece: Piece, format: Format, origin: Origin, reason: Reason, detail: str) -> Item:  # noqa: A002
    error = _error(reason, detail, origin)
    if piece.whole:
        return RefusedMessage(ReceivedMessage(piece.raw, format, origin), error)
    return OversizedMessage(error, piece.digest, piece.size, origin)


def _error(reason: Reason, detail: str, origin: Origin) -> MessageRefusedError:
    # A name may have any length and any bytes.
    name = clean_name(origin.name[: 4 * NAME_LIMIT])[:NAME_LIMIT]
    return MessageRefusedError(reason, detail, source=origin.source or "import", external_id=name)


def _origin(name: str, choice: ImportOptions) -> Origin:
    """The origin of a file with this name, without its suffix, or both of `.tar.gz`."""
    path = PurePosixPath(name)
    stem = path.with_suffix("") if path.suffix else path
    if path.suffix.lower() == ".gz" and stem.suffix.lower() == ".tar":
        stem = stem.with_suffix("")
    return Origin(stem.as_posix(), choice.source)
