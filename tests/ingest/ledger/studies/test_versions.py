"""Which versions of a report are current, whatever the order of arrival."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ledger.studies.versions import Standing, Version, standings
from tests.ingest.ledger.builders import at


def said(
    text: str,
    status: str,
    *,
    issued: float | None = None,
    sent: float | None = None,
    addendum: bool = False,
    report: str = "r",
    message: str = "m",
    arrival: int = 0,
    exam: str | None = None,
) -> Version:
    times: list[datetime | None] = [None if hours is None else at(hours) for hours in (issued, sent)]
    return Version(
        report, f"{report}/{text}", report, status, addendum, times[0], times[1], text, message, arrival, exam
    )


def current(words: list[Version]) -> list[str]:
    return [standing.version.text_digest for standing in standings(words) if standing.current]


def test_a_late_preliminary_changes_nothing() -> None:
    words = [said("final", "F", issued=2), said("wet read", "P", issued=1)]
    assert [(s.version.text_digest, s.number, s.current, s.supersedes) for s in standings(words)] == [
        ("wet read", 1, False, None),
        ("final", 2, True, "r/wet read"),
    ]


def test_status_comes_before_time() -> None:
    assert current([said("a", "F", issued=9), said("b", "C", issued=1)]) == ["b"]


def test_issued_time_comes_before_message_time_and_digest() -> None:
    assert current([said("z", "F", issued=1, sent=9), said("a", "F", issued=2, sent=1)]) == ["a"]
    assert current([said("z", "F", sent=1), said("a", "F", sent=2)]) == ["a"]
    assert current([said("z", "F"), said("a", "F")]) == ["z"]


def test_an_unknown_time_is_earlier_than_any() -> None:
    assert current([said("z", "F"), said("a", "F", issued=-10_000)]) == ["a"]


def test_the_same_text_under_a_new_status_is_the_same_version() -> None:
    found = standings([said("a", "P", issued=1), said("b", "F", issued=2), said("a", "C", issued=3)])
    assert [(s.version.text_digest, s.version.status, s.number) for s in found] == [("b", "F", 1), ("a", "C", 2)]
    assert found[1].current


def test_an_addendum_stands_beside_the_report() -> None:
    words = [said("body", "F"), said("first", "F", addendum=True), said("second", "C", addendum=True)]
    found = standings(words)
    assert [s.version.text_digest for s in found if s.current] == ["body", "first", "second"]
    assert {s.supersedes for s in found if s.version.addendum} == {None}


def test_an_addendum_outlives_the_version_that_it_came_with() -> None:
    assert current([said("body", "F"), said("more", "F", addendum=True), said("corrected", "C")]) == [
        "more",
        "corrected",
    ]


def test_a_preliminary_addendum_gives_way() -> None:
    words = [said("body", "F"), said("draft", "P", addendum=True)]
    assert current(words) == ["draft", "body"]
    assert current([*words, said("signed", "F", addendum=True)]) == ["body", "signed"]


def test_a_withdrawal_leaves_nothing_current_and_does_not_touch_other_reports() -> None:
    words = [
        said("body", "C", issued=9),
        said("more", "F", addendum=True),
        said("", "X", issued=1, sent=10),
        said("other", "P", report="q"),
    ]
    assert current(words) == ["other"]


@pytest.mark.parametrize("status", ["P", "F", "C"])
@pytest.mark.parametrize("text", ["old", "new"])
def test_what_is_sent_after_a_withdrawal_is_current(status: str, text: str) -> None:
    words = [said("old", "F", sent=1), said("", "X", sent=2), said(text, status, sent=3)]
    assert {tuple(current(list(order))) for order in permutations(words)} == {(text,)}


def test_what_was_sent_before_a_withdrawal_and_comes_late_stays_withdrawn() -> None:
    words = [said("", "X", sent=2, arrival=1), said("late", "C", sent=1, arrival=2), said("more", "F", addendum=True)]
    assert current(words) == []


def test_of_equal_or_unknown_times_the_later_message_counts() -> None:
    for sent in (None, 1.0):
        assert current([said("z", "F", sent=sent, arrival=1), said("a", "F", sent=sent, arrival=2)]) == ["a"]
        assert current([said("a", "X", sent=sent, arrival=1), said("a", "F", sent=sent, arrival=2)]) == ["a"]
        assert current([said("a", "F", sent=sent, arrival=1), said("a", "X", sent=sent, arrival=2)]) == []


def test_exams_under_one_report_id_have_versions_of_their_own() -> None:
    chest, knee = "XR CHEST 2 VIEWS", "XR KNEE"
    words = [
        said("draft", "P", sent=1, exam="XR CHEST 1 VIEW"),
        said("chest", "F", sent=2, exam=chest),
        said("knee", "F", sent=3, exam=knee),
    ]
    assert current(words) == ["chest", "knee"]
    assert current([*words, said("", "X", sent=4, exam=knee)]) == ["chest"]
    assert current([*words, said("", "X", sent=4)]) == []
    found = standings([*words, said("untold", "P", sent=5)])
    assert [standing.number for standing in found] == [1, 2, 3, 4]
    assert {standing.version.text_digest for standing in found if standing.current} == {"chest", "knee"}


def test_addenda_do_not_break_the_chain_of_versions() -> None:
    words = [said("a", "P"), said("more", "F", addendum=True, issued=-1), said("b", "F", issued=1)]
    found = {s.version.text_digest: s for s in standings(words)}
    assert found["b"].supersedes == "r/a"


def test_every_order_of_one_reports_life() -> None:
    life = [
        said("draft", "P", issued=1, sent=1),
        said("final", "F", issued=2, sent=2),
        said("final", "F", issued=2, sent=3),
        said("corrected", "C", issued=3, sent=4),
        said("more", "F", issued=4, sent=5, addendum=True),
    ]
    assert {tuple(standings(list(order))) for order in permutations(life)} == {tuple(standings(life))}
    withdrawn = [*life, said("", "X", issued=0, sent=6)]
    assert all(current(list(order)) == [] for order in permutations(withdrawn))


hours = st.none() | st.integers(0, 3).map(float)
words_said = st.lists(
    st.builds(
        lambda text, status, issued, sent, addendum, report, message: said(
            text, status, issued=issued, sent=sent, addendum=addendum, report=report, message=message
        ),
        st.sampled_from("abc"),
        st.sampled_from("PFCX"),
        hours,
        hours,
        st.booleans(),
        st.sampled_from("qr"),
        st.sampled_from("xyz"),
    ),
    max_size=8,
)


@given(words_said, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(words: list[Version], random) -> None:
    shuffled = list(words)
    random.shuffle(shuffled)
    assert standings(shuffled) == standings(words)


@given(words_said)
def test_invariants(words: list[Version]) -> None:
    by_report: dict[str, list[Standing]] = {}
    for standing in standings(words):
        by_report.setdefault(standing.version.item_key, []).append(standing)
    assert {word.report_key for word in words} == {s.version.report_key for found in by_report.values() for s in found}
    for report, found in by_report.items():
        assert [s.number for s in found] == list(range(1, len(found) + 1))
        withdrawals = [word for word in words if word.item_key == report and word.status == "X"]
        withdrawn = bool(withdrawals)
        bodies = [s for s in found if s.current and not s.version.addendum]
        assert len(bodies) <= 1
        assert all(s.version.is_after(word) for s in found if s.current for word in withdrawals)
        if not withdrawn and any(not s.version.addendum for s in found):
            assert len(bodies) == 1


@pytest.mark.parametrize("first", ["document", "replacement"])
def test_a_document_that_another_one_replaces_is_never_current_again(first: str) -> None:
    """The replacement withdraws it, whichever of the two arrives first and whatever their times."""
    arrival = {"document": 1, "replacement": 2} if first == "document" else {"document": 2, "replacement": 1}
    document = said("old", "F", sent=1, arrival=arrival["document"])
    withdrawal = replace(said("", "X", sent=1, arrival=arrival["replacement"]), lasting=True)
    assert current([document, withdrawal]) == []
    assert current([document, replace(withdrawal, message_time=None)]) == []
