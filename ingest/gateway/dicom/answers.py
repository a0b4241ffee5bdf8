"""The answer to a C-STORE request (PS3.7 9.3.1.2) as bytes. pydicom takes a tenth of a film's time to write it."""

import struct

from pynetdicom.dimse_primitives import C_STORE

C_STORE_RSP, NO_DATA_SET = 0x8001, 0x0101

_LAST_COMMAND_FRAGMENT = b"\x03"
"""PS3.8 E.2: the message control header of a fragment that ends a command."""


def fragment_of(answer: C_STORE) -> bytes:
    """The command set of an answer as its only fragment: implicit VR, little endian (PS3.7 6.3.1)."""
    elements = [
        _uid(0x0002, answer.AffectedSOPClassUID),
        _number(0x0100, C_STORE_RSP),
        _number(0x0120, answer.MessageIDBeingRespondedTo or 0),
        _number(0x0800, NO_DATA_SET),
        _number(0x0900, answer.Status or 0),
        _text(0x0902, answer.ErrorComment),
        _uid(0x1000, answer.AffectedSOPInstanceUID),
    ]
    command = b"".join(elements)
    return _LAST_COMMAND_FRAGMENT + _element(0x0000, struct.pack("<L", len(command))) + command


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0, number, len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _element(number, struct.pack("<H", value))


def _uid(number: int, value: str | None) -> bytes:
    raw = (value or "").encode("ascii", "replace")
    return _element(number, raw + b"\0" * (len(raw) % 2)) if raw else b""


def _text(number: int, value: str | None) -> bytes:
    raw = (value or "").encode("ascii", "replace")
    return _element(number, raw + b" " * (len(raw) % 2)) if raw else b""
