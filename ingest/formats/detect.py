"""Detects a file's format by its first bytes, or by its name if they are not specific."""

import codecs
import re
from enum import StrEnum
from pathlib import PurePath

from ingest.formats.origin import Format

HEAD = 512
"""Bytes that are checked: the magic number of tar is at offset 257, that of DICOM at 128."""


class Container(StrEnum):
    """A file that contains several messages."""

    GZIP = "gzip"
    TAR = "tar"
    ZIP = "zip"
    JSON_LINES = "jsonl"


_XML = re.compile(rb"<(?:\?xml|!|[A-Za-z])")
_HL7 = re.compile(rb"(?:MSH|FHS|BHS)[^\w\s]")
_JSON_LINES = re.compile(rb"\"raw\"\s*:\s*\"(?:\\u?[0-9a-z]{1,4})*MSH")
_JSON_ARRAY = re.compile(rb"\[\s*\{")
_UTF_16 = (
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"M\0S\0H\0", "utf-16-le"),
    (b"\0M\0S\0H", "utf-16-be"),
)
_BLANKS = b" \t\r\n\x0b\x1c"
_BY_NAME: dict[str, Format | Container] = {
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".rtf": Format.TEXT,
    ".html": Format.TEXT,
    ".htm": Format.TEXT,
    ".xhtml": Format.TEXT,
    ".xml": Format.OPENI,
    ".hl7": Format.HL7,
    ".json": Format.FHIR,
    ".fhir": Format.FHIR,
    ".jsonl": Container.JSON_LINES,
    ".ndjson": Container.JSON_LINES,
    ".dcm": Format.DICOM,
    ".tgz": Container.GZIP,
    ".gz": Container.GZIP,
    ".tar": Container.TAR,
    ".zip": Container.ZIP,
}


def detect(head: bytes, name: str) -> Format | Container:
    """The format of a file with this name and these first HEAD bytes.

    Only the name identifies text, plain or with markup: a licence or a note in the folder must not become a patient's
    report.
    """
    if container := detect_archive(head, name):
        return container
    if head[128:132] == b"DICM":
        return Format.DICOM
    start = without_utf_16(head).removeprefix(b"\xef\xbb\xbf").lstrip(_BLANKS)
    suffix = PurePath(name).suffix.lower()
    by_name = _BY_NAME.get(suffix, Format.UNKNOWN)
    if _HL7.match(start):
        return Format.HL7
    if _XML.match(start) and by_name is not Format.TEXT:
        return Format.OPENI
    if start.startswith(b"{") and by_name is not Format.TEXT:
        return Container.JSON_LINES if by_name is Container.JSON_LINES or _JSON_LINES.search(start) else Format.FHIR
    return Format.FHIR if _JSON_ARRAY.match(start) and by_name is Format.UNKNOWN else by_name


def utf_16(head: bytes) -> str:
    """The variant of UTF-16, by a byte order mark or a message's first letters; empty if the text is not UTF-16."""
    for start, kind in _UTF_16:
        if head.startswith(start):
            return kind
    return ""


def without_utf_16(raw: bytes) -> bytes:
    """A UTF-16 text as UTF-8, other texts unchanged. Invalid units become U+FFFD."""
    kind = utf_16(raw)
    return raw.decode(kind, "replace").removeprefix("\ufeff").encode("utf-8", "replace") if kind else raw


def detect_archive(head: bytes, name: str) -> Container | None:
    """The kind of archive; None for other files.

    An empty file and a tar without magic number are identified by name.
    """
    if head.startswith(b"\x1f\x8b"):
        return Container.GZIP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Container.ZIP
    if head[257:262] == b"ustar":
        return Container.TAR
    by_name = _BY_NAME.get(PurePath(name).suffix.lower())
    return by_name if isinstance(by_name, Container) and by_name is not Container.JSON_LINES else None
