"""JSON in UTF-8 (RFC 8259) or in a character set that its sender names."""

import codecs
from typing import Any

from pydantic_core import from_json

ELEMENTS_LIMIT = 200_000
"""The maximum number of elements in one message's JSON.

Each takes some hundred bytes of memory; a study of 5,000 images has 40,000.
"""

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def utf8_of(raw: bytes, charset: str = "") -> bytes:
    """The bytes in UTF-8 without a byte order mark; unchanged if they can't be converted.

    Valid UTF-8 stays unchanged, whatever set is named.
    """
    if raw.startswith(_WIDE):
        return _recoded(raw, "utf-16")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _recoded(raw, charset) if charset else raw
    return raw


def has_many_elements(text: bytes) -> bool:
    """Whether a JSON text (UTF-8) has more than ELEMENTS_LIMIT members and values. It is not parsed:

    commas and brackets within strings count too.
    """
    return sum(map(text.count, (b",", b"{", b"["))) > ELEMENTS_LIMIT


def object_of(raw: bytes) -> dict[str, Any] | None:
    """The JSON's object; None if it is not an object, or has too many elements (`has_many_elements`)."""
    if has_many_elements(raw):
        return None
    try:
        found = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _recoded(raw: bytes, charset: str) -> bytes:
    try:
        return raw.decode(charset).encode()
    except (LookupError, UnicodeError):
        return raw
