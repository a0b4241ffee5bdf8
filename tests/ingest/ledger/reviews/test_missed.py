"""Marks of missed findings in the ledger: which count, and what a purge removes."""

from ingest.ledger.events.replace import purge
from ingest.ledger.reviews import missed
from ingest.ledger.reviews.missed import NewMark, Target
from ingest.ledger.storage.database import Ledger
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import message, report, study
from tests.ingest.ledger.reviews.test_reviews import worked
from vlmkg.schema import Presence, RelationType


def marked(ledger: Ledger, report_key: str, patient_id: str, reviewer: str = "a") -> int:
    target = Target(RelationType.LOCATED_AT, 12, 16, "lung")
    new = NewMark(reviewer, patient_id, report_key, 0, 8, "Effusion", Presence.PRESENT, None, None, target, "a word")
    with ledger.write() as connection:
        return missed.add(connection, new)


def test_a_mark_comes_back_as_it_was_written_and_ends_when_it_is_withdrawn(ledger: Ledger) -> None:
    found = worked(ledger, message(study(report("r1", "Effusion in lung."), uid="1.2")))
    key, patient = found.reports[0].report_key, found.patient.patient_id
    number = marked(ledger, key, patient)
    with ledger.read() as connection:
        (mark,) = missed.of_study(connection, found.study_key)
        assert missed.everything(connection) == [mark]
    target = Target(RelationType.LOCATED_AT, 12, 16, "lung")
    assert (mark.id, mark.said.target, mark.said.note) == (number, target, "a word")
    with ledger.write() as connection:
        assert missed.withdraw(connection, number, "b") is None
        assert missed.withdraw(connection, number, "a") == mark
        assert missed.of_reports(connection, [key]) == []


def test_a_purge_removes_the_marks_of_what_is_gone(ledger: Ledger) -> None:
    first = message(study(report("r1", "Effusion in lung."), uid="1.2"), sent=1)
    again = message(study(report("r1", "Effusion in lung."), uid="1.2"), sent=2)
    found = worked(ledger, first, again)
    key = found.reports[0].report_key
    marked(ledger, key, found.patient.patient_id)
    left = []
    for event_id in (1, 2):
        workers.kill_again(ledger, event_id)
        with ledger.write() as connection:
            purge(connection, [event_id])
            left.append(len(missed.of_reports(connection, [key])))
    assert left == [1, 0]
