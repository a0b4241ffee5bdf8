"""DICOM objects that are expensive to read, in any size: each kind repeats one part of an object without end.

As `benchmarks.abusive_messages`. Each maker takes a size in bytes, the SOP class and the instance's UID, and returns a
data set in Explicit VR Little Endian. All names and numbers are invented.
"""

import struct
from collections.abc import Callable

Maker = Callable[[int, str, str], bytes]

UNKNOWN = b"\xff\xff\xff\xff"
ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"


def _short(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    value += (b"\0" if kind == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH", group, element) + kind + struct.pack("<H", len(value)) + value


def _long(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HH", group, element) + kind + b"\0\0" + struct.pack("<I", len(value)) + value


def _object(sop_class: str, uid: str, more: bytes, before: bytes = b"") -> bytes:
    """The elements of an image, `before` among the first and `more` in its place."""
    first = int.from_bytes(more[:2], "little")
    return b"".join(
        (
            before,
            _short(8, 0x16, b"UI", sop_class.encode()),
            _short(8, 0x18, b"UI", uid.encode()),
            _short(8, 0x60, b"CS", b"DX"),
            _short(0x10, 0x20, b"LO", b"4711"),
            _short(0x20, 0xD, b"UI", (uid + ".1").encode()),
            _short(0x20, 0xE, b"UI", (uid + ".2").encode()),
            more if first < 0x28 else b"",
            _short(0x28, 0x10, b"US", struct.pack("<H", 2)),
            _short(0x28, 0x11, b"US", struct.pack("<H", 2)),
            more if first >= 0x28 else b"",
            _long(0x7FE0, 0x10, b"OW", b"\0" * 8),
        )
    )


def _item(content: bytes) -> bytes:
    return ITEM + struct.pack("<I", len(content)) + content


def _deep(size: int) -> bytes:
    """Sequences in sequences, of unknown length."""
    opening = struct.pack("<HH", 0x40, 0xA730) + b"SQ\0\0" + UNKNOWN + ITEM + UNKNOWN
    closing = ITEM_END + b"\0\0\0\0" + SEQUENCE_END + b"\0\0\0\0"
    depth = size // (len(opening) + len(closing))
    return opening * depth + closing * depth


OBJECTS: dict[str, Maker] = {
    "a private element": lambda size, sop, uid: _object(
        sop, uid, _short(0x29, 0x10, b"LO", b"NORTH") + _long(0x29, 0x1010, b"OB", b"x" * size)
    ),
    "elements": lambda size, sop, uid: _object(
        sop,
        uid,
        b"".join(_short(0x1001 + 2 * (at // 0xFF00), at % 0xFF00 + 0x10, b"LO", b"ab") for at in range(size // 10)),
    ),
    "deep sequences": lambda size, sop, uid: _object(sop, uid, _deep(size)),
    "items": lambda size, sop, uid: _object(
        sop, uid, _long(0x40, 0xA730, b"SQ", _item(_short(8, 0x60, b"CS", b"DX")) * (size // 18))
    ),
    "items of unknown length": lambda size, sop, uid: _object(
        sop,
        uid,
        struct.pack("<HH", 0x40, 0xA730)
        + b"SQ\0\0"
        + UNKNOWN
        + (ITEM + UNKNOWN + _short(8, 0x60, b"CS", b"DX") + ITEM_END + b"\0\0\0\0") * (size // 26)
        + SEQUENCE_END
        + b"\0\0\0\0",
    ),
    "a long name": lambda size, sop, uid: _object(
        sop, uid, b"", _short(8, 5, b"CS", b"ISO_IR 192") + _long(8, 8, b"UC", b"DOE^" * (size // 4))
    ),
    "values": lambda size, sop, uid: _object(sop, uid, _long(0x28, 0x1056, b"UC", b"\\".join([b"1"] * (size // 2)))),
}
