"""The one door through which every source receives: store, commit, then acknowledge.

Receiving never needs Redis or Neo4j. A message that can't be used is stored all the same, as a refused event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.blobs import BlobStore
from ingest.errors import MessageRefusedError
from ingest.ledger.database import Ledger
from ingest.ledger.states import State

RAW_LIMIT = 20 * 1024 * 1024
"""Largest raw message, in bytes."""

TEXT_LIMIT = 1024 * 1024
"""Largest report text, in bytes of UTF-8."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as it came. `format` is a name of ingest.formats; `name` is the file's or member's, where it had one."""

    raw: bytes
    format: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: it is stored, under this id. `reason` says why, where `state` is refused.

    `duplicate`: the same bytes of the same source and id had been received before; nothing was done.
    """

    event_id: int
    state: State
    reason: str | None
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Receiver:
    """What receiving needs. `pseudonym_key` as ingest.pseudonyms gives it."""

    ledger: Ledger
    blobs: BlobStore
    pseudonym_key: bytes


def receive(receiver: Receiver, raw: bytes, format: str, name: str = "") -> Receipt:
    """Receive one message. It is safe when this returns. Raises OutageError where it can't be stored now."""
    return receive_many(receiver, (Incoming(raw, format, name),))[0]


def receive_many(receiver: Receiver, messages: Sequence[Incoming]) -> list[Receipt]:
    """Receive many messages in one commit, all or none. Receipts are in their order. Raises OutageError as `receive`."""
    raise NotImplementedError


def refuse(
    receiver: Receiver, error: MessageRefusedError, *, digest: str, size: int, format: str, name: str = ""
) -> Receipt:
    """Record as refused what never became a message: an empty archive, a file too large to be read into memory.

    `digest` is the SHA-256 of its bytes in hex, `size` their number. Its raw bytes are not kept.
    """
    raise NotImplementedError
