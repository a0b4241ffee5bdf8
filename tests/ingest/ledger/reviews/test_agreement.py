"""The agreement of reviewers, against figures computed by hand."""

from datetime import UTC, datetime
from itertools import count

import pytest

from ingest.ledger.reviews.agreement import agreement_of
from ingest.ledger.reviews.verdicts import Assertion, FindingPosition, Review, Statement
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict

NUMBERS = count(1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LETTERS = {"c": Verdict.CORRECT, "w": Verdict.WRONG, "t": Verdict.CANNOT_TELL, "-": None}


def review(reviewer: str, place: int, letter: str) -> Review:
    claim = Assertion(Presence.PRESENT, "RID1", None, None, ())
    said = Statement("p", FindingPosition("r", False, 10 * place, 10 * place + 5), claim)
    return Review(next(NUMBERS), NOW, reviewer, True, LETTERS[letter], None, None, said, "w", "s", "c", "e", "m")


def reviews(**said: str) -> list[Review]:
    """The verdicts of each reviewer on statements 0, 1, ...; a space is none."""
    return [review(who, place, one) for who, row in said.items() for place, one in enumerate(row) if one != " "]


def test_kappa_of_the_textbook_table() -> None:
    """20 both yes, 5 yes/no, 10 no/yes, 15 both no: observed 0.7, by chance 0.5, kappa 0.4."""
    found = agreement_of(reviews(a="c" * 25 + "w" * 25, b="c" * 20 + "w" * 5 + "c" * 10 + "w" * 15))
    (pair,) = found.pairs
    assert (pair.one, pair.other, pair.both, pair.agreed) == ("a", "b", 50, 35)
    assert pair.kappa == pytest.approx(0.4)
    assert (found.statements, found.twice, found.reviewers) == (50, 50, (("a", 50), ("b", 50)))


def test_only_what_both_judged_is_compared() -> None:
    found = agreement_of(reviews(a="cw ", b=" wt", c="c-t"))
    assert [(pair.one, pair.other, pair.both, pair.agreed) for pair in found.pairs] == [
        ("a", "b", 1, 1),
        ("a", "c", 1, 1),
        ("b", "c", 1, 1),
    ]
    assert (found.statements, found.twice) == (3, 3)


def test_kappa_is_not_defined_if_both_always_say_the_same() -> None:
    assert [pair.kappa for pair in agreement_of(reviews(a="ccc", b="ccc")).pairs] == [None]
    assert [pair.kappa for pair in agreement_of(reviews(a="cw", b="wc")).pairs] == [-1.0]


def test_nothing_is_no_agreement() -> None:
    found = agreement_of([])
    assert (found.pairs, found.statements, found.twice) == ((), 0, 0)
