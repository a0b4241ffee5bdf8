"""Makes a file of a data set from the network (PS3.10 7.1): a new header and the unchanged bytes.

The header depends only on the object, so that the same object sent twice gives the same bytes.
"""

import struct

IMPLEMENTATION_CLASS = "2.25.316285088106149846717553528749551266270"
IMPLEMENTATION_VERSION = "VLMKG_1"


def as_file(sop_class: str, sop_instance: str, transfer_syntax: str, dataset: bytes | memoryview) -> bytes:
    """The file of an object. The UIDs are those of the command and the association, unchanged."""
    elements = b"".join(
        (
            struct.pack("<HH2sHI2s", 2, 1, b"OB", 0, 2, b"\0\1"),
            _element(0x02, b"UI", sop_class, b"\0"),
            _element(0x03, b"UI", sop_instance, b"\0"),
            _element(0x10, b"UI", transfer_syntax, b"\0"),
            _element(0x12, b"UI", IMPLEMENTATION_CLASS, b"\0"),
            _element(0x13, b"SH", IMPLEMENTATION_VERSION, b" "),
        )
    )
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(elements))
    return b"".join((bytes(128), b"DICM", length, elements, dataset))


def _element(number: int, vr: bytes, value: str, padding: bytes) -> bytes:
    raw = value.encode("ascii", "replace")
    raw += padding * (len(raw) % 2)
    return struct.pack("<HH2sH", 2, number, vr, len(raw)) + raw
