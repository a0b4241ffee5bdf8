"""A report corrected to another patient: it moves, and the patient before has it no more."""

from itertools import permutations

from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.events.replace import purge
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events as events_table
from ingest.ledger.study_facts import LedgerStudy
from ingest.messages import ParsedMessage
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import merge, message, receive, report, study
from tests.ingest.ledger.studies.test_placement import all_studies

WRONG, RIGHT, OTHER = "wrong", "right", "other"


def said(patient: str, status: str, text: str = "opacity", sent: float = 1.0, uid: str | None = None) -> ParsedMessage:
    """A message about the report `r`."""
    return message(study(report("r", text, status, sent), patient=patient, uid=uid), sent=sent)


def current(found: dict[str, LedgerStudy]) -> dict[str, list[str]]:
    """The current texts, by the patient that the graph would show them of; without patients who have none."""
    texts: dict[str, list[str]] = {}
    for one in found.values():
        for version in one.reports:
            if version.current:
                texts.setdefault(one.patient.patient_id, []).append(version.text)
    return texts


def name_of(ledger: Ledger, patient: str) -> str:
    """The pseudonym of a patient, told by a report that is theirs alone."""
    receive(ledger, message(study(report(f"only {patient}", patient), patient=patient)))
    (found,) = [name for name, texts in current(all_studies(ledger)).items() if patient in texts]
    return found


def warnings_of(ledger: Ledger, event_id: int) -> tuple[str, ...]:
    with ledger.read() as connection:
        event = events.get(connection, event_id)
    assert event is not None
    return event.warnings


def test_the_graph_of_the_patient_before_loses_it(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, said(WRONG, "F"))
    workers.drain(ledger, graph)
    (before,) = current(graph)
    (receipt,) = receive(ledger, said(RIGHT, "C", sent=2.0))
    workers.drain(ledger, graph)
    assert graph == all_studies(ledger)
    ((after, texts),) = current(graph).items()
    assert after != before
    assert texts == ["opacity"]
    assert all(found.extraction for found in graph.values())
    assert warnings_of(ledger, receipt.event_id) == ("report_of_other_patient",)


def numbered(number: int, patient: str, status: str, hour: float) -> ParsedMessage:
    """A message about report `number`, whose study has a UID where the number is odd."""
    uid = f"1.2.{number}" if number % 2 else None
    return message(study(report(f"r{number}", f"opacity {number}", status), patient=patient, uid=uid), sent=hour)


def owners(ledger: Ledger) -> dict[str, str]:
    """Whose each current text is."""
    return {text: patient for patient, texts in current(all_studies(ledger)).items() for text in texts}


def test_whatever_comes_first(ledger: Ledger) -> None:
    """A draft and a final report of one patient and the correction of another; then one back to the first."""
    name = name_of(ledger, RIGHT)
    for number, order in enumerate(permutations([(WRONG, "P", 1.0), (WRONG, "F", 2.0), (RIGHT, "C", 3.0)])):
        first, *others = (numbered(number, *each) for each in order)
        receive(ledger, first)
        receive(ledger, *others)
        assert owners(ledger)[f"opacity {number}"] == name
    receive(ledger, numbered(0, WRONG, "C", 4.0))
    assert owners(ledger)["opacity 0"] == name_of(ledger, WRONG)


def test_two_patients_under_one_id_keep_their_reports(ledger: Ledger) -> None:
    first, second = receive(ledger, said(WRONG, "F", "clear"), said(RIGHT, "F"))
    (third,) = receive(ledger, said(RIGHT, "C", "no opacity", 2.0))
    assert sorted(current(all_studies(ledger)).values()) == [["clear"], ["no opacity"]]
    assert {warnings_of(ledger, one.event_id) for one in (first, second, third)} == {("report_id_of_other_patient",)}


def test_a_correction_of_another_study_takes_nothing(ledger: Ledger) -> None:
    receive(ledger, said(WRONG, "F", "clear", uid="1.2"), said(RIGHT, "C", uid="1.3"))
    assert sorted(current(all_studies(ledger)).values()) == [["clear"], ["opacity"]]


def test_whose_report_is_corrected_is_not_guessed(ledger: Ledger) -> None:
    receive(ledger, said(WRONG, "F", "clear"), said(OTHER, "F", "seen"), said(RIGHT, "C"))
    assert sorted(current(all_studies(ledger)).values()) == [["clear"], ["opacity"], ["seen"]]


def test_a_correction_that_is_purged_gives_it_back(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, said(WRONG, "F", "clear"))
    (receipt,) = receive(ledger, said(RIGHT, "C"))
    workers.kill(ledger, receipt.event_id)
    workers.drain(ledger, graph)
    assert len(current(graph)) == 1
    with ledger.write() as connection:
        assert purge(connection, [receipt.event_id]).events == (receipt.event_id,)
    workers.drain(ledger, graph)
    assert list(current(graph).values()) == [["clear"]]
    assert graph == all_studies(ledger)


def test_patients_that_are_merged_have_one_report(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, said(WRONG, "F", "clear"), said(RIGHT, "C"))
    workers.drain(ledger, graph)
    receive(ledger, merge(WRONG, RIGHT))
    workers.drain(ledger, graph)
    assert list(current(graph).values()) == [["opacity"]]
    assert graph == all_studies(ledger)


def test_an_event_says_so_whichever_comes_late(ledger: Ledger) -> None:
    receive(ledger, said(RIGHT, "C"))
    (late,) = receive(ledger, said(WRONG, "F"))
    assert warnings_of(ledger, late.event_id) == ("report_of_other_patient",)
    with ledger.read() as connection:
        assert len(study_facts.all_study_keys(connection)) == 2
        assert len(connection.execute(events_table.select()).all()) == 2
