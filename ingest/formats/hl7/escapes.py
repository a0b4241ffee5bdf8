"""Escape sequences of HL7 v2 texts (HL7 v2.8 chapter 2.7), in the standard's form and in those of senders."""

import re
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO

from ingest.formats import iso2022


@dataclass(frozen=True, slots=True)
class Separators:
    """MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


_FORMAT = r"\.(?:br|sp|ce|fi|nf|in|ti|sk)[ +-]?[0-9]{0,3}"
_FORMATS = {".br": "\n", ".sp": "\n", ".ce": "\n", ".in": " ", ".ti": " ", ".sk": " "}
_PLAIN_BYTES = frozenset(b"\r\n\t|^~\\&#$%!@*:;,'\"")
"""ASCII bytes that senders write in hexadecimal: line ends and possible separators."""


def unescape(value: str, separators: Separators, charset: str = "cp1252") -> str:
    r"""Replace escape sequences:

    separators, `.br` and similar commands, hexadecimal bytes (in `charset`) or code points.

    Sequences that choose a character set (`\C..\`, `\M..\`) count for what follows. Highlighting and local sequences
    are dropped. Other text stays unchanged. A `.br` that was escaped twice is a line end, too.
    """
    escape = separators.escape
    if escape not in value:
        return value
    words = _doubled(escape).sub(r"\1", value) if escape * 2 in value else value
    words = _sequences(escape).sub(lambda match: _replace(match[0], separators, charset), words)
    if escape in words and f"{escape}E{escape}" in value:
        words = _breaks(escape).sub(lambda match: _FORMATS.get(match[0][1:4].lower(), "\n"), words)
    return _in_sets(words) if "\x1b" in words else words


@lru_cache(maxsize=16)
def _sequences(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    hexadecimal = rf"{mark}X(?:[0-9A-F]{{2}}){{1,64}}{mark}"
    return re.compile(
        rf"(?:{hexadecimal})+"
        rf"|{mark}(?:[FSRTEPHN]|{_FORMAT}|[CM][0-9A-F]{{4,6}}|Z[A-Z0-9]{{0,16}}){mark}",
        re.IGNORECASE,
    )


@lru_cache(maxsize=16)
def _breaks(escape: str) -> re.Pattern[str]:
    """Formatting commands and line ends that were escaped as a whole: `\\E\\.br\\E\\`."""
    mark = re.escape(escape)
    return re.compile(rf"{mark}{_FORMAT}{mark}|(?:{mark}X(?:0[AD])+{mark})+", re.IGNORECASE)


@lru_cache(maxsize=16)
def _doubled(escape: str) -> re.Pattern[str]:
    """Formatting commands with doubled escape characters."""
    mark = re.escape(escape)
    return re.compile(rf"{mark}({mark}(?:{_FORMAT}|X(?:0[AD])+){mark}){mark}", re.IGNORECASE)


def _replace(found: str, separators: Separators, charset: str) -> str:
    sequence = found[1:-1]
    plain = {
        "F": separators.field,
        "S": separators.component,
        "R": separators.repetition,
        "T": separators.subcomponent,
        "E": separators.escape,
        "P": "#",
    }
    if sequence.upper() in plain:
        return plain[sequence.upper()]
    match sequence[:1].upper():
        case "X":
            return _hexadecimal(found, charset)
        case "C" | "M":
            return "\x1b" + bytes.fromhex(sequence[1:]).decode("latin-1")
    return _FORMATS.get(sequence[:3].lower(), "")


_HEXADECIMAL = re.compile(r"X([0-9A-F]+)", re.IGNORECASE)


def _hexadecimal(sequences: str, charset: str) -> str:
    """Adjacent sequences. Their bytes are joined, because a character may be spread over several sequences."""
    found, run = StringIO(), bytearray()
    for sequence in _HEXADECIMAL.finditer(sequences):
        raw = bytes.fromhex(sequence[1])
        if _is_code_point(raw):
            found.write(_bytes(bytes(run), charset))
            found.write(raw.decode("utf-16-be", "replace"))
            run.clear()
        else:
            run += raw
    found.write(_bytes(bytes(run), charset))
    return found.getvalue()


def _is_code_point(raw: bytes) -> bool:
    """Whether two bytes (or more, from 00 on) are UTF-16:

    as single bytes they would be letters, which need no escape.
    """
    if raw[0] == 0:
        return len(raw) % 2 == 0
    return len(raw) == 2 and raw[0] < 0x80 and not _PLAIN_BYTES.issuperset(raw)


def _bytes(raw: bytes, charset: str) -> str:
    for codec in (charset, "utf-8", *(("utf-16-be",) if len(raw) % 2 == 0 else ())):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _in_sets(words: str) -> str:
    try:
        return iso2022.decode(words.encode("latin-1"), "latin-1")
    except UnicodeEncodeError:
        return words
