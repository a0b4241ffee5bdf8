"""Character sets of DICOM values (PS3.5 6.1, PS3.3 C.12.1.1.2), without the warnings that pydicom's own decoder gives.

A wrong label must neither lose a report nor garble it silently: a text that does not fit its declared set is read as
UTF-8 if it is valid UTF-8, otherwise in the most likely set, and gives a warning.
"""

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple

from ingest.event_warnings import EventWarning
from ingest.formats.charset_guess import cjk_within_words, doubt, guess, is_usual
from ingest.formats.iso2022 import ESCAPE, G1, decode_value, has_sequences

MISMATCH, UNDECODABLE, UNKNOWN = (
    EventWarning.CHARSET_MISMATCH,
    EventWarning.UNDECODABLE_CHARACTER,
    EventWarning.UNKNOWN_CHARSET,
)

_WHOLE = {"192": "utf-8"}
_WHOLE_NAMES = {
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 GBK": "gbk",
    "ISO 2022 58": "gb2312",
}
"""Sets without code extensions: they apply to a whole value (C.12.1.1.2)."""

_SINGLE = {
    "6": "ascii",
    "13": "shift_jis",
    "100": "latin_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "166": "tis_620",
    "203": "iso8859_15",
}
_EXTENSIONS = {"58": "gb2312", "87": "jis", "149": "euc_kr", "159": "jis"}
_NUMBER = re.compile(r"ISO[ _-]*(?:2022[ _-]*)?IR[ _-]*([0-9]+)")
_OTHER_NAMES = re.compile(r"(?:UTF|ISO|WINDOWS|CP|LATIN|GB|BIG|SHIFT|EUC|KOI|KS|TIS)[A-Z0-9_ -]*")
_PAIRS = frozenset({"gb18030", "gbk", "gb2312", "euc_kr", "euc_jp", "shift_jis", "big5"})

_DOUBTFUL = 0.15
"""The limit of `ingest.formats.charset_guess.doubt`: good texts in the tests score 0, garbled ones 0.17 and more."""


@dataclass(frozen=True, slots=True)
class CharacterSets:
    """The value of Specific Character Set (0008,0005): the initial set of a value, and its code extensions.

    `first` and `extensions` are Python's names. `known`: all terms are known.
    """

    first: str = "ascii"
    extensions: tuple[str, ...] = ()
    known: bool = True


DEFAULT = CharacterSets()
"""No Specific Character Set: ISO IR 6."""


class Decoded(NamedTuple):
    """A text, and a warning if it does not fit its character set."""

    text: str
    warning: EventWarning | None = None


def sets_of(value: bytes) -> CharacterSets:
    """The known sets in a value of Specific Character Set."""
    terms = [term.strip(b" \0").decode("ascii", "replace").upper() for term in value.split(b"\\")]
    found = [_codec(term) for term in terms]
    single = [name for name in found if name and name not in _EXTENSIONS.values()]
    # An empty first term means ISO IR 6 with the others as extensions.
    first = "ascii" if not terms[0] or found[0] in _EXTENSIONS.values() else (found[0] or next(iter(single), "ascii"))
    extensions = tuple(name for name in found if name and name != first)
    return CharacterSets(first, extensions, all(name for name, term in zip(found, terms, strict=True) if term))


def decode(value: bytes, sets: CharacterSets) -> Decoded:
    """The value as text. Accepts any bytes."""
    if value.isascii() and ESCAPE not in value:
        return Decoded(value.decode("ascii"))
    if has_sequences(value):
        return _decode_escaped(value, sets)
    return _decode_plain(value, sets)


def _codec(term: str) -> str:
    """Python's name of a defined term; variants such as `ISO IR 100`, `ISO-IR-100` and `ISO_IR_100` occur."""
    if term in _WHOLE_NAMES:
        return _WHOLE_NAMES[term]
    if match := _NUMBER.fullmatch(term):
        return _WHOLE.get(match[1]) or _SINGLE.get(match[1]) or _EXTENSIONS.get(match[1], "")
    if not _OTHER_NAMES.fullmatch(term):
        return ""
    try:
        return codecs.lookup(term.replace(" ", "_")).name
    except LookupError:
        return ""


def _decode_escaped(value: bytes, sets: CharacterSets) -> Decoded:
    """A value with code extensions. Bytes outside all of them are in the initial set."""
    warnings: list[EventWarning | None] = []

    def plain(part: bytes) -> str:
        found = _decode_plain(part, sets)
        warnings.append(found.warning)
        return found.text

    text = decode_value(value, sets.first if sets.first in G1 else "", plain)
    warning = next(filter(None, warnings), None)
    return Decoded(text, UNDECODABLE if "\ufffd" in text else warning)


def _decode_plain(value: bytes, sets: CharacterSets) -> Decoded:
    """A value without code extensions."""
    first = sets.first
    if first != "utf-8" and _is_utf8(value, first):
        return Decoded(*_marked(value, "utf-8", MISMATCH))
    if first == "ascii":
        return _decode_undeclared(value, sets)
    text, warning = _marked(value, first)
    if not warning and _is_trusted(text, first):
        return Decoded(text)
    if _is_nearly(text):
        return Decoded(text, UNDECODABLE if warning else None)
    return _guessed(value, text)


def _is_trusted(text: str, charset: str) -> bool:
    """Whether a text that fits its declared set really uses it. Bytes that are valid UTF-8 are UTF-8."""
    if charset == "utf-8":
        return True
    return not cjk_within_words(text) if charset in _PAIRS else doubt(text) < _DOUBTFUL


def _decode_undeclared(value: bytes, sets: CharacterSets) -> Decoded:
    """Non-ASCII bytes in a value declared as ASCII: the escapes to an extension may be missing."""
    for charset in sets.extensions:
        name = "euc_jp" if charset == "jis" else charset
        text, warning = _marked(value, name)
        if not warning and _is_trusted(text, name):
            return Decoded(text, MISMATCH)
    return Decoded(value.decode(guess(value), "replace"), MISMATCH)


def _guessed(value: bytes, declared: str) -> Decoded:
    """The most likely text, if it is much more likely than that of the declared set."""
    text = value.decode(guess(value), "replace")
    if doubt(text) * 3 < doubt(declared):
        return Decoded(text, MISMATCH)
    return Decoded(declared, UNDECODABLE if "\ufffd" in declared else MISMATCH)


def _marked(value: bytes, charset: str, otherwise: EventWarning | None = None) -> tuple[str, EventWarning | None]:
    """The text with U+FFFD for each invalid byte, and the warning for that; otherwise another warning."""
    try:
        return value.decode(charset), otherwise
    except UnicodeDecodeError:
        return value.decode(charset, "replace"), UNDECODABLE


def _is_nearly(text: str) -> bool:
    """Whether a multi-byte text is valid except for a few letters."""
    lost, good = text.count("\ufffd"), sum(sign > "\x7f" and sign != "\ufffd" for sign in text)
    return lost > 0 and good >= 3 * lost


def _is_utf8(value: bytes, declared: str) -> bool:
    """Whether bytes declared in another set are UTF-8, except for a few.

    Byte pairs of East Asian sets may look like two-byte letters of UTF-8; for these sets only longer ones count.
    """
    text = value.decode("utf-8", "replace")
    lost, good = text.count("\ufffd"), sum(sign > "\x7f" and sign != "\ufffd" for sign in text)
    if good < 1 or good < 6 * lost:
        return False
    if declared not in _PAIRS or _marked(value, declared)[1] == UNDECODABLE:
        return True
    return any(sign > "\u07ff" and sign != "\ufffd" for sign in text) or not is_usual(value, declared)
