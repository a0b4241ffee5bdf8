"""Converts any supported media type to plain text."""

import codecs
import re
from typing import NamedTuple

from ingest.errors import MessageRefusedError, Reason, UnsupportedTextError
from ingest.event_warnings import EventWarning
from ingest.formats.cleaning import require_markup_size, require_words_size
from ingest.formats.markup.budget import spend
from ingest.formats.markup.cda import CdaText, is_cda, read_cda
from ingest.formats.markup.detect import (
    CDA,
    HTML,
    PDF,
    RTF,
    XML,
    looks_like,
    without_entities,
    without_escaped_tags,
    xml_kind,
)
from ingest.formats.markup.html import read_html, with_line_breaks
from ingest.formats.markup.rtf import read_rtf

PLAIN = "text/plain"
_KINDS = {
    "": PLAIN,
    PLAIN: PLAIN,
    HTML: HTML,
    "application/xhtml+xml": HTML,
    RTF: RTF,
    "text/rtf": RTF,
    "application/x-rtf": RTF,
    "text/richtext": RTF,
    CDA: CDA,
    "application/hl7-cda+xml": CDA,
    "application/hl7-sda+xml": CDA,
    "text/xml-cda": CDA,
    XML: XML,
    "text/xml": XML,
    PDF: PDF,
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"(?:<\?xml[^>]*encoding|<meta[^>]*charset)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_DECLARED_WITHIN = 2048
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class PlainText(NamedTuple):
    """The text, and warning codes that name omitted parts of the document."""

    text: str
    warnings: tuple[EventWarning, ...]


def plain_text(data: str | bytes, media_type: str) -> str:
    """The text of `data` with its line breaks. See `convert`."""
    return convert(data, media_type).text


def convert(data: str | bytes, media_type: str, *, line_ends: bool = False) -> PlainText:
    """The text of `data`: plain text, HTML, RTF or CDA according to `media_type` (with its `charset`).

    Markup declared as plain text is detected. `line_ends`: line ends of HTML are line ends of the text too. Bytes are
    decoded by a byte order mark, `charset`, or the document's declaration, else as UTF-8, else as Windows-1252; invalid
    bytes become U+FFFD and give a warning. Raises UnsupportedTextError if the text cannot be converted faithfully, and
    MessageRefusedError with `unsupported_format` for other content (PDF, images), `unsafe_xml` or `too_large`.
    """
    name, _, parameters = media_type.partition(";")
    name = name.strip().lower()
    kind = _KINDS.get(name)
    if kind is None and name.startswith("text/"):
        kind = PLAIN
    if kind is None:
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the attachment can't be read as text")
    # RTF declares its own character sets.
    text, warnings = (data, ()) if isinstance(data, str) else _decode(data, parameters, rtf=kind == RTF)
    require_words_size(len(text) // _LEAST_WORDS)
    if kind == PLAIN:
        kind = looks_like(text) or PLAIN
    if kind not in (PLAIN, PDF):
        signs = markup_signs(text)
        require_markup_size(signs)
        spend(signs)
    found = _read(text, xml_kind(text) if kind == XML else kind, line_ends=line_ends)
    return PlainText(found.text, tuple(dict.fromkeys((*warnings, *found.warnings))))


def markup_signs(text: str) -> int:
    """The number of tags, entities, groups and control words, which determines the time of conversion."""
    return sum(map(text.count, "<&\\{}"))


_LEAST_WORDS = 64
"""The maximum size of a marked-up document as a multiple of TEXT_LIMIT: word processors write long ones."""


def _read(text: str, kind: str, *, line_ends: bool) -> PlainText:
    match kind:
        case "text/plain":
            return PlainText(without_entities(text), ())
        case "text/html":
            return _html(text, line_ends=line_ends)
        case "application/rtf":
            return PlainText(*read_rtf(text))
        case "application/pdf":
            raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the report is a PDF file")
        case _ if is_cda(text):
            return _cda(read_cda(text))
    raise UnsupportedTextError("the report is XML of an unknown kind")


def _html(text: str, *, line_ends: bool) -> PlainText:
    document = without_escaped_tags(text)
    if line_ends:
        document = with_line_breaks(document)
    return PlainText(*read_html(document.replace("<![CDATA[", "").replace("]]>", "")))


def _cda(found: CdaText) -> PlainText:
    if not found.body_type:
        return PlainText(found.text, found.warnings)
    if is_cda(found.body[:4096].decode("latin-1")):
        raise UnsupportedTextError("a CDA document contains another one")
    body = convert(found.body, found.body_type)
    return PlainText(body.text, (*found.warnings, *body.warnings))


def _decode(data: bytes, parameters: str, *, rtf: bool) -> tuple[str, tuple[EventWarning, ...]]:
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return _with_marks(data.removeprefix(mark), charset)
    if rtf:
        return _decode_rtf(data), ()
    named = match[1] if (match := _CHARSET.search(parameters)) else ""
    found = None if named else _DECLARED.search(data[:_DECLARED_WITHIN])
    declared = found[1].decode() if found else ""
    for charset in ("utf-8", _known(named), _known(declared), "cp1252"):
        try:
            return data.decode(charset or "utf-8"), _warnings(named, charset)
        except UnicodeDecodeError:
            continue
    return _with_marks(data, _known(named) or _known(declared) or "utf-8")


def _decode_rtf(data: bytes) -> str:
    """RTF is ASCII and escapes other characters.

    Non-ASCII bytes are decoded as UTF-8 if valid, and otherwise kept as bytes.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        if b"\\bin" not in data:
            data = _NOT_ASCII.sub(lambda match: b"\\'%02x" % match[0][0], data)
        return data.decode("latin-1")


def _with_marks(data: bytes, charset: str) -> tuple[str, tuple[EventWarning, ...]]:
    text = data.decode(charset, "replace")
    return text, (EventWarning.UNDECODABLE_CHARACTER,) if "\ufffd" in text else ()


def _warnings(named: str, used: str) -> tuple[EventWarning, ...]:
    if not named or used == _known(named) or used == "utf-8":
        return ()
    return (EventWarning.CHARSET_MISMATCH,)


def _known(name: str) -> str:
    """Python's name of a text character set; empty for others. Latin-1 is read as Windows-1252."""
    try:
        found = codecs.lookup(name.strip()).name if name else ""
        "".encode(found or "utf-8")
    except (LookupError, UnicodeError):
        return ""
    return "cp1252" if found in ("iso8859-1", "ascii") else found
