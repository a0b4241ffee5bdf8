"""Small raw messages, kept in the ledger: one commit makes a message and its event safe together.

A file of its own costs a message two fsyncs and more of a core than its parsing. Films, which workers read by their
digest, and what is larger than SMALL are kept in the blob store (ingest.blobs).
"""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select

from ingest.ledger.storage.bulk import bulk_insert, chunks
from ingest.ledger.storage.database import INSERT
from ingest.ledger.storage.tables import raw_messages

SMALL = 64 * 1024
"""Bytes. Below this a database takes less for a row than a file system for a file (sqlite.org, fasterthanfs)."""

_KEEP = bulk_insert({name: insert(raw_messages).on_conflict_do_nothing() for name, insert in INSERT.items()})


def keep(connection: Connection, raws: Mapping[int, bytes]) -> None:
    """Keep the messages of these events. One that is kept already stays as it is."""
    _KEEP.execute(connection, [{"event_id": event_id, "raw": raw} for event_id, raw in sorted(raws.items())])


def read(connection: Connection, event_ids: Collection[int]) -> dict[int, bytes]:
    """The messages of these events, as far as they are kept here."""
    return {
        row.event_id: row.raw
        for chunk in chunks(sorted(event_ids))
        for row in connection.execute(select(raw_messages).where(raw_messages.c.event_id.in_(chunk)))
    }


def remove(connection: Connection, event_ids: Collection[int]) -> None:
    """Remove the messages of these events."""
    for chunk in chunks(sorted(event_ids)):
        connection.execute(delete(raw_messages).where(raw_messages.c.event_id.in_(chunk)))
