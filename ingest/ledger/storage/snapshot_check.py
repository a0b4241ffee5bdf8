"""Whether the copy of an SQLite ledger is sound, and every message that it knows is there. Nothing is written."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

_MESSAGES = """
SELECT events.id, events.digest, events.blob_key, raw_messages.raw
FROM events LEFT JOIN raw_messages ON raw_messages.event_id = events.id
WHERE events.blob_key IS NOT NULL ORDER BY events.id
"""


def problems_of(file: Path, blobs: Collection[str]) -> Iterator[str]:
    """What is wrong with the copy, as sentences; `blobs` are the keys that were kept beside it."""
    try:
        # Immutable: else SQLite would make files beside it.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            yield from (f"the ledger: {row[0]}" for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok")
            broken = {row[0] for row in copy.execute("PRAGMA foreign_key_check")}
            yield from (f"the ledger: a row of {table} points to none" for table in sorted(broken))
            for event, digest, key, raw in copy.execute(_MESSAGES):
                if raw is None and key not in blobs:
                    yield f"event {event}: its message is neither in the ledger nor among the blobs"
                elif raw is not None and sha256(raw).hexdigest() != digest:
                    yield f"event {event}: its message has other bytes than were received"
    except sqlite3.Error as error:
        yield f"the ledger can't be read ({error.sqlite_errorname})"
