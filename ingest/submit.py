"""The one door through which every source receives: store, commit, then acknowledge.

Receiving never needs Redis or Neo4j. A message that can't be used is stored all the same, as a refused event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.blobs import BlobStore
from ingest.errors import MessageRefusedError
from ingest.formats.origin import Format, Origin
from ingest.ledger.database import Ledger
from ingest.ledger.states import State


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as it came, what it is written in, and where it was found."""

    raw: bytes
    format: Format
    origin: Origin = Origin()


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


def receive(receiver: Receiver, message: Incoming) -> Receipt:
    """Receive one message. It is safe when this returns. Raises OutageError where it can't be stored now."""
    return receive_many(receiver, (message,))[0]


def receive_many(receiver: Receiver, messages: Sequence[Incoming]) -> list[Receipt]:
    """Receive many messages in one commit, all or none. Receipts are in their order. Raises OutageError as `receive`."""
    raise NotImplementedError


def refuse(receiver: Receiver, message: Incoming, error: MessageRefusedError) -> Receipt:
    """Store a message as refused without parsing it: an archive that is empty or can't be read."""
    raise NotImplementedError


def refuse_unread(receiver: Receiver, error: MessageRefusedError, *, digest: str, size: int, origin: Origin) -> Receipt:
    """Record as refused what is too large to be read into memory. Its bytes are not kept.

    `digest` is the SHA-256 of its bytes in hex, `size` their number.
    """
    raise NotImplementedError
