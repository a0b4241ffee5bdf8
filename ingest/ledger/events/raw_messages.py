"""Small raw messages, stored in the ledger: one commit makes a message and its event durable together.

A separate file per message costs two fsyncs and more CPU time than parsing it. Films, which workers read by their
digest, and messages larger than SMALL are in the blob store (ingest.blobs).
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select

from ingest.ledger.storage.bulk import bulk_insert, chunks
from ingest.ledger.storage.database import INSERT
from ingest.ledger.storage.tables import raw_messages

SMALL = 64 * 1024
"""Bytes. Below this a row in a database is faster than a file (sqlite.org, fasterthanfs)."""

_KEEP = bulk_insert({name: insert(raw_messages).on_conflict_do_nothing() for name, insert in INSERT.items()})


def keep(connection: Connection, raws: Mapping[int, bytes]) -> None:
    """Store the messages of these events. A message that is already stored does not change."""
    _KEEP.execute(connection, [{"event_id": event_id, "raw": raw} for event_id, raw in sorted(raws.items())])


def read(connection: Connection, event_ids: Collection[int]) -> dict[int, bytes]:
    """The messages of these events that are stored here."""
    return {
        row.event_id: row.raw
        for chunk in chunks(sorted(event_ids))
        for row in connection.execute(select(raw_messages).where(raw_messages.c.event_id.in_(chunk)))
    }


def remove(connection: Connection, event_ids: Collection[int]) -> None:
    """Remove the messages of these events."""
    for chunk in chunks(sorted(event_ids)):
        connection.execute(delete(raw_messages).where(raw_messages.c.event_id.in_(chunk)))
