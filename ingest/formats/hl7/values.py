"""The content of a result (OBX-5) by its type (OBX-2; HL7 v2.8 chapter 2A): text, coded text, or an attachment."""

import base64
import binascii
import re
from enum import Enum, auto

from ingest.errors import MessageRefusedError, Reason, UnsupportedTextError
from ingest.formats.cleaning import require_words_size
from ingest.formats.code_sets import code_set
from ingest.formats.hl7.escapes import unescape
from ingest.formats.hl7.segments import Segment
from ingest.formats.markup.convert import PlainText, convert


class Kind(Enum):
    """How a result is read."""

    TEXT = auto()
    CODED = auto()
    ATTACHMENT = auto()
    NUMBER = auto()
    OTHER = auto()
    """Dates, names, addresses: they do not describe an exam."""


_KINDS = {
    **dict.fromkeys(code_set("CE CWE CNE CF IS ID CM"), Kind.CODED),
    **dict.fromkeys(code_set("ED RP"), Kind.ATTACHMENT),
    **dict.fromkeys(code_set("NM SN NR SI NA MA MO CP CQ DR"), Kind.NUMBER),
    **dict.fromkeys(code_set("DT TM TS DTM GTS AD XAD XPN XCN XON XTN CX CK PN CN TN TQ EI HD PL DLN"), Kind.OTHER),
}
_TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})
"""The types of nearly all results."""
_SUBTYPES = {
    "PLAIN": "text/plain",
    "HTML": "text/html",
    "XHTML": "application/xhtml+xml",
    "RTF": "application/rtf",
    "XML": "text/xml",
    "X-HL7-CDA-LEVEL-ONE": "text/xml",
    "CDA": "text/xml",
    "PDF": "application/pdf",
    "": "",
}
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+(?:={1,2}\s*)?")
_BASE64_STARTS = (
    *("JVBERi", "e1xydG", "PGh0bW", "PEhUTU", "PCFET0", "PCFkb2", "PD94bW", "PENsaW"),
    *("/9j/", "iVBORw", "UEsDBB", "0M8R4K", "SUkqAA", "TU0AKg", "R0lGOD"),
)
"""The first Base64 characters of documents that are sent as text."""
_LONGEST_WORD = 200
_CODED = 4
"""The maximum size of coded results as a multiple of TEXT_LIMIT: they have codes in addition to words."""
_DOCUMENT_NAME = re.compile(r"\.(?:pdf|docx?|rtf|html?|txt|xml)\s*$", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def kind_of(result: Segment) -> Kind:
    """How a result is read. One without a type, or of an unknown type, is text."""
    value = result.field(2)
    return Kind.TEXT if value in _TEXT_TYPES else _KINDS.get(result.text(2).upper(), Kind.TEXT)


def coded_words(result: Segment, charset: str) -> str:
    """The words of coded results, one sentence each: text, alternate text, original text, else the code.

    Refuses (`too_large`) more characters than a text may have.
    """
    require_words_size(len(result.field(5)) // _CODED)
    found = []
    for repetition in result.repeats(5):
        parts = repetition.split(result.separators.component)
        named = (parts[number] for number in (1, 4, 8, 0) if number < len(parts))
        words = next((unescape(part, result.separators, charset).strip() for part in named if part.strip()), "")
        if words and words != '""':
            found.append(words if words[-1] in ".!?:" else f"{words}.")
    return "\n".join(found)


def attachment_text(result: Segment, charset: str) -> PlainText:
    """The text of an ED (2A.24): source application, type, subtype, encoding, data; empty if there is no data.

    Raises the errors of `convert` for unreadable attachments, references (RP) to documents included.
    """
    if result.text(2).upper() != "ED":
        if not _names_document(result):
            return PlainText("", ())
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, "the report is a reference to an external document")
    separators = result.separators
    parts = result.field(5).split(separators.component, 4)
    if len(parts) < 5 or not parts[4].strip():
        return PlainText("", ())
    kind, subtype, encoding = (part.strip().upper() for part in parts[1:4])
    words = unescape(parts[4], separators, charset)
    data = _decoded(words, encoding)
    if isinstance(data, bytes):
        return convert(data, _media_type(data, kind, subtype))
    return convert(data, _SUBTYPES.get(subtype, "text/plain"))


def _names_document(reference: Segment) -> bool:
    """Whether an RP (2A.65) points to a document, not to images or to an order."""
    subtype = reference.text(5, 4).upper()
    return bool(subtype and subtype in _SUBTYPES) or bool(_DOCUMENT_NAME.search(reference.text(5)))


def embedded_document(words: str) -> PlainText | None:
    """The text of a Base64 document sent in place of text; None if it is ordinary text.

    Raises the errors of `convert` for an unreadable document.
    """
    start = words[:16].lstrip()
    compact = len(words) >= _LONGEST_WORD and not re.search(r"[ \t]", words)
    if not (start.startswith(_BASE64_STARTS) or compact) or not _BASE64.fullmatch(words):
        return None
    try:
        data = base64.b64decode("".join(words.split()))
    except (binascii.Error, ValueError):
        return None
    return convert(data, _media_type(data, "", ""))


def _decoded(words: str, encoding: str) -> bytes | str:
    """The data, decoded by ED-4 (table 0299); text if it is not encoded. Without ED-4 it may be Base64."""
    compact = "".join(words.split())
    try:
        if encoding.startswith("HEX"):
            return bytes.fromhex(compact)
        if encoding.startswith("BASE") or (encoding != "A" and _is_base64(compact)):
            return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
        if compact.startswith(_BASE64_STARTS) and _is_base64(compact):
            return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise UnsupportedTextError("the data of an attachment (ED) does not have the stated encoding") from None
    return words


def _is_base64(compact: str) -> bool:
    return len(compact) >= 16 and len(compact) % 4 == 0 and bool(_BASE64.fullmatch(compact))


def _media_type(data: bytes, kind: str, subtype: str) -> str:
    """The media type by the first bytes, else by ED-2 and ED-3, else text if the bytes allow it."""
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    if data[:5].lower() == b"{\\rtf":
        return "application/rtf"
    if known := _SUBTYPES.get(subtype, ""):
        return known
    if _CONTROL.search(data[:4096]) and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "application/octet-stream"
    return "text/plain" if kind != "IM" else "image/unknown"
