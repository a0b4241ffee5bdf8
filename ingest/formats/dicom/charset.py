"""Character sets of DICOM values (PS3.5 6.1, PS3.3 C.12.1.1.2), without the warnings that pydicom's own decoder gives.

A report must not be lost for a wrong label, and not be garbled in silence: what does not fit its declared set is read
as UTF-8 where it is that, else in the likeliest set, and each such text gives a warning.
"""

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple

from ingest.formats.charset_guess import cjk_within_words, doubt, guess, is_usual
from ingest.formats.dicom.iso2022 import ESCAPE, G1, decode_escapes, is_escaped

MISMATCH, UNDECODABLE, UNKNOWN = "charset_mismatch", "undecodable_character", "unknown_charset"

_WHOLE = {"192": "utf-8"}
_WHOLE_NAMES = {
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 GBK": "gbk",
    "ISO 2022 58": "gb2312",
}
"""Sets without code extensions: a value is in them from its first byte to its last (C.12.1.1.2)."""

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
"""Of ingest.formats.charset_guess.doubt: good texts in the tests have none, garbled ones 0.17 and more."""


@dataclass(frozen=True, slots=True)
class CharacterSets:
    """What Specific Character Set (0008,0005) names: the set that a value begins in, and its code extensions.

    `first` and `extensions` are Python's names. `known`: all of its terms were understood.
    """

    first: str = "ascii"
    extensions: tuple[str, ...] = ()
    known: bool = True


DEFAULT = CharacterSets()
"""No Specific Character Set: ISO IR 6."""


class Decoded(NamedTuple):
    """A text, and a warning where it is not what its character set says."""

    text: str
    warning: str = ""


def sets_of(value: bytes) -> CharacterSets:
    """The sets that a value of Specific Character Set names. Unknown ones are left out."""
    terms = [term.strip(b" \0").decode("ascii", "replace").upper() for term in value.split(b"\\")]
    found = [_codec(term) for term in terms]
    single = [name for name in found if name and name not in _EXTENSIONS.values()]
    # An empty first term stands for ISO IR 6, to which the others are extensions.
    first = "ascii" if not terms[0] or found[0] in _EXTENSIONS.values() else (found[0] or next(iter(single), "ascii"))
    extensions = tuple(name for name in found if name and name != first)
    return CharacterSets(first, extensions, all(name for name, term in zip(found, terms, strict=True) if term))


def decode(value: bytes, sets: CharacterSets) -> Decoded:
    """The value as text, whatever its bytes are."""
    if value.isascii() and ESCAPE not in value:
        return Decoded(value.decode("ascii"))
    if is_escaped(value):
        return _decode_escaped(value, sets)
    return _decode_plain(value, sets)


def _codec(term: str) -> str:
    """Python's name of a defined term; `ISO IR 100`, `ISO-IR-100` and `ISO_IR_100` are seen for `ISO_IR 100`."""
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
    """A value with code extensions. What lies outside of all of them is in the set that the value begins in."""
    warnings = []

    def plain(part: bytes) -> str:
        found = _decode_plain(part, sets)
        warnings.append(found.warning)
        return found.text

    text = decode_escapes(value, plain, G1.get(sets.first, ""))
    warning = next(filter(None, warnings), "")
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
        return Decoded(text, UNDECODABLE if warning else "")
    return _guessed(value, text)


def _is_trusted(text: str, charset: str) -> bool:
    """Whether a text that fits its declared set is in it. Bytes that are UTF-8 are nothing else."""
    if charset == "utf-8":
        return True
    return not cjk_within_words(text) if charset in _PAIRS else doubt(text) < _DOUBTFUL


def _decode_undeclared(value: bytes, sets: CharacterSets) -> Decoded:
    """Bytes beyond ASCII where it is the declared set: the escapes to an extension may be missing."""
    for charset in sets.extensions:
        name = "euc_jp" if charset == "jis" else charset
        text, warning = _marked(value, name)
        if not warning and _is_trusted(text, name):
            return Decoded(text, MISMATCH)
    return Decoded(value.decode(guess(value), "replace"), MISMATCH)


def _guessed(value: bytes, declared: str) -> Decoded:
    """The likeliest text, where that is far likelier than what the declared set gives."""
    text = value.decode(guess(value), "replace")
    if doubt(text) * 3 < doubt(declared):
        return Decoded(text, MISMATCH)
    return Decoded(declared, UNDECODABLE if "\ufffd" in declared else MISMATCH)


def _marked(value: bytes, charset: str, otherwise: str = "") -> tuple[str, str]:
    """The text with U+FFFD for each byte that does not fit, and the warning of that, else another."""
    try:
        return value.decode(charset), otherwise
    except UnicodeDecodeError:
        return value.decode(charset, "replace"), UNDECODABLE


def _is_nearly(text: str) -> bool:
    """Whether a text of many bytes a letter is right but for a few letters."""
    lost, good = text.count("\ufffd"), sum(sign > "\x7f" and sign != "\ufffd" for sign in text)
    return lost > 0 and good >= 3 * lost


def _is_utf8(value: bytes, declared: str) -> bool:
    """Whether bytes that are said to be of another set are UTF-8, but for a few.

    Pairs of East Asian sets may look like letters of two bytes in UTF-8; there, only longer ones count.
    """
    text = value.decode("utf-8", "replace")
    lost, good = text.count("\ufffd"), sum(sign > "\x7f" and sign != "\ufffd" for sign in text)
    if good < 1 or good < 6 * lost:
        return False
    if declared not in _PAIRS or _marked(value, declared)[1] == UNDECODABLE:
        return True
    return any(sign > "\u07ff" and sign != "\ufffd" for sign in text) or not is_usual(value, declared)
