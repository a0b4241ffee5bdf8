"""Merged patients (HL7 ADT^A40): the surviving patient, and whose sightings move to it.

A merge states that one patient was replaced by another. The result is a pure function of all messages, in any order:
the latest merge of each patient counts; of merges that form a circle, the latest ones.

So of the messages that state the same merge only the latest counts: the rows of others are marked as repeats and not
read (docs/decisions/0300-repeated-merges-are-not-read.md). Where rows are deleted, the marks of their merges are
removed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, false, or_, select, update

from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import patient_merges, patients
from ingest.ledger.studies.message_facts import NewMerge


@dataclass(frozen=True, slots=True, order=True)
class Merge:
    """The merge of one message; `as_of` orders them."""

    as_of: str
    retired_id: str
    survivor_id: str


def survivors(merges: Iterable[Merge]) -> dict[str, str]:
    """The surviving patient of each retired patient."""
    into: dict[str, str] = {}
    for merge in sorted(merges, reverse=True):
        if merge.retired_id not in into and _end(into, merge.survivor_id) != merge.retired_id:
            into[merge.retired_id] = merge.survivor_id
    return {patient_id: _end(into, patient_id) for patient_id in into}


def survivor_of(connection: Connection, patient_id: str) -> str:
    """The surviving patient: another one if this one was merged, else the same. The patient may be unknown."""
    statement = select(patients.c.survivor_id).where(patients.c.patient_id == patient_id)
    return connection.execute(statement).scalar() or patient_id


def known_as(connection: Connection, patient_id: str) -> tuple[str, ...]:
    """All pseudonyms of this patient, including merged ones; of an unknown patient the given one."""
    survivor = survivor_of(connection, patient_id)
    given_up = connection.execute(select(patients.c.patient_id).where(patients.c.survivor_id == survivor)).scalars()
    return tuple(sorted({patient_id, survivor, *given_up}))


def add(connection: Connection, merges: Sequence[tuple[int, NewMerge]]) -> None:
    """Write merges with the ids of their events. Marks those that repeat others, and those that these repeat."""
    if not merges:
        return
    latest = _latest(connection, {merge.retired_id for _, merge in merges})
    rows: list[dict[str, Any]] = []
    outdated: set[int] = set()
    place_of: dict[tuple[str, str], int] = {}
    for place, (event_id, merge) in enumerate(merges):
        pair = (merge.retired_id, merge.survivor_id)
        before, ids = latest.get(pair, ("", []))
        repeats = bool(ids or pair in place_of) and merge.as_of <= before
        rows.append(
            {
                "event_id": event_id,
                "retired_id": merge.retired_id,
                "survivor_id": merge.survivor_id,
                "as_of": merge.as_of,
                "repeats": repeats,
            }
        )
        if not repeats:
            outdated.update(ids)
            if pair in place_of:
                rows[place_of[pair]]["repeats"] = True
            place_of[pair] = place
            latest[pair] = (merge.as_of, [])
    connection.execute(patient_merges.insert(), rows)
    for chunk in chunks(sorted(outdated)):
        connection.execute(update(patient_merges).where(patient_merges.c.id.in_(chunk)).values(repeats=True))


def _latest(connection: Connection, retired: Collection[str]) -> dict[tuple[str, str], tuple[str, list[int]]]:
    """The greatest `as_of` of each merge of these patients, and the ids of the rows that are not marked."""
    found: dict[tuple[str, str], tuple[str, list[int]]] = {}
    unmarked = select(patient_merges).where(patient_merges.c.repeats.is_(false()))
    for chunk in chunks(sorted(retired)):
        for row in connection.execute(unmarked.where(patient_merges.c.retired_id.in_(chunk))):
            before, ids = found.get((row.retired_id, row.survivor_id), ("", []))
            found[row.retired_id, row.survivor_id] = (max(before, row.as_of), [*ids, row.id])
    return found


def remove(connection: Connection, event_ids: Collection[int]) -> set[str]:
    """Delete the merges of events. Returns the patients that they named."""
    retired: set[str] = set()
    survivors: set[str] = set()
    for chunk in chunks(sorted(event_ids)):
        of_events = patient_merges.c.event_id.in_(chunk)
        for row in connection.execute(select(patient_merges).where(of_events)):
            retired.add(row.retired_id)
            survivors.add(row.survivor_id)
        connection.execute(delete(patient_merges).where(of_events))
    for chunk in chunks(sorted(retired)):
        marked = patient_merges.c.retired_id.in_(chunk) & patient_merges.c.repeats
        connection.execute(update(patient_merges).where(marked).values(repeats=False))
    return retired | survivors


def settle(connection: Connection, named: Collection[str]) -> dict[str, str]:
    """Compute and store the survivor of these patients and of all patients connected with them.

    Returns the survivor of each patient for which it has changed: another patient, or the patient itself.
    """
    together, merges = _component(connection, named)
    left = survivors(merges)
    before = _noted(connection, together)
    changed = {
        patient_id: left.get(patient_id) for patient_id in together if before.get(patient_id) != left.get(patient_id)
    }
    if changed:
        statement = update(patients).where(patients.c.patient_id == bindparam("patient"))
        rows = [{"patient": patient_id, "left": left} for patient_id, left in sorted(changed.items())]
        connection.execute(statement.values(survivor_id=bindparam("left")), rows)
    return {patient_id: survivor or patient_id for patient_id, survivor in changed.items()}


def _component(connection: Connection, named: Collection[str]) -> tuple[set[str], set[Merge]]:
    """The patients that are connected with these by merges, and those merges."""
    found: set[Merge] = set()
    asked: set[str] = set()
    unmarked = select(patient_merges).where(patient_merges.c.repeats.is_(false()))
    while todo := ({name for merge in found for name in (merge.retired_id, merge.survivor_id)} | set(named)) - asked:
        asked |= todo
        for chunk in chunks(sorted(todo)):
            connects = or_(patient_merges.c.retired_id.in_(chunk), patient_merges.c.survivor_id.in_(chunk))
            rows = connection.execute(unmarked.where(connects))
            found.update(Merge(row.as_of, row.retired_id, row.survivor_id) for row in rows)
    return asked, found


def _noted(connection: Connection, patient_ids: Collection[str]) -> Mapping[str, str | None]:
    statement = select(patients.c.patient_id, patients.c.survivor_id)
    return {
        row.patient_id: row.survivor_id
        for chunk in chunks(sorted(patient_ids))
        for row in connection.execute(statement.where(patients.c.patient_id.in_(chunk)))
    }


def _end(into: Mapping[str, str], patient_id: str) -> str:
    while patient_id in into:
        patient_id = into[patient_id]
    return patient_id
