"""Character sets of DICOM values (PS3.5 6.1, PS3.3 C.12.1.1.2), without the warnings that pydicom's own decoder gives.

A report must not be lost for a wrong label: what does not fit its declared set is read as UTF-8 where it is that, else
as Windows-1252.
"""

import re
from collections.abc import Sequence

from pydicom.charset import CODES_TO_ENCODINGS, python_encoding

DEFAULT = ("ascii",)
"""No Specific Character Set: ISO IR 6."""

_ESCAPE = b"\x1b"
_FRAGMENTS = re.compile(rb"^[^\x1b]+|\x1b[^\x1b]*")
_DELIMITERS = re.compile(rb"[\\^=\r\n\f\t]")
_OWN_ESCAPES = frozenset({"iso2022_jp", "iso2022_jp_2", "iso_ir_58"})
"""Python's codecs of these read the escape sequence themselves."""


def encodings_of(value: bytes) -> tuple[str, ...]:
    """Python's names of the sets in Specific Character Set (0008,0005); unknown ones are left out."""
    terms = [term.strip(b" \0").decode("ascii", "replace").upper() for term in value.split(b"\\")]
    found = tuple(python_encoding[name] for term in terms if (name := _defined(term)) in python_encoding and name)
    # An empty first term stands for ISO IR 6, to which the others are extensions.
    return (*DEFAULT, *found) if not terms[0] else found or DEFAULT


def decode(value: bytes, encodings: Sequence[str]) -> str:
    """The value as text, whatever its bytes are."""
    try:
        if _ESCAPE not in value:
            return value.decode(encodings[0])
        return "".join(_decode_fragment(fragment, encodings) for fragment in _FRAGMENTS.findall(value))
    except (UnicodeError, LookupError):
        return _guessed(value)


def _defined(term: str) -> str:
    """The defined term that was meant: `ISO IR 100`, `ISO-IR-100` and `ISO_IR_100` are seen for `ISO_IR 100`."""
    match = re.fullmatch(r"ISO[ _-]IR[ _-]?([0-9]+)", term)
    return f"ISO_IR {match[1]}" if match else term


def _decode_fragment(fragment: bytes, encodings: Sequence[str]) -> str:
    if not fragment.startswith(_ESCAPE):
        return fragment.decode(encodings[0])
    length = 4 if fragment.startswith((b"\x1b$(", b"\x1b$)")) else 3
    encoding = CODES_TO_ENCODINGS.get(fragment[:length])
    if encoding is None:
        raise LookupError("no such escape sequence")
    if encoding in _OWN_ESCAPES:
        return fragment.decode(encoding)
    words = fragment[length:]
    # A delimiter sets the encoding back to the first one.
    end = match.start() if (match := _DELIMITERS.search(words)) else len(words)
    return words[:end].decode(encoding) + words[end:].decode(encodings[0])


def _guessed(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeError:
        return value.decode("cp1252", "replace")
