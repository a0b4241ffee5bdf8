"""What operators and programs read of events, extractions and audit."""

from dataclasses import replace

from ingest.ledger import study_facts
from ingest.ledger.access import audit
from ingest.ledger.events import claims, events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.events.record import record
from ingest.ledger.readings import extractions
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import reports
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import event, message, receive, report, study
from tests.ingest.ledger.events.test_claims import receive_some, take


def refused(ledger: Ledger, reason: str, source: str = "ris") -> int:
    made = replace(event(message(source=source), digest=reason), reason=reason, detail="no")
    with ledger.write() as connection:
        return record(connection, [made])[0].event_id


def test_lists_pages_and_counts(ledger: Ledger) -> None:
    received = receive_some(ledger, 3)
    bad = refused(ledger, "unreadable", source="b")
    with ledger.read() as connection:
        assert [found.id for found in events.list_events(connection, limit=2)] == [bad, received[2]]
        assert [found.id for found in events.list_events(connection, limit=9, before=received[2])] == received[1::-1]
        for where, expected in (
            (EventFilter(state=State.REFUSED), [bad]),
            (EventFilter(reason="unreadable"), [bad]),
            (EventFilter(source="b"), [bad]),
            (EventFilter(ids=(received[0], 999)), [received[0]]),
            (EventFilter(state=State.REFUSED, source="ris"), []),
            (EventFilter(), [*received, bad]),
        ):
            assert events.ids(connection, where) == expected
            assert events.count(connection, where) == len(expected)
        assert events.summary(connection) == dict.fromkeys(State, 0) | {State.RECEIVED: 3, State.REFUSED: 1}
        assert events.reasons(connection, State.REFUSED) == {"unreadable": 1}
        assert events.outcomes(connection, [received[0], bad, 999]) == {
            received[0]: (State.RECEIVED, None),
            bad: (State.REFUSED, "unreadable"),
        }
        assert events.get(connection, 999) is None


def test_studies_and_patients_of_events(ledger: Ledger) -> None:
    said = message(study(report("a", "clear"), uid="1.2"), study(report("b", "clear"), uid="1.3"))
    (receipt,) = receive(ledger, said)
    bad = refused(ledger, "unreadable")
    with ledger.read() as connection:
        found = events.study_keys(connection, [receipt.event_id, bad])
        assert found == {receipt.event_id: tuple(study_facts.all_study_keys(connection)), bad: ()}
        assert len(events.patient_ids(connection, [receipt.event_id, bad])) == 1


def test_texts_by_key(ledger: Ledger) -> None:
    receive(ledger, message(study(report("a", "clear"), report("b", "opacity"), uid="1.2")))
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
        texts = reports.texts(connection, [version.report_key for version in found.reports] + ["unknown"])
    assert sorted(texts.values()) == ["clear", "opacity"]


def test_the_first_committed_result_is_kept(ledger: Ledger) -> None:
    receive(ledger, message(study(report("a", "clear"))))
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    first = workers.reject(found, "type_pair")
    second = replace(first, extraction=replace(first.extraction, result='{"second": true}'))
    for reading in (first, second):
        with ledger.write() as connection:
            extractions.commit(connection, [reading])
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
        assert found.extraction == first.extraction
        assert extractions.find(connection, [first.extraction.extraction_id]) == {
            first.extraction.extraction_id: first.extraction
        }
        assert [row.triplet.reason for row in extractions.rejections(connection, limit=9)] == ["type_pair"]
        (row,) = extractions.rejections(connection, limit=9)
        assert (row.study_key, row.triplet) == (found.study_key, first.rejections[0])
        assert extractions.rejections(connection, reason="self_loop", limit=9) == []
        assert extractions.rejections(connection, limit=9, before=row.id) == []


def test_another_engine_is_selected_and_the_old_result_stays(ledger: Ledger) -> None:
    receive(ledger, message(study(report("a", "clear"))))
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    old, new = workers.reading_of(found, "old"), workers.reading_of(found, "new")
    for reading, selected in ((old, old), (new, new), (old, old)):
        with ledger.write() as connection:
            extractions.commit(connection, [reading])
        with ledger.read() as connection:
            assert study_facts.load(connection, found.study_key).extraction == selected.extraction


def test_a_new_version_is_not_shown_with_the_old_reading(ledger: Ledger) -> None:
    receive(ledger, message(study(report("a", "clear"))))
    workers.drain(ledger, {})
    receive(ledger, message(study(report("a", "opacity", "C"))))
    with ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    assert found.extraction is None


def test_events_are_found_by_what_was_rejected_in_them(ledger: Ledger) -> None:
    first, second = receive_some(ledger, 2)
    for claim in take(ledger):
        with ledger.read() as connection:
            (key,) = events.study_keys(connection, [claim.event_id])[claim.event_id]
            found = study_facts.load(connection, key)
        reading = workers.reject(found, "type_pair") if claim.event_id == first else workers.reading_of(found)
        claims.complete_extract(ledger, [(claim, [reading])])
    with ledger.read() as connection:
        assert events.ids(connection, EventFilter(reason="type_pair")) == [first]
    third = receive(ledger, message(study(report("other", "clear"), patient="other")))[0].event_id
    workers.kill(ledger, third)
    with ledger.read() as connection:
        assert events.ids(connection, EventFilter(reason="extract_failed")) == [third]
        assert events.reasons(connection, State.DEAD) == {"extract_failed": 1}
    assert second


def test_the_audit_trail(ledger: Ledger) -> None:
    audit.record(ledger, actor="admin", action="patient", patients=["q", "p", "q"], outcome="ok")
    audit.record(ledger, actor="viewer", action="patients", patients=[], outcome="denied")
    with ledger.read() as connection:
        newest, oldest = audit.entries(connection, limit=9)
        assert audit.entries(connection, limit=9, before=newest.id) == [oldest]
    assert (oldest.actor, oldest.action, oldest.patients, oldest.outcome) == ("admin", "patient", ("p", "q"), "ok")
    assert (newest.patients, newest.outcome) == ((), "denied")
