"""ISO 2022 escape sequences of DICOM (PS3.3 C.12.1.1.2, PS3.5 6.1.2.5) and of HL7 v2 (v2.8 chapter 2.7.2, table 0211).

A sequence selects a set for the bytes below 80H (G0) or above (G1) until the end of the line. Bytes of double-byte
letters may look like HL7 separators, so a message is decoded before it is split. An invalid byte damages one letter,
not the text.
"""

import re
from collections.abc import Callable

ESCAPE = b"\x1b"

_G0 = {
    b"(B": "ascii",
    b"(J": "ascii",  # JIS X 0201 romaji: ASCII except for the yen and the overline
    b"(I": "kana",
    b"$B": "jis0208",
    b"$@": "jis0208",
    b"$(B": "jis0208",
    b"$(D": "jis0212",
    b"$A": "gb2312",
    b"$(A": "gb2312",
    b"$(C": "euc_kr",
}
_G1 = {
    b")I": "shift_jis",
    b"$)A": "gb2312",
    b"$)B": "euc_jp",
    b"$)C": "euc_kr",
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "tis_620",
    b"-b": "iso8859_15",
}
G1 = frozenset(_G1.values())
"""Python's names of the sets that a sequence can select for the bytes above 80H."""

_LARGER = {"shift_jis": "cp932", "gb2312": "gb18030", "euc_kr": "cp949"}
"""The supersets that senders really use under these names."""

_SEQUENCE = re.compile(rb"\x1b(" + b"|".join(re.escape(key) for key in sorted({**_G0, **_G1}, key=len)[::-1]) + rb")")
_HALVES = re.compile(rb"[\x80-\xff]+|[^\x80-\xff]+")
_RUNS = re.compile(rb"[\x21-\x7e]+|[^\x21-\x7e]+")
_ENDS = re.compile(rb"([\r\n]+)")
_ENDS_OF_DICOM = re.compile(rb"([\r\n\f\t]+)")


def has_sequences(raw: bytes) -> bool:
    """Whether the bytes contain a sequence that selects a set."""
    return ESCAPE in raw and bool(_SEQUENCE.search(raw))


def decode(raw: bytes, first: str) -> str:
    """The text of a message. `first` is Python's name of the initial set of each line.

    Invalid bytes become U+FFFD.
    """
    return _decoded(raw, first, lambda part: part.decode(first, "replace"), _ENDS)


def decode_value(value: bytes, first: str, plain: Callable[[bytes], str]) -> str:
    """The text of a DICOM value, where a form feed and a tab end a line too.

    `first` is the initial set of each line. If it is empty, bytes above 80H are in the last selected set, because some
    senders select it once for all lines; `plain` decodes the text before the first selection.
    """
    return _decoded(value, first, plain, _ENDS_OF_DICOM)


def _decoded(raw: bytes, first: str, plain: Callable[[bytes], str], ends: re.Pattern[bytes]) -> str:
    found: list[str] = []
    g0, g1, last = "ascii", first, ""
    at = 0
    for match in [*_SEQUENCE.finditer(raw), None]:
        for number, part in enumerate(ends.split(raw[at : match.start() if match else len(raw)])):
            if number % 2:
                g0, g1 = "ascii", first
                found.append(part.decode("ascii"))
            else:
                found.append(_part(part, g0, g1 or last, plain))
        if match:
            at = match.end()
            g0, g1 = _G0.get(match[1], g0), _G1.get(match[1], g1)
            last = g1 or last
    return "".join(found)


def _part(part: bytes, g0: str, g1: str, plain: Callable[[bytes], str]) -> str:
    """A part of a line between sequences.

    If G0 is ASCII, both halves are decoded at once, because letters of some sets have one byte of each.
    """
    if g0 == "ascii":
        return _above(part, g1, plain)
    return "".join(_above(half, g1, plain) if half[0] >= 0x80 else _below(half, g0) for half in _HALVES.findall(part))


def _above(part: bytes, g1: str, plain: Callable[[bytes], str]) -> str:
    if part.isascii():
        return part.decode("ascii")
    if not g1:
        return plain(part)
    for codec in (g1, _LARGER.get(g1, g1)):
        try:
            return part.decode(codec)
        except UnicodeDecodeError:
            continue
    return part.decode(g1, "replace")


def _below(part: bytes, g0: str) -> str:
    if g0 == "kana":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in part).decode("shift_jis", "replace")
    return "".join(_pairs(run, g0) for run in _RUNS.findall(part))


def _pairs(run: bytes, g0: str) -> str:
    """Double-byte letters below 80H. A single last byte is invalid."""
    if run[0] <= 0x20 or run[0] == 0x7F:
        return run.decode("ascii")
    pairs = [bytes(byte | 0x80 for byte in run[at : at + 2]) for at in range(0, len(run), 2)]
    if g0 == "jis0212":
        return "".join((b"\x8f" + pair).decode("euc_jp", "replace") for pair in pairs)
    return b"".join(pairs).decode("euc_jp" if g0 == "jis0208" else g0, "replace")
