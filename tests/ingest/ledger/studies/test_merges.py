"""Patients that were found to be one: whose studies go where, in whatever order that is told."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ledger import study_facts
from ingest.ledger.events.replace import replace as replay
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import merges
from ingest.ledger.studies.merges import Merge, survivors
from ingest.ledger.study_facts import LedgerStudy
from ingest.pseudonyms import patient_id
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import (
    KEY,
    event,
    image,
    merge,
    message,
    order,
    receive,
    report,
    study,
    update,
)
from tests.ingest.ledger.studies.test_placement import emptied


def pseudonym(name: str) -> str:
    return patient_id(KEY, "HOSP", name)


def graph_after(ledger: Ledger, *said: object) -> workers.Graph:
    """What the graph shows when each message was worked off before the next one came."""
    graph: workers.Graph = {}
    for parsed in said:
        receive(ledger, parsed)
        workers.drain(ledger, graph)
    with ledger.read() as connection:
        assert graph == study_facts.load_many(connection, study_facts.all_study_keys(connection))
        by_patient = study_facts.study_keys_by_patient(connection)
    owners = {key: patient for patient, keys in by_patient.items() for key in keys}
    assert owners == {key: found.patient.patient_id for key, found in graph.items()}
    return graph


def texts(found: LedgerStudy) -> list[str]:
    return [version.text for version in found.reports if version.current]


def test_the_latest_word_on_a_patient_counts() -> None:
    assert survivors([]) == {}
    assert survivors([Merge("1", "a", "b"), Merge("2", "b", "c")]) == {"a": "c", "b": "c"}
    assert survivors([Merge("1", "a", "b"), Merge("2", "a", "c")]) == {"a": "c"}
    assert survivors([Merge("1", "a", "b"), Merge("2", "b", "a")]) == {"b": "a"}
    assert survivors([Merge("3", "a", "b"), Merge("2", "b", "c"), Merge("1", "c", "a")]) == {"a": "c", "b": "c"}


@given(st.lists(st.builds(Merge, st.sampled_from("123"), st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=6))
def test_nobody_is_lost_in_a_circle(said: list[Merge]) -> None:
    left = survivors([one for one in said if one.retired_id != one.survivor_id])
    assert not set(left) & set(left.values())


def test_the_studies_of_a_merged_patient_move(ledger: Ledger) -> None:
    graph = graph_after(
        ledger,
        message(study(report("r", "clear"), patient="old", accession="A")),
        message(study(image("1.2.3"), patient="old", uid="1.2")),
        message(study(report("s", "seen"), patient="new", accession="B")),
        merge("old", "new"),
    )
    assert {found.patient.patient_id for found in graph.values()} == {pseudonym("new")}
    assert len(graph) == 3
    assert all(found.extraction for found in graph.values())


def test_a_correction_under_the_new_number_replaces_what_was_said_under_the_old_one(ledger: Ledger) -> None:
    (found,) = graph_after(
        ledger,
        message(study(report("r", "pneumothorax", "F"), patient="old", accession="A")),
        merge("old", "new"),
        message(study(report("r", "no pneumothorax", "C"), patient="new", accession="A")),
    ).values()
    assert texts(found) == ["no pneumothorax"]
    assert [version.status for version in found.reports] == ["F", "C"]


def test_a_late_message_about_the_old_number_goes_to_the_new_one(ledger: Ledger) -> None:
    (found,) = graph_after(
        ledger, merge("old", "new"), message(study(report("r", "clear"), patient="old", accession="A"))
    ).values()
    assert found.patient.patient_id == pseudonym("new")


def test_a_uid_is_no_longer_contested_between_two_that_are_one(ledger: Ledger) -> None:
    claimed = (
        message(study(report("r", "clear"), patient="old", uid="1.2")),
        message(study(image("1.2.3"), patient="new", uid="1.2")),
    )
    assert len(graph_after(ledger, *claimed)) == 2
    emptied(ledger)
    (found,) = graph_after(ledger, *claimed, merge("old", "new")).values()
    assert found.pairing == "paired"


def test_one_life_in_every_order(ledger: Ledger) -> None:
    """P, F and C of a report under two numbers that are merged, with an update of the patient, in all 120 orders."""
    life = (
        message(study(report("r", "draft", "P"), patient="old", accession="A"), sent=1),
        message(study(report("r", "final", "F"), patient="old", accession="A"), sent=2),
        merge("old", "new", sent=3),
        message(study(report("r", "corrected", "C"), patient="new", accession="A"), sent=4),
        update("new", "male", sent=5),
    )
    (expected,) = [graph_after(ledger, *life)]
    (found,) = expected.values()
    assert texts(found) == ["corrected"]
    assert found.patient.sex == "male"
    for number, said in enumerate(permutations(life)):
        if number % 5 == 0 or ledger.reader.dialect.name == "sqlite":
            emptied(ledger)
            receive(ledger, *said[:2])
            for parsed in said[2:]:
                receive(ledger, parsed)
            with ledger.read() as connection:
                loaded = study_facts.load_many(connection, study_facts.all_study_keys(connection))
            assert {key: (texts(one), one.patient) for key, one in loaded.items()} == {
                key: (texts(one), one.patient) for key, one in expected.items()
            }


def test_a_merge_that_is_read_otherwise_in_a_replay_is_taken_back(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), patient="old", accession="A")))
    said = merge("old", "new")
    (receipt,) = receive(ledger, said)
    workers.drain(ledger, graph)
    again = event(merge("other", "new"), event(said).digest)
    with ledger.write() as connection:
        replay(connection, [(receipt.event_id, again)])
    workers.drain(ledger, graph)
    (found,) = graph.values()
    assert found.patient.patient_id == pseudonym("old")


def test_a_patient_is_updated_by_a_message_of_no_study(ledger: Ledger) -> None:
    (found,) = graph_after(
        ledger, message(study(report("r", "clear"), patient="p"), sent=1), update("p", "male", 2)
    ).values()
    assert found.patient.sex == "male"
    emptied(ledger)
    (found,) = graph_after(
        ledger, update("p", "male", 2), message(study(report("r", "clear"), patient="p"), sent=1)
    ).values()
    assert found.patient.sex == "male"


def test_an_order_alone_is_no_study_and_later_tells_what_it_is(ledger: Ledger) -> None:
    assert graph_after(ledger, order(uid="1.2", accession="A")) == {}
    (found,) = graph_after(ledger, message(study(report("r", "clear"), accession="A"))).values()
    assert (found.study_uid, found.modality) == ("1.2", "DX")


def test_survivor_of_one_who_was_not_merged_is_the_same(ledger: Ledger) -> None:
    receive(ledger, merge("old", "new"))
    with ledger.read() as connection:
        assert merges.survivor_of(connection, pseudonym("old")) == pseudonym("new")
        assert merges.survivor_of(connection, pseudonym("new")) == pseudonym("new")
        assert merges.survivor_of(connection, "unknown") == "unknown"


pytestmark = pytest.mark.timeout(120)
