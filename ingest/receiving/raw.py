"""Raw messages as received, from the ledger or the blob store."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest import blobs
from ingest.blobs import BlobStore, key_of
from ingest.errors import BlobLostError
from ingest.ledger.events import raw_messages
from ingest.ledger.events.events import Event
from ingest.ledger.storage.database import Ledger


@dataclass(frozen=True, slots=True)
class RawMessages:
    """The raw messages of some events, those of the ledger in memory."""

    store: BlobStore
    kept: dict[int, bytes]

    def of(self, event: Event) -> bytes:
        """The message of one of the events, verified against its digest. One without a `blob_key` was not stored.

        Raises BlobLostError if it is missing or differs, OutageError if the blob store does not answer.
        """
        raw = self.kept.get(event.id)
        if raw is None:
            return blobs.get(self.store, event.blob_key or event.digest)
        if key_of(raw) != event.digest:
            raise BlobLostError(event.digest, "was changed: its SHA-256 differs")
        return raw


def raw_messages_of(ledger: Ledger, store: BlobStore, events: Sequence[Event]) -> RawMessages:
    """The raw messages of events. Raises OutageError if the ledger does not answer."""
    with ledger.read() as connection:
        return RawMessages(store, raw_messages.read(connection, [event.id for event in events]))


def raw_of(ledger: Ledger, store: BlobStore, event: Event) -> bytes:
    """The raw message of one event. Raises as `RawMessages.of`."""
    return raw_messages_of(ledger, store, [event]).of(event)


def film_of(store: BlobStore, digest: str) -> bytes:
    """The file of a film, by its digest as the ledger has it. Raises BlobLostError, OutageError."""
    return blobs.get(store, digest)
