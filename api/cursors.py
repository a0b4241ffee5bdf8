"""Opaque cursors. A modified cursor is refused.

A cursor is the URL-safe base64 of its version, the letter of its list, six bytes of a SHA-256 over the rest, and the
key of a row. The sum detects damaged cursors. It needs no secret, because a forged cursor gives no access that a
`where` would not.
"""

import base64
import binascii
from enum import StrEnum
from hashlib import sha256

from api.errors import ApiError, Code

VERSION = b"1"


class Listed(StrEnum):
    """The paginated lists. A cursor is valid only for a list of its kind."""

    FINDINGS = "f"
    STUDIES = "s"
    PATIENTS = "p"
    EVENTS = "e"
    REJECTIONS = "r"


def encode(listed: Listed, key: str) -> str:
    """The cursor of the row with this key."""
    head, body = VERSION + listed.encode(), key.encode()
    return base64.urlsafe_b64encode(head + _sum(head, body) + body).decode().rstrip("=")


def decode(listed: Listed, cursor: str | None) -> str:
    """The key of the row; "", the beginning, for None. Raises ApiError (BAD_CURSOR)."""
    if cursor is None:
        return ""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        head, told, body = raw[:2], raw[2:8], raw[8:]
        if head == VERSION + listed.encode() and told == _sum(head, body):
            return body.decode()
    except (binascii.Error, ValueError):
        pass
    raise ApiError(
        Code.BAD_CURSOR,
        "`after` is not a cursor of this list: use `pageInfo.endCursor` or an edge's `cursor` unchanged",
    )


def _sum(head: bytes, body: bytes) -> bytes:
    return sha256(b"vlmkg-cursor" + head + body).digest()[:6]
