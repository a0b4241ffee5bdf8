"""The audit trail as a hash chain: each entry has a hash over itself and the hash of the entry before it.

Changing, removing or inserting an entry breaks the chain there, unless all later hashes are recomputed. To detect that,
each backup has the head: a recomputed chain has another hash at that entry.

The head, `ID HASH`, is a row of `properties`. It is locked while a transaction adds entries, so that concurrent
processes take turns. Numbers of chained entries have no gaps. Entries from before the chain have no hash; the first
hash covers them all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from ingest.ledger.storage.bulk import BulkSelect, BulkWrite
from ingest.ledger.storage.database import INSERT, insert
from ingest.ledger.storage.tables import audit, properties
from vlmkg.identity import digest

_HEAD = "audit_head"
_ROWS_AT_ONCE = 1_000

_LOCKED = BulkSelect(select(properties.c.value).with_for_update(), properties.c.name)
_MOVED = BulkWrite(
    dict.fromkeys(
        INSERT,
        update(properties).where(properties.c.name == bindparam("moved")).values(value=bindparam("moved_to")),
    ),
    {"moved": properties.c.name, "moved_to": properties.c.value},
)
"""Every answer waits for both."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain: its number and its hash (SHA-256, hex); number 0 without a hash if there is none."""

    entry: int
    hash: str


NOTHING = Head(0, "")


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry at which the chain is broken, and the reason as a sentence."""

    entry: int
    why: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking the whole trail. `older` entries were written before the chain and have no hash.

    `broken` is None if the chain is intact.
    """

    entries: int
    older: int
    head: Head
    broken: Broken | None


def hash_of(before: str, number: int, entry: Mapping[str, Any] | Row[Any]) -> str:
    """The hash of an entry that follows one with the hash `before`."""
    values = entry._mapping if isinstance(entry, Row) else entry
    at: datetime = values["at"]
    said = (values["actor"], values["action"], values["outcome"])
    return digest("audit", before, number, at.astimezone(UTC).isoformat(), *said, *values["patients"])


def chained(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """These entries with their numbers and hashes, as rows to insert in this transaction. The head is moved to the
    last one; other writers wait for the end of the transaction."""
    head = _locked_head(connection)
    rows = []
    for entry in entries:
        number = head.entry + 1
        head = Head(number, hash_of(head.hash, number, entry))
        rows.append({**entry, "id": number, "hash": head.hash})
    _MOVED.execute(connection, [{"moved": _HEAD, "moved_to": f"{head.entry} {head.hash}"}])
    return rows


def head_of(connection: Connection) -> Head | None:
    """The head in the ledger; None if no entry is chained yet, or the ledger is of an older version."""
    value = connection.execute(select(properties.c.value).where(properties.c.name == _HEAD)).scalar()
    return _parsed(value) if value else None


def check(connection: Connection, known: Iterable[Head] = ()) -> Checked:
    """Check the whole trail in one snapshot. `known` are heads stored elsewhere, for example in backups."""
    expected = {one.entry: one for one in known}
    last, older, count, broken = NOTHING, 0, 0, None
    for row in _rows(connection):
        count += 1
        own = hash_of(last.hash, row.id, row)
        broken = _fault(row, own, last, chain_began=count > older + 1)
        last = Head(row.id, own)
        older += row.hash is None
        if broken is None and last.entry in expected and expected[last.entry] != last:
            broken = Broken(row.id, "a kept head has another hash here: the trail up to it was written anew")
        if broken is not None:
            return Checked(count, older, last, broken)
    return Checked(count, older, last, _fault_at_the_end(head_of(connection), last, older == count, expected))


def _fault(row: Row[Any], own: str, last: Head, *, chain_began: bool) -> Broken | None:
    if row.hash is None:
        return Broken(row.id, "it has no hash, and entries before it have one") if chain_began else None
    if chain_began and row.id != last.entry + 1:
        return Broken(last.entry + 1, f"the entries from {last.entry + 1} to {row.id - 1} are missing")
    if row.hash == own:
        return None
    if chain_began:
        return Broken(row.id, "it was changed, or its hash was")
    return Broken(row.id, "it was changed, or an entry before it, of which none has a hash, was changed or removed")


def _fault_at_the_end(
    head: Head | None, last: Head, nothing_chained: bool, expected: Mapping[int, Head]
) -> Broken | None:
    furthest = max([*expected, head.entry if head else 0])
    if furthest > last.entry:
        return Broken(last.entry + 1, f"the entries from {last.entry + 1} to {furthest} are missing")
    if head is None:
        return None if nothing_chained else Broken(last.entry, "the ledger does not name the last entry any more")
    return None if head == last else Broken(last.entry, "the ledger names another entry as the last one")


def _locked_head(connection: Connection) -> Head:
    """The head, locked by this transaction. The first one covers all entries from before the chain."""
    found = list(_LOCKED.rows(connection, [_HEAD]))
    if not found:
        connection.execute(insert(connection, properties).on_conflict_do_nothing(), {"name": _HEAD, "value": ""})
        found = list(_LOCKED.rows(connection, [_HEAD]))
    if found[0].value:
        return _parsed(found[0].value)
    head = NOTHING
    for row in _rows(connection):
        head = Head(row.id, hash_of(head.hash, row.id, row))
    return head


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    """All entries in order, in batches."""
    after = 0
    while True:
        found = connection.execute(select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(_ROWS_AT_ONCE))
        part = found.all()
        if not part:
            return
        yield from part
        after = part[-1].id


def _parsed(value: str) -> Head:
    entry, _, hash_ = value.partition(" ")
    return Head(int(entry), hash_)
