"""Marking repeats changes no study and no warning, and keeps the placing of a message that comes again bounded."""

import random

import pytest
from sqlalchemy import func, select, update

from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.events.replace import replace as replay
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import metadata, patient_merges, patients, sightings
from ingest.ledger.studies import merges
from ingest.ledger.studies import sightings as stored
from tests.ingest.ledger.builders import event, image, merge, message, receive, report, study
from tests.ingest.ledger.studies.test_placement import all_studies

PATIENTS, REPORTS, ACCESSIONS, UIDS = ["p", "q"], ["r", "s"], [None, "A", "B"], [None, "1.2", "1.3"]


def some_message(chance: random.Random, number: int):
    """A report or film of few patients, names and texts, so that most state what others have stated."""
    if chance.random() < 0.4:
        return message(study(report("r", "clear"), patient="p", accession="A"), sent=number)
    if chance.random() < 0.1:
        return merge(*chance.sample(PATIENTS, 2), sent=number)
    content = (
        image("1.2.3", chance.choice("de"))
        if chance.random() < 0.2
        else report(chance.choice(REPORTS), chance.choice(["clear", "seen"]), chance.choice("PFFFC"))
    )
    said = study(content, patient=chance.choice(PATIENTS), uid=chance.choice(UIDS), accession=chance.choice(ACCESSIONS))
    return message(said, sent=chance.choice([None, number, chance.randrange(40)]), source="ris")


def unmarked(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.execute(update(sightings).values(repeats=False))
        connection.execute(update(patient_merges).values(repeats=False))


def state(ledger: Ledger):
    """Studies, warnings, and the survivor of each patient."""
    with ledger.read() as connection:
        found = events.list_events(connection, EventFilter(), limit=1000)
        left = dict(connection.execute(select(patients.c.patient_id, patients.c.survivor_id)).all())
    return all_studies(ledger), {one.id: one.warnings for one in found}, left


def marked(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return sum(
            connection.execute(select(func.count()).where(table.c.repeats)).scalar_one()
            for table in (sightings, patient_merges)
        )


def some_merge(chance: random.Random, number: int):
    """A merge among few patients, often one that was stated before, with an equal, an earlier or a later time."""
    return merge(*chance.sample("pqrs", 2), sent=chance.choice([number, 3, chance.randrange(40)]))


@pytest.mark.parametrize("makes", [some_message, some_merge])
@pytest.mark.parametrize("seed", range(8))
def test_a_ledger_without_marks_is_the_same(tmp_path, ledger: Ledger, seed: int, makes) -> None:
    """Ours is on each of the two databases."""
    chance = random.Random(seed)
    ours, twin = ledger, open_ledger(f"sqlite:///{tmp_path}/twin.sqlite")
    events_of = []
    most = 0
    for number in range(60):
        if events_of and chance.random() < 0.15:
            again = chance.choice(events_of)
            for ledger in (ours, twin):
                with ledger.write() as connection:
                    replay(connection, [again])
        else:
            parsed = makes(chance, number)
            receipts = [receive(ledger, parsed)[0] for ledger in (ours, twin)]
            if not receipts[0].duplicate:
                events_of.append((receipts[0].event_id, event(parsed)))
        unmarked(twin)
        most = max(most, marked(ours))
        if number % 5 == 4:
            assert state(ours) == state(twin)
    assert most > 0
    twin.close()


def test_what_is_read_of_a_report_stays_bounded(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    for number in range(30):
        receive(ledger, message(study(report("r", "clear"), accession="A"), sent=number))
    with ledger.read() as connection:
        (item,) = connection.execute(select(sightings.c.item_key).distinct()).scalars()
        assert connection.execute(select(func.count()).select_from(sightings)).scalar_one() == 30
        assert len(stored.closure(connection, [item], [], [])) <= 3


def test_what_is_read_of_a_merge_stays_bounded(ledger: Ledger) -> None:
    for number in range(30):
        receive(ledger, merge("old", "new", sent=(7 * number) % 30))
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(patient_merges)).scalar_one() == 30
        (unmarked,) = connection.execute(select(patient_merges).where(~patient_merges.c.repeats)).all()
        assert unmarked.as_of == connection.execute(select(func.max(patient_merges.c.as_of))).scalar_one()
        assert len(merges._component(connection, [unmarked.retired_id])[1]) == 1


def test_the_study_of_repeats_moves_with_the_others(ledger: Ledger) -> None:
    for number in range(5):
        receive(ledger, message(study(report("x", "clear"), patient="z", accession="Z"), sent=number))
    receive(ledger, message(study(image("1.9.9"), patient="z", uid="1.9", accession="Z")))
    with ledger.read() as connection:
        keys = connection.execute(
            select(sightings.c.study_key)
            .where(sightings.c.report_id.is_not(None))
            .where(sightings.c.accession.is_not(None))
        ).scalars()
        assert len(set(keys)) == 1
