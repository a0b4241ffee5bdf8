"""ISO 2022 escape sequences in messages (HL7 v2.8 chapter 2.7.2, table 0211; the same as in DICOM PS3.3 C.12.1.1.2).

A sequence chooses a set for bytes below 0x80 (G0) or above (G1). Bytes of a character of two bytes below 0x80 may look
like separators of the message, so they are decoded before anything is split.
"""

import re

_SEQUENCE = re.compile(rb"\x1b(\$?[()*+,.-]?[@-~])")
_LINE_END = re.compile(rb"(?<=[\r\n])|(?=[\r\n])")

_G0 = {
    b"(B": "ascii",
    b"(J": "ascii",
    b"$@": "iso2022_jp",
    b"$B": "iso2022_jp",
    b"$(D": "iso2022_jp_1",
    b"$A": "iso2022_jp_2",
    b"$(A": "iso2022_jp_2",
    b"$(C": "iso2022_jp_2",
    b"(I": "katakana",
}
_G1 = {
    b"$)C": "cp949",
    b"$)A": "gb18030",
    b")I": "cp932",
    b"-A": "latin-1",
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
_PYTHON_NAME = {b"$(A": b"$A"}


def has_sequences(raw: bytes) -> bool:
    """Whether the bytes hold a sequence that chooses a set."""
    return b"\x1b" in raw and any(match[1] in _G0 or match[1] in _G1 for match in _SEQUENCE.finditer(raw))


def decode(raw: bytes, base: str) -> str:
    """The text. `base` is the set of bytes above 0x7f before any sequence; what fits no set becomes U+FFFD.

    A line end sets both back.
    """
    found = []
    position, g0, g1 = 0, b"(B", base
    for match in _SEQUENCE.finditer(raw):
        words, g0, g1 = _words(raw[position : match.start()], g0, g1, base)
        found.append(words)
        position = match.end()
        if match[1] in _G0:
            g0 = match[1]
        elif match[1] in _G1:
            g1 = _G1[match[1]]
        else:
            position = match.start() + 1
    found.append(_words(raw[position:], g0, g1, base)[0])
    return "".join(found)


def _words(raw: bytes, g0: bytes, g1: str, base: str) -> tuple[str, bytes, str]:
    found = []
    for part in _LINE_END.split(raw):
        if part[:1] in (b"\r", b"\n"):
            g0, g1 = b"(B", base
        found.append(_part(part, g0, g1))
    return "".join(found), g0, g1


def _part(raw: bytes, g0: bytes, g1: str) -> str:
    codec = _G0[g0]
    if codec == "ascii":
        return raw.decode(g1, "replace")
    if codec == "katakana":
        return bytes(byte | 0x80 if 0x20 < byte < 0x60 else byte for byte in raw).decode("cp932", "replace")
    return (b"\x1b" + _PYTHON_NAME.get(g0, g0) + raw).decode(codec, "replace")
