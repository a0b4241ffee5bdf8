"""Masks the keys of studies, reports, readings and findings for callers who may not see identifiers.

A key of the graph is an unkeyed digest of a StudyInstanceUID, a report's text, or data derived from them. Anyone who
has the UID or the text can compute it and find its study. For callers without the right to identifiers, keys are
permuted with the pseudonym key in answers, and permuted back in arguments. Equal keys stay equal. The permutation is a
Feistel network of four rounds with HMAC-SHA256 (Luby and Rackoff, 1988).
"""

import hmac
from dataclasses import dataclass

from vlmkg.identity import pseudonym

_KEY_SIZE = 32
_HALF = _KEY_SIZE // 2
_ROUNDS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class KeyMask:
    """One permutation of all keys. `secret` is derived from the pseudonym key (`mask_of`)."""

    secret: bytes

    def hide(self, key: str) -> str:
        """The masked key: 64 hex digits. A key that is not a SHA-256 becomes a one-way pseudonym."""
        raw = _raw(key)
        if raw is None:
            return pseudonym(self.secret, "other", key)
        left, right = raw[:_HALF], raw[_HALF:]
        for number in _ROUNDS:
            left, right = right, _xor(left, self._round(number, right))
        return (left + right).hex()

    def reveal(self, shown: str) -> str:
        """The key of a masked key. Other text is returned unchanged, and matches no key of the graph."""
        raw = _raw(shown)
        if raw is None:
            return shown
        left, right = raw[:_HALF], raw[_HALF:]
        for number in reversed(_ROUNDS):
            left, right = _xor(right, self._round(number, left)), left
        return (left + right).hex()

    def _round(self, number: int, half: bytes) -> bytes:
        return hmac.digest(self.secret, bytes((number,)) + half, "sha256")[:_HALF]


def mask_of(pseudonym_key: bytes) -> KeyMask:
    """The mask of an installation: the same for all processes until the pseudonym key changes."""
    return KeyMask(bytes.fromhex(pseudonym(pseudonym_key, "masked keys")))


def hide_place(mask: KeyMask, place: str) -> str:
    """The page key of a row, `TIME/KEY` (graph.page_keys), with its key masked."""
    time, separator, key = place.rpartition("/")
    return f"{time}{separator}{mask.hide(key)}"


def reveal_place(mask: KeyMask, place: str) -> str:
    """The page key that `hide_place` has masked; "" is the beginning of the list."""
    time, separator, key = place.rpartition("/")
    return f"{time}{separator}{mask.reveal(key)}"


def _raw(key: str) -> bytes | None:
    if len(key) != 2 * _KEY_SIZE:
        return None
    try:
        raw = bytes.fromhex(key)
    except ValueError:
        return None
    return raw if raw.hex() == key else None


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(_HALF)
