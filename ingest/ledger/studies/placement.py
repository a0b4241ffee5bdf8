"""Assign the items of messages to studies, and update other studies that this joins, splits or renames.

Runs inside the receiving transaction, one at a time in the whole system, so that each decision sees all facts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ingest.event_warnings import EventWarning
from ingest.ledger.requeue import requeue_studies
from ingest.ledger.studies import corrections, graph_outbox, repeats
from ingest.ledger.studies import sightings as stored
from ingest.ledger.studies.assignment import StudyReference, assign
from ingest.ledger.studies.corrections import ReportWord
from ingest.ledger.studies.message_facts import NewSighting
from ingest.ledger.studies.renamed_sightings import RenamedSighting
from ingest.ledger.studies.sightings import StoredSighting

ADVISORY_LOCK = 0x564C4D50
"""The PostgreSQL advisory lock under which studies are joined and split."""

WITHDRAWN, PRELIMINARY = "X", "P"

NOT_CURRENT = EventWarning.NOT_CURRENT
"""Warning of an event with another text that was sent later, but has a lower status: a preliminary after a final, a
final after a correction. The text is not read."""

CONFLICTING_VERSION = EventWarning.CONFLICTING_VERSION
"""Warning of an event with another text under an existing report id and status, or other pixels under an existing image
UID."""


@dataclass(frozen=True, slots=True)
class AddedSighting:
    """A new sighting, and its event."""

    event_id: int
    sighting: NewSighting
    place: StudyReference


def serialise(connection: Connection) -> None:
    """Wait until no other transaction assigns studies. SQLite has only one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})


@dataclass(frozen=True, slots=True)
class ChangedSightings:
    """Changed sightings: deleted, or moved to another patient, by this event."""

    removed: Sequence[StoredSighting] = ()
    renamed: Sequence[RenamedSighting] = ()
    event_id: int | None = None

    @property
    def places(self) -> list[StudyReference]:
        """Their study references."""
        return [old.place for old in self.removed] + [one.old.place for one in self.renamed]

    @property
    def events(self) -> list[int]:
        """Their events."""
        return [old.event_id for old in self.removed] + [one.old.event_id for one in self.renamed]


NOTHING_GONE = ChangedSightings()


def place(
    connection: Connection, added: Sequence[AddedSighting], gone: ChangedSightings = NOTHING_GONE
) -> dict[int, set[str]]:
    """Write the new sightings, each into its study, and move those that belong to another study now.

    The changes in `gone` are already in the database. Call `serialise` first. Returns the warnings of events: another
    text under the same report id and status, other pixels under the same image UID, or a report id that is also used
    for another patient's report.
    """
    fresh = [new.place for new in added]
    contested = _contested(connection, fresh + [one.place for one in gone.renamed])
    known = _entangled(connection, fresh + [one.place for one in gone.renamed], gone.places, contested)
    places = fresh + [old.place for old in known]
    keys = assign(places, _contested(connection, places) if known else contested)
    repeated = repeats.repeats_among(known, [(new.sighting, new.place) for new in added])
    stored.insert(connection, [(new.event_id, new.sighting) for new in added], keys, repeated.added)
    repeats.mark(connection, repeated.stored)
    moved = {old.place.item_key for old in known if keys[old.place.item_key] != old.study_key}
    stored.move(connection, {item: keys[item] for item in moved})
    namesakes = _namesakes(connection, added, gone)
    _follow_up(connection, keys, added, known, gone, namesakes)
    return _warnings(added, known, namesakes)


def _entangled(
    connection: Connection, fresh: Sequence[StudyReference], gone: Sequence[StudyReference], contested: Set[str]
) -> list[StoredSighting]:
    """The sightings whose study may have changed."""
    places = [*fresh, *gone]
    return stored.closure(
        connection,
        items={place.item_key for place in places},
        accessions={place.accession_key for place in places if place.accession_key},
        # A UID's other sightings are renamed when a second patient gets it, and when the second is removed.
        uids=contested | {place.study_uid for place in gone if place.study_uid},
    )


def _namesakes(connection: Connection, added: Sequence[AddedSighting], gone: ChangedSightings) -> list[ReportWord]:
    """All statements under report ids that other patients have, too, or had until now."""
    new = {report.report_id for one in added if (report := one.sighting.report)}
    old = {known.report_id for known in (*gone.removed, *(one.old for one in gone.renamed)) if known.report_id}
    shared = corrections.of_several(connection, new - old)
    return shared + corrections.of_reports(connection, old) if old else shared


