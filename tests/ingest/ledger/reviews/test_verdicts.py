"""Which verdicts count, of which facts they are, and what they come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Review, Statement, about, standing, state_of
from vlmkg.schema import Presence
from vlmkg.verdicts import ReviewState, Verdict

CORRECT, WRONG, CANNOT_TELL = Verdict
START = datetime(2026, 1, 1, tzinfo=UTC)
EFFUSION = Assertion(Presence.PRESENT, "RID34539", "left", None, ("RID1326",))
AT = FindingPosition("report", False, 10, 18)
SAID = Statement("patient", AT, EFFUSION)


def given(number: int, reviewer: str, verdict: Verdict | None, said: Statement = SAID, may_read: bool = True) -> Review:
    at = START + timedelta(hours=number)
    words = "effusion", "findings", "pleural effusion", "x1", "m1"
    return Review(number, at, reviewer, may_read, verdict, None, None, said, *words)


def state(*reviews: Review, finding: Statement = SAID) -> ReviewState:
    return state_of(about(standing(reviews), finding))


def saying(**changes: object) -> Statement:
    return replace(SAID, claim=replace(EFFUSION, **changes))  # type: ignore[arg-type]


def standing_at(source: str = "report", film: bool = False, start: int = 10, end: int = 18) -> Statement:
    return replace(SAID, place=FindingPosition(source, film, start, end))


@pytest.mark.parametrize(
    ("readers", "others", "expected"),
    [
        ([], [], "unreviewed"),
        ([CORRECT], [], "confirmed"),
        ([WRONG], [], "rejected"),
        ([CANNOT_TELL], [], "undecided"),
        ([CORRECT, CANNOT_TELL], [], "confirmed"),
        ([WRONG, CANNOT_TELL], [], "rejected"),
        ([CORRECT, WRONG], [], "contested"),
        ([WRONG, WRONG, CORRECT], [], "contested"),
        ([], [CORRECT], "undecided"),
        ([], [WRONG], "contested"),
        ([], [CANNOT_TELL], "undecided"),
        ([CORRECT], [WRONG], "contested"),
        ([WRONG], [CORRECT], "rejected"),
        ([CANNOT_TELL], [CORRECT], "undecided"),
    ],
)
def test_what_verdicts_come_to(readers: list[Verdict], others: list[Verdict], expected: str) -> None:
    """Only who may read the report confirms and rejects, and nobody else takes a rejection away."""
    reviews = [given(number, f"reader {number}", verdict) for number, verdict in enumerate(readers)]
    reviews += [given(9 + n, f"other {n}", verdict, may_read=False) for n, verdict in enumerate(others)]
    assert state(*reviews) == expected
    assert state(*reversed(reviews)) == expected


def test_the_latest_word_of_each_reviewer_counts() -> None:
    assert state(given(1, "a", WRONG), given(2, "a", CORRECT)) is ReviewState.CONFIRMED
    assert state(given(2, "a", CORRECT), given(1, "a", WRONG)) is ReviewState.CONFIRMED
    assert state(given(1, "a", WRONG), given(2, "b", CORRECT)) is ReviewState.CONTESTED


def test_a_verdict_can_be_taken_back_by_who_gave_it_alone() -> None:
    assert state(given(1, "a", WRONG), given(2, "a", None)) is ReviewState.UNREVIEWED
    assert state(given(1, "a", WRONG), given(2, "b", None)) is ReviewState.REJECTED
    assert state(given(1, "a", WRONG), given(2, "a", None), given(3, "a", WRONG)) is ReviewState.REJECTED


@pytest.mark.parametrize(
    "other",
    [
        saying(presence=Presence.UNCERTAIN),
        saying(concept_code="RID5352"),
        saying(laterality="right"),
        saying(severity="mild"),
        saying(place_codes=()),
    ],
)
def test_a_verdict_on_something_else_at_the_same_words_is_shown_and_holds_no_more(other: Statement) -> None:
    (found,) = about(standing([given(1, "a", WRONG)]), other)
    assert not found.holds
    assert state(given(1, "a", WRONG), finding=other) is ReviewState.UNREVIEWED


def test_verdicts_on_both_stand_side_by_side_and_are_taken_back_together() -> None:
    """So that neither is lost where the one engine's reading stands again."""
    denied = saying(presence=Presence.ABSENT)
    reviews = given(1, "a", WRONG), given(2, "a", CORRECT, denied)
    assert (state(*reviews), state(*reviews, finding=denied)) == (ReviewState.REJECTED, ReviewState.CONFIRMED)
    assert standing([*reviews, given(3, "a", None, denied)]) == []


@pytest.mark.parametrize(
    ("place", "holds"),
    [
        (standing_at(start=2, end=18), True),
        (standing_at(start=17, end=30), True),
        (standing_at(start=18, end=30), False),
        (standing_at(start=0, end=10), False),
        (standing_at(source="another"), False),
        (standing_at(film=True), False),
        (replace(SAID, patient_id="another"), False),
    ],
)
def test_a_verdict_follows_the_fact_where_its_words_are_shared(place: Statement, holds: bool) -> None:
    """Two engines may take a longer and a shorter span for the same finding."""
    assert (state(given(1, "a", WRONG), finding=place) is ReviewState.REJECTED) is holds
    assert bool(about([given(1, "a", WRONG)], place)) is holds


def test_in_a_film_a_verdict_follows_the_concept() -> None:
    film = replace(SAID, place=FindingPosition("1.2.3", True, 0, 0))
    elsewhere = replace(film, place=FindingPosition("1.2.4", True, 0, 0))
    other = replace(film, claim=replace(EFFUSION, concept_code="RID5352"))
    assert state(given(1, "a", WRONG, film), finding=film) is ReviewState.REJECTED
    assert about([given(1, "a", WRONG, film)], elsewhere) == []
    assert about([given(1, "a", WRONG, film)], other) == []
