"""Sightings that only repeat what others state, so that placing a message does not read them again.

A report that is sent a thousand times under new control ids has a thousand sightings. What is decided from them (the
study, the current version, warnings) needs only the first and the last of those that state the same: the order of
messages is all that differs between them. The others are marked as repeats. Where sightings are deleted or renamed the
marks of their items are removed, and the next message of the item makes them anew.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, update

from ingest.ledger.storage.bulk import chunks
from ingest.ledger.storage.tables import sightings
from ingest.ledger.studies.assignment import StudyReference
from ingest.ledger.studies.message_facts import NewSighting
from ingest.ledger.studies.sightings import StoredSighting

Statement = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Stored sightings, by id, and new ones, by their position, that are neither first nor last of their statement."""

    stored: frozenset[int]
    added: frozenset[int]


def repeats_among(known: Sequence[StoredSighting], added: Sequence[tuple[NewSighting, StudyReference]]) -> Repeats:
    """Which of these sightings only repeat others. `known`: all that are not marked yet of the items of `added`."""
    said: dict[Statement, list[tuple[Any, bool, int]]] = defaultdict(list)
    for old in known:
        said[_stored_statement(old)].append((old.place.precedence, False, old.id))
    for position, (new, place) in enumerate(added):
        said[_new_statement(new, place)].append((place.precedence, True, position))
    between = [one for same in said.values() if len(same) > 2 for one in sorted(same)[1:-1]]
    return Repeats(
        frozenset(number for _, is_new, number in between if not is_new),
        frozenset(number for _, is_new, number in between if is_new),
    )


def mark(connection: Connection, ids: Collection[int]) -> None:
    """Mark stored sightings as repeats."""
    for chunk in chunks(sorted(ids)):
        connection.execute(update(sightings).where(sightings.c.id.in_(chunk)).values(repeats=True))


def unmark(connection: Connection, items: Collection[str]) -> None:
    """Remove the marks of all sightings of these items."""
    for chunk in chunks(sorted(items)):
        connection.execute(
            update(sightings).where(sightings.c.item_key.in_(chunk), sightings.c.repeats).values(repeats=False)
        )


def _stored_statement(old: StoredSighting) -> Statement:
    return (*_of_place(old.place), old.report_key, old.addendum, old.pixel_digest, old.report_id, old.sop_instance_uid)


def _new_statement(new: NewSighting, place: StudyReference) -> Statement:
    report, image = new.report, new.image
    return (
        *_of_place(place),
        report.report_key if report else None,
        report.addendum if report else None,
        image.pixel_digest if image else None,
        report.report_id if report else None,
        image.sop_instance_uid if image else None,
    )


def _of_place(place: StudyReference) -> Statement:
    rank, issued, _, content, _ = place.precedence
    return place.patient_id, place.item_key, place.study_uid, place.accession_key, rank, issued, content
