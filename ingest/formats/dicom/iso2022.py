"""Code extensions of ISO 2022 as DICOM has them (PS3.3 C.12.1.1.2, PS3.5 6.1.2.5): escape sequences designate a set for
the bytes below 80H (G0) or above (G1) until the end of the line.

Escape sequences are no text. One bad byte costs one letter, not the value.
"""

import re
from collections.abc import Callable

ESCAPE = b"\x1b"

_G0 = {
    b"(B": "ascii",
    b"(J": "ascii",  # JIS X 0201 romaji: but for the yen and the overline it is ASCII
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
    b"$)C": "euc_kr",
    b"$)B": "euc_jp",
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
G1 = {codec: codec for codec in _G1.values()}
"""Sets that a value may begin in, for its bytes above 80H."""

_SEQUENCE = re.compile(rb"\x1b(" + b"|".join(re.escape(key) for key in sorted({**_G0, **_G1}, key=len)[::-1]) + rb")")
_PIECES = re.compile(rb"[\r\n\f\t]+|[\x80-\xff]+|[^\x80-\xff\r\n\f\t]+")
_LINE_ENDS = b"\r\n\f\t"


def is_escaped(value: bytes) -> bool:
    """Whether a value has an escape sequence of DICOM."""
    return ESCAPE in value and bool(_SEQUENCE.search(value))


def decode_escapes(value: bytes, plain: Callable[[bytes], str], first: str) -> str:
    """The text of a value. `plain` decodes bytes above 80H that no escape sequence is in force for.

    `first` is the set that a value begins in, and each line anew; empty: bytes above 80H have none, so the last one
    that was designated is meant, as by senders who designate it once for all lines.
    """
    found: list[str] = []
    g0, g1, last = "ascii", first, ""
    at = 0
    for match in [*_SEQUENCE.finditer(value), None]:
        for piece in _PIECES.findall(value[at : match.start() if match else len(value)]):
            if piece[0] in _LINE_ENDS:
                g0, g1 = "ascii", first
                found.append(piece.decode("ascii"))
            elif piece[0] >= 0x80:
                found.append(_above(piece, g1 or last, plain))
            else:
                found.append(_below(piece, g0))
        if match:
            at = match.end()
            g0, g1 = _G0.get(match[1], g0), _G1.get(match[1], g1)
            last = g1 or last
    return "".join(found)


def _above(piece: bytes, g1: str, plain: Callable[[bytes], str]) -> str:
    if not g1:
        return plain(piece)
    return piece.decode("gbk" if g1 == "gb2312" else g1, "replace")


def _below(piece: bytes, g0: str) -> str:
    if g0 == "ascii":
        return piece.decode("ascii")
    if g0 == "kana":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in piece).decode("shift_jis", "replace")
    return "".join(_pairs(run, g0) for run in re.findall(rb"[\x21-\x7e]+|[^\x21-\x7e]+", piece))


def _pairs(run: bytes, g0: str) -> str:
    """Letters of two bytes below 80H. A byte that is left over is none."""
    if run[0] <= 0x20 or run[0] == 0x7F:
        return run.decode("ascii")
    pairs = [bytes(byte | 0x80 for byte in run[at : at + 2]) for at in range(0, len(run), 2)]
    if g0 == "jis0212":
        return "".join((b"\x8f" + pair).decode("euc_jp", "replace") for pair in pairs)
    return b"".join(pairs).decode("euc_jp" if g0 == "jis0208" else g0, "replace")
