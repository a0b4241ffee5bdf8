"""Opaque cursors. A modified cursor is refused.

A cursor is the URL-safe base64 of its version, the letter of its list, six bytes of an HMAC-SHA256 over the rest, and
the key of a row. The sum detects damaged cursors. For callers from whom keys are hidden it has a secret: with a cursor
of their own making they could ask which study comes after the key of a StudyInstanceUID, and so find it. Others may
see the keys: for them the secret is empty.
"""

import base64
import binascii
import hmac
from enum import StrEnum

from api.errors import ApiError, Code

VERSION = b"1"


class Listed(StrEnum):
    """The paginated lists. A cursor is valid only for a list of its kind."""

    FINDINGS = "f"
    STUDIES = "s"
    PATIENTS = "p"
    EVENTS = "e"
    REJECTIONS = "r"


def encode(listed: Listed, key: str, secret: bytes = b"") -> str:
    """The cursor of the row with this key."""
    head, body = VERSION + listed.encode(), key.encode()
    return base64.urlsafe_b64encode(head + _sum(secret, head, body) + body).decode().rstrip("=")


def decode(listed: Listed, cursor: str | None, secret: bytes = b"") -> str:
    """The key of the row; "", the beginning, for None. Raises ApiError (BAD_CURSOR)."""
    if cursor is None:
        return ""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        head, told, body = raw[:2], raw[2:8], raw[8:]
        if head == VERSION + listed.encode() and hmac.compare_digest(told, _sum(secret, head, body)):
            return body.decode()
    except (binascii.Error, ValueError):
        pass
    raise ApiError(
        Code.BAD_CURSOR,
        "`after` is not a cursor of this list: use `pageInfo.endCursor` or an edge's `cursor` unchanged",
    )


def _sum(secret: bytes, head: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"vlmkg-cursor" + head + body, "sha256")[:6]