def _contested(connection: Connection, places: Sequence[StudyReference]) -> set[str]:
    """The UIDs of these references that more than one patient has."""
    seen = {(place.study_uid, place.patient_id) for place in places if place.study_uid}
    patients: dict[str, set[str]] = defaultdict(set)
    for uid, patient_id in seen | stored.patients_with_uids(connection, {uid for uid, _ in seen}):
        patients[uid].add(patient_id)
    return {uid for uid, found in patients.items() if len(found) > 1}


def _follow_up(
    connection: Connection,
    keys: Mapping[str, str],
    added: Sequence[AddedSighting],
    known: Sequence[StoredSighting],
    gone: ChangedSightings,
    namesakes: Sequence[ReportWord],
) -> None:
    """Mark moved studies for the graph, and requeue studies that lost or gained reports by another study's event."""
    own = {new.place.item_key for new in added}.union(place.item_key for place in gone.places)
    brought = {(new.event_id, keys[new.place.item_key]) for new in added}
    moves = {(old.study_key, key) for old in known if (key := keys[old.place.item_key]) != old.study_key}
    moves |= {(old.study_key, old.study_key) for old in gone.removed if (old.event_id, old.study_key) not in brought}
    # The study keeps its key, but has another patient now.
    moves |= {(one.old.study_key, keys[one.place.item_key]) for one in gone.renamed}
    # A correction that names another patient moves the report, or no longer does.
    moves |= {(word.study_key, word.study_key) for word in namesakes if word.item_key not in own}
    if not moves:
        return
    causes = {key: event_id for event_id, key in sorted(brought)}
    some_event = gone.event_id or max([new.event_id for new in added] or gone.events)
    graph_outbox.mark(
        connection, [(causes.get(new_key, some_event), old_key, new_key) for old_key, new_key in sorted(moves)]
    )
    requeue_studies(connection, {key for move in moves for key in move} - set(causes))


def _warnings(
    added: Sequence[AddedSighting], known: Sequence[StoredSighting], namesakes: Sequence[ReportWord]
) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for event_id in _conflicting_reports(added, known) | _conflicting_images(added, known):
        found[event_id].add(CONFLICTING_VERSION)
    for event_id in _outranked(added, known):
        found[event_id].add(NOT_CURRENT)
    patients: dict[str, set[str]] = defaultdict(set)
    for word in namesakes:
        patients[word.report_id].add(word.patient_id)
    moved = corrections.given_up(namesakes)
    taken = {word.report_id for word in namesakes if word.item_key in moved}
    for new in added:
        report = new.sighting.report
        if report and len(patients[report.report_id]) > 1:
            found[new.event_id].add(corrections.MOVED if report.report_id in taken else corrections.SHARED)
    return found


def _conflicting_reports(added: Sequence[AddedSighting], known: Sequence[StoredSighting]) -> set[int]:
    texts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for old in known:
        if old.report_key and old.status and not old.addendum:
            texts[old.place.item_key, old.status].add(old.report_key)
    found = set()
    for new in added:
        report = new.sighting.report
        if report is None or report.addendum or report.status == WITHDRAWN:
            continue
        same = texts[new.place.item_key, report.status]
        if same - {report.report_key}:
            found.add(new.event_id)
        same.add(report.report_key)
    return found


def _outranked(added: Sequence[AddedSighting], known: Sequence[StoredSighting]) -> set[int]:
    """The events with a later text under a lower status than others of the same report."""
    standing: dict[str, list[StoredSighting]] = defaultdict(list)
    for old in known:
        if old.report_key and old.status not in (PRELIMINARY, WITHDRAWN) and not old.addendum:
            standing[old.place.item_key].append(old)
    found = set()
    for new in added:
        report = new.sighting.report
        if report is None or report.addendum or report.status == WITHDRAWN:
            continue
        rank, *times, _, _ = new.place.precedence
        for old in standing[new.place.item_key]:
            old_rank, *old_times, _, _ = old.place.precedence
            if old.report_key != report.report_key and rank < old_rank and times > old_times:
                found.add(new.event_id)
    return found


def _conflicting_images(added: Sequence[AddedSighting], known: Sequence[StoredSighting]) -> set[int]:
    """Images with other pixels under the same UID.

    Another encoding counts as other pixels: they are not decoded here.
    """
    pixels: dict[str, set[str]] = defaultdict(set)
    for old in known:
        if old.pixel_digest:
            pixels[old.place.item_key].add(old.pixel_digest)
    found = set()
    for new in added:
        image = new.sighting.image
        if image is None or image.pixel_digest is None:
            continue
        same = pixels[new.place.item_key]
        if same - {image.pixel_digest}:
            found.add(new.event_id)
        same.add(image.pixel_digest)
    return found
