"""Replay events from their stored messages, and purge dead ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest import blobs
from ingest.errors import BlobLostError
from ingest.formats.origin import Format, Origin
from ingest.ledger.events import events, replace
from ingest.ledger.events.events import Event
from ingest.ledger.storage.bulk import chunks
from ingest.ledger.studies.message_facts import NewEvent
from ingest.receiving.raw import RawMessages, raw_messages_of
from ingest.receiving.submit import ReceivedMessage, Receiver, interpret


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay: events that are processed again, refused again by reason, or without a stored message."""

    received: tuple[int, ...]
    refused: dict[str, int]
    without_message: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether all of them are processed again."""
        return not self.refused and not self.without_message


@dataclass(frozen=True, slots=True)
class Purged:
    """The removed events, their patients, and the blobs that remain, since their store has no lock (ingest.blobs)."""

    events: tuple[int, ...]
    patients: tuple[str, ...]
    blobs_left: tuple[str, ...]


def replay(receiver: Receiver, event_ids: Sequence[int]) -> Replayed:
    """Parse the stored messages of these events again and set the events to `received`, whatever their state.

    Raises NoSpaceError if the disk is nearly full.
    """
    receiver.space.require()
    received: list[int] = []
    refused: Counter[str] = Counter()
    without: list[int] = []
    for chunk in chunks(event_ids):
        again = []
        found = _get(receiver, chunk)
        raws = raw_messages_of(receiver.ledger, receiver.blobs, found)
        for event in found:
            new = _interpret(receiver, raws, event)
            if new is None:
                without.append(event.id)
            else:
                again.append((event.id, new))
        with receiver.ledger.write() as connection:
            replace.replace(connection, again)
        received += [event_id for event_id, new in again if new.reason is None]
        refused.update(new.reason for _, new in again if new.reason)
    return Replayed(tuple(received), dict(refused), tuple(without))


def purge(receiver: Receiver, event_ids: Sequence[int]) -> Purged:
    """Permanently remove dead events with their raw messages. Other events do not change."""
    with receiver.ledger.write() as connection:
        removed = replace.purge(connection, event_ids)
    if receiver.blobs.folder is None:
        left = tuple(key for key in removed.blob_keys if blobs.exists(receiver.blobs, key))
        return Purged(removed.events, removed.patients, left)
    with blobs.locked(receiver.blobs, exclusive=True):
        # A message may have been received again meanwhile. From here on that is impossible.
        with receiver.ledger.read() as connection:
            keys = replace.unreferenced(connection, removed.blob_keys)
        for key in keys:
            blobs.delete(receiver.blobs, key)
    return Purged(removed.events, removed.patients, ())


def _get(receiver: Receiver, event_ids: Sequence[int]) -> list[Event]:
    with receiver.ledger.read() as connection:
        where = events.EventFilter(ids=tuple(event_ids))
        return events.list_events(connection, where, limit=len(event_ids))


def _interpret(receiver: Receiver, raws: RawMessages, event: Event) -> NewEvent | None:
    if event.blob_key is None:
        return None
    try:
        raw = raws.of(event)
    except BlobLostError:
        return None
    origin = Origin(name=event.origin_name, source=event.origin_source, modified_at=event.origin_time)
    return interpret(receiver, ReceivedMessage(raw, Format(event.format), origin), event.received_at)
