"""The elements of a DICOM object as lines of text: binary values are told by their length."""

from pydicom.datadict import keyword_for_tag

from ingest.errors import MessageRefusedError
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import walk
from ingest.receiving.inspection.parts import LONGEST_VALUE, MOST_PARTS, Part

_BINARY = frozenset(
    {b"AT", b"FD", b"FL", b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SL", b"SQ", b"SS", b"UL", b"UN", b"US"}
)
STOPPED = "damaged"


def lines(raw: bytes) -> tuple[str, list[Part]]:
    """The text and its parts: `PatientID`. The last part is `damaged`, a problem, where the bytes no longer fit."""
    told: list[tuple[str, str, str]] = []
    stopped = ""
    try:
        for tag, vr, value in walk(raw):
            told.append((keyword_for_tag(tag) or "unknown", f"({tag >> 16:04X},{tag & 0xFFFF:04X})", _value(vr, value)))
            if len(told) > MOST_PARTS:
                break
    except (DamagedError, MessageRefusedError) as error:
        stopped = str(error)
        told.append((STOPPED, "here", stopped))
    text, parts = "", []
    for name, place, words in told:
        line = f"{place} {name} {words}".rstrip()
        parts.append(Part(name, words, len(text), len(text) + len(line), problem=name == STOPPED))
        text += f"{line}\n"
    return text, parts


def _value(vr: bytes, value: bytes) -> str:
    words = value[:LONGEST_VALUE].decode("latin-1").rstrip("\0 ")
    return words if vr not in _BINARY and words.isprintable() else f"[{len(value)} bytes]"
