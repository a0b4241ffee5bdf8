"""Computed identities: the same facts always give the same key."""

import hashlib
import hmac


def _encode(fields: tuple[str | bytes | int | None, ...]) -> bytes:
    parts = []
    for field in fields:
        if field is None:
            parts.append(b"-:")
            continue
        raw = field.encode() if type(field) is str else field if isinstance(field, bytes) else str(field).encode()
        parts.append(b"%d:%b" % (len(raw), raw))
    return b"".join(parts)


def digest(*fields: str | bytes | int | None) -> str:
    """SHA-256 in hex over length-prefixed fields. None differs from the empty string."""
    return hashlib.sha256(_encode(fields)).hexdigest()


def pseudonym(key: bytes, *fields: str | bytes | int | None) -> str:
    """HMAC-SHA256 in hex over length-prefixed fields: an identifier that only the holder of `key` can recompute."""
    return hmac.digest(key, _encode(fields), "sha256").hex()
