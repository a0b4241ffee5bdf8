"""Reviews in the ledger: kept on both databases, followed by the graph, wherever their report or film goes."""

from collections.abc import Collection

import pytest
from sqlalchemy import func, select

from ingest.ledger import study_facts
from ingest.ledger.events.replace import purge
from ingest.ledger.reviews import reviews
from ingest.ledger.reviews.reviews import NewReview
from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Statement
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import finding_reviews, patients
from ingest.ledger.studies import graph_outbox
from ingest.ledger.study_facts import LedgerStudy
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import image, merge, message, receive, report, study
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict

CLAIM = Assertion(Presence.PRESENT, "RID34539", "left", None, ("RID1326", "RID56"))


def add(ledger: Ledger, of: LedgerStudy, place: FindingPosition, verdict: Verdict | None = Verdict.WRONG) -> None:
    assert of.extraction
    said = Statement(of.patient.patient_id, place, CLAIM)
    words = "effusion", "findings", "pleural effusion", of.extraction.extraction_id, "m1"
    with ledger.write() as connection:
        reviews.add(connection, NewReview("a", True, verdict, Presence.ABSENT, "a word", said, *words))


def all_studies(ledger: Ledger) -> Collection[LedgerStudy]:
    with ledger.read() as connection:
        return study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()


def worked(ledger: Ledger, *said: object) -> LedgerStudy:
    """The only study, once all that is said was worked off."""
    receive(ledger, *said)  # type: ignore[arg-type]
    workers.drain(ledger, {})
    (found,) = all_studies(ledger)
    return found


def test_a_review_comes_back_as_it_was_given(ledger: Ledger) -> None:
    found = worked(ledger, message(study(report("r1", "Effusion."), uid="1.2")))
    place = FindingPosition(found.reports[0].report_key, False, 0, 8)
    add(ledger, found, place)
    (back,) = worked(ledger).verdicts
    assert back.statement == Statement(found.patient.patient_id, place, CLAIM)
    assert (back.reviewer, back.may_read, back.verdict, back.presence) == ("a", True, Verdict.WRONG, Presence.ABSENT)
    assert (back.note, back.words, back.section) == ("a word", "effusion", "findings")
    assert back.at.tzinfo is not None


def test_the_graph_has_to_follow_a_review(ledger: Ledger) -> None:
    found = worked(ledger, message(study(report("r1", "Effusion."), uid="1.2")))
    add(ledger, found, FindingPosition(found.reports[0].report_key, False, 0, 8))
    with ledger.read() as connection:
        assert graph_outbox.waiting(connection)
        assert graph_outbox.plan(connection, ()).study_keys == (found.study_key,)


@pytest.mark.parametrize("film", [False, True])
def test_a_verdict_goes_along_where_its_patient_was_merged_and_its_study_got_another_name(
    ledger: Ledger, film: bool
) -> None:
    content = image("1.2.1") if film else report("r1", "Effusion.")
    found = worked(ledger, message(study(content, patient="p2", accession="A1"), sent=1))
    if film:
        # A film alone is not read by the engine of these tests.
        found = worked(ledger, message(study(report("r9", "Clear."), patient="p2", accession="A1"), sent=2))
    source = "1.2.1" if film else found.reports[0].report_key
    add(ledger, found, FindingPosition(source, film, 0, 0 if film else 8))
    moved = worked(ledger, merge("p2", "p1", sent=3))
    assert moved.patient.patient_id != found.patient.patient_id
    assert moved.study_key != found.study_key
    assert [each.verdict for each in moved.verdicts] == [Verdict.WRONG]


def test_one_film_of_two_patients_is_two(ledger: Ledger) -> None:
    said = [study(image("1.2.1"), report(f"r{p}", "Clear."), patient=p, uid=f"1.{p[1:]}") for p in ("p1", "p2")]
    receive(ledger, *map(message, said))
    workers.drain(ledger, {})
    one, other = all_studies(ledger)
    add(ledger, one, FindingPosition("1.2.1", True, 0, 0))
    by_key = {each.study_key: len(each.verdicts) for each in all_studies(ledger)}
    assert by_key == {one.study_key: 1, other.study_key: 0}


def test_a_verdict_that_was_taken_back_does_not_reach_the_study(ledger: Ledger) -> None:
    found = worked(ledger, message(study(report("r1", "Effusion."), uid="1.2")))
    place = FindingPosition(found.reports[0].report_key, False, 0, 8)
    add(ledger, found, place)
    add(ledger, found, place, verdict=None)
    assert worked(ledger).verdicts == ()


def test_a_purge_removes_the_reviews_of_what_is_gone_and_no_others(ledger: Ledger) -> None:
    first = message(study(report("r1", "Effusion."), image("1.2.1"), uid="1.2"), sent=1)
    again = message(study(report("r1", "Effusion."), uid="1.2"), sent=2)
    found = worked(ledger, first, again)
    add(ledger, found, FindingPosition(found.reports[0].report_key, False, 0, 8))
    add(ledger, found, FindingPosition("1.2.1", True, 0, 0))

    def purged(event_id: int) -> list[str]:
        workers.kill_again(ledger, event_id)
        with ledger.write() as connection:
            purge(connection, [event_id])
        with ledger.read() as connection:
            return list(connection.execute(select(finding_reviews.c.source)).scalars())

    assert purged(1) == [found.reports[0].report_key]
    assert purged(2) == []
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(patients)).scalar_one() == 0
