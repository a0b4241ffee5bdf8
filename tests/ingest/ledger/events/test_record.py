"""Recording events: duplicates, facts, versions in conflict, patients."""

from dataclasses import replace
from datetime import date
from itertools import permutations

from sqlalchemy import select

from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.events.record import record
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import patients, report_texts, sightings
from ingest.ledger.study_facts import LedgerStudy
from tests.ingest.ledger.builders import at, event, image, message, receive, report, study


def all_studies(ledger: Ledger) -> dict[str, LedgerStudy]:
    with ledger.read() as connection:
        return study_facts.load_many(connection, study_facts.all_study_keys(connection))


def only_study(ledger: Ledger) -> LedgerStudy:
    (found,) = all_studies(ledger).values()
    return found


def warnings_of(ledger: Ledger, event_id: int) -> tuple[str, ...]:
    with ledger.read() as connection:
        found = events.get(connection, event_id)
    assert found
    return found.warnings


def test_ids_follow_the_order_of_arrival(ledger: Ledger) -> None:
    receipts = receive(ledger, *(message(study(report(name, "clear"))) for name in "cab"))
    ids = [receipt.event_id for receipt in receipts]
    assert ids == sorted(ids)
    with ledger.read() as connection:
        assert [events.get(connection, id_).external_id for id_ in ids] == ["c", "a", "b"]


def test_a_resend_is_counted_and_does_nothing(ledger: Ledger) -> None:
    said = message(study(report("r", "clear")))
    first, second = receive(ledger, said, said)
    (third,) = receive(ledger, said)
    assert [first.duplicate, second.duplicate, third.duplicate] == [False, True, True]
    assert first.event_id == second.event_id == third.event_id
    with ledger.read() as connection:
        found = events.get(connection, first.event_id)
        assert found.deliveries == 3
        assert found.state is State.RECEIVED
        assert events.count(connection) == 1
        assert len(connection.execute(select(sightings.c.id)).all()) == 1


def test_duplicates_among_new_ones(ledger: Ledger) -> None:
    old = message(study(report("a", "clear")))
    new = message(study(report("b", "clear")))
    receive(ledger, old)
    receipts = receive(ledger, new, old, new, old)
    assert [receipt.duplicate for receipt in receipts] == [False, True, True, True]
    with ledger.read() as connection:
        assert [found.deliveries for found in events.list_events(connection, limit=9)] == [2, 3]


def test_the_same_bytes_of_another_source_are_another_event(ledger: Ledger) -> None:
    said = message(study(report("r", "clear")))
    with ledger.write() as connection:
        receipts = record(connection, [event(said, "d"), event(message(study(report("r", "clear")), source="b"), "d")])
    assert [receipt.duplicate for receipt in receipts] == [False, False]


def test_what_is_loaded_is_what_was_said(ledger: Ledger) -> None:
    receive(ledger, message(study(report("r", "clear", issued=1), image("1.2.3"), uid="1.2", accession="A"), sent=2))
    found = only_study(ledger)
    assert (found.study_uid, found.pairing) == ("1.2", "paired")
    assert found.patient.sex == "female"
    assert found.accession
    assert "A" not in {found.accession, found.reports[0].report_id}
    (version,) = found.reports
    assert (version.text, version.status, version.version, version.current) == ("clear", "F", 1, True)
    assert version.issued_at == at(1)
    assert [(film.sop_instance_uid, film.view, film.rows, film.columns) for film in found.images] == [
        ("1.2.3", "PA", 10, 20)
    ]
    assert found.extraction is None


def test_other_words_under_the_same_id_and_status_are_a_warning(ledger: Ledger) -> None:
    (first,) = receive(ledger, message(study(report("r", "clear"))))
    (second,) = receive(ledger, message(study(report("r", "not clear")), warnings=("odd_clock",)))
    assert warnings_of(ledger, first.event_id) == ()
    assert warnings_of(ledger, second.event_id) == ("odd_clock", "conflicting_version")
    assert [version.text for version in only_study(ledger).reports] == ["clear", "not clear"]


def test_the_same_words_another_status_addenda_and_withdrawals_are_none(ledger: Ledger) -> None:
    receipts = receive(
        ledger,
        message(study(report("r", "clear", "P"))),
        message(study(report("r", "clear", "F"))),
        message(study(report("r", "clear", "F")), sent=1),
        message(study(report("r", "corrected", "C"))),
        message(study(report("r", "more", addendum=True))),
        message(study(report("r", "still more", addendum=True))),
        message(study(report("q", "other"))),
        message(study(report("r", "", "X"))),
        message(study(report("r", "withdrawn", "X"))),
    )
    assert {warnings_of(ledger, receipt.event_id) for receipt in receipts} == {()}


def test_one_message_that_contradicts_itself(ledger: Ledger) -> None:
    (receipt,) = receive(ledger, message(study(report("r", "clear"), report("r", "not clear"))))
    assert warnings_of(ledger, receipt.event_id) == ("conflicting_version",)


def test_a_text_is_kept_once(ledger: Ledger) -> None:
    receive(ledger, *(message(study(report("r", "clear", status))) for status in "PFC"))
    with ledger.read() as connection:
        assert len(connection.execute(select(report_texts)).all()) == 1


def test_patients_are_who_the_latest_message_says(ledger: Ledger) -> None:

    def told(sent: float | None, sex: str | None, born: date | None):
        said = study(report(f"r{sent}", "clear"), patient="p")
        return message(replace(said, patient=replace(said.patient, sex=sex, birth_date=born)), sent=sent)

    words = [
        told(1, "female", date(1950, 1, 1)),
        told(2, "unknown", None),
        told(3, None, date(1951, 1, 1)),
        told(None, "male", None),
    ]
    for number, order in enumerate(permutations(words)):
        renamed = [
            replace(said, studies=(replace(s, patient=replace(s.patient, identifier=f"p{number}")),))
            for said in order
            for s in said.studies
        ]
        for said in renamed:
            receive(ledger, said)
    with ledger.read() as connection:
        rows = connection.execute(select(patients.c.sex, patients.c.birth_date)).all()
    assert {tuple(row) for row in rows} == {("unknown", date(1951, 1, 1))}


def test_an_event_without_facts(ledger: Ledger) -> None:

    refused = replace(event(message()), reason="unreadable", detail="no message")
    with ledger.write() as connection:
        (receipt,) = record(connection, [refused])
        (again,) = record(connection, [refused])
    assert (receipt.state, receipt.reason, again.duplicate) == (State.REFUSED, "unreadable", True)
    assert all_studies(ledger) == {}


def test_a_bare_study_waits_for_its_report(ledger: Ledger) -> None:
    receive(ledger, message(study(uid="1.2")))
    assert only_study(ledger).pairing == "waiting_for_report"


def test_a_withdrawn_report_leaves_nothing_to_read(ledger: Ledger) -> None:
    receive(ledger, message(study(report("r", "clear"))))
    before = only_study(ledger).input_digest
    receive(ledger, message(study(report("r", "", "X"))))
    found = only_study(ledger)
    assert [version.current for version in found.reports] == [False, False]
    assert found.input_digest != before
