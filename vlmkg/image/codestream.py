"""The codec and size of a compressed frame, from its first markers, without decoding it."""

from typing import NamedTuple

from pydicom.uid import (
    JPEG2000,
    UID,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSNearLossless,
)

_JPEG, _J2K = b"\xff\xd8", b"\xff\x4f\xff\x51"
_JP2 = b"\x00\x00\x00\x0cjP  "
_FRAME_MARKERS = {
    0xC0: JPEGBaseline8Bit,
    0xC1: JPEGExtended12Bit,
    0xC3: JPEGLosslessSV1,
    0xF7: JPEGLSNearLossless,
}
"""Start-of-frame markers and their transfer syntaxes (ITU T.81 table B.1, T.87 annex C)."""
_STANDALONE = {0x01, *range(0xD0, 0xDA)}
_HT_CAPABILITY = 1 << 14
"""Rsiz bit of a high-throughput codestream (ITU T.814)."""


class Codestream(NamedTuple):
    """The transfer syntax of a frame, and its size in pixels."""

    syntax: UID
    rows: int
    columns: int


def sniff(frame: bytes) -> Codestream | None:
    """The codec and size of a frame; None if the codec is unknown (RLE has no such header)."""
    if frame.startswith(_JP2):
        start = frame.find(_J2K)
        return _jpeg2000(frame[start:]) if start >= 0 else None
    if frame.startswith(_J2K):
        return _jpeg2000(frame)
    return _jpeg(frame) if frame.startswith(_JPEG) else None


def _jpeg2000(frame: bytes) -> Codestream | None:
    """SIZ follows SOC: Lsiz, Rsiz, then Xsiz, Ysiz, XOsiz, YOsiz of four bytes each (ITU T.800 A.5.1)."""
    if len(frame) < 24:
        return None
    right, bottom, left, top = (int.from_bytes(frame[at : at + 4]) for at in range(8, 24, 4))
    high_throughput = int.from_bytes(frame[6:8]) & _HT_CAPABILITY
    # Both syntaxes decode reversible and irreversible streams.
    syntax = HTJ2KLossless if high_throughput else JPEG2000 if _irreversible(frame) else JPEG2000Lossless
    return Codestream(syntax, bottom - top, right - left)


def _irreversible(frame: bytes) -> bool:
    """The last byte of SPcod's five in the COD segment: 0 is the 9-7 wavelet (ITU T.800 A.6.1)."""
    start = frame.find(b"\xff\x52", 0, 4096)
    return start >= 0 and frame[start + 13 : start + 14] == b"\x00"


def _jpeg(frame: bytes) -> Codestream | None:
    """The first start-of-frame segment: length, precision, then lines and samples per line, two bytes each."""
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in _FRAME_MARKERS:
            rows, columns = int.from_bytes(frame[at + 5 : at + 7]), int.from_bytes(frame[at + 7 : at + 9])
            return Codestream(_FRAME_MARKERS[marker], rows, columns)
        at += 2 if marker in _STANDALONE else 1 if marker == 0xFF else 2 + int.from_bytes(frame[at + 2 : at + 4])
    return None
