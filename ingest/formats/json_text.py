"""JSON as it comes: in UTF-8, as RFC 8259 has it, or in a set that its sender names."""

import codecs
from typing import Any

from pydantic_core import from_json

ELEMENTS_LIMIT = 200_000
"""Elements of one message's JSON: each takes some hundred bytes in memory. A study of 5,000 images has 40,000."""

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def utf8_of(raw: bytes, charset: str = "") -> bytes:
    """The bytes in UTF-8 without a byte order mark. As they came where that can't be done.

    What is valid UTF-8 stays so, whatever set is named.
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
    """Whether a JSON text (UTF-8) has more than ELEMENTS_LIMIT members and values. Told without reading it; commas and
    brackets within texts count too."""
    return sum(map(text.count, (b",", b"{", b"["))) > ELEMENTS_LIMIT


def object_of(raw: bytes) -> dict[str, Any] | None:
    """The object that the JSON holds; None where it holds none, or has too many elements (`has_many_elements`)."""
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
