"""ROUGE-L beside the package that others use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from training.rouge import rouge_l

TWIN = RougeScorer(["rougeL"])
WORDS = ("left", "Effusion", "located_at", "lung", ";", "modify", "2", "cm", "T6-7", "no")
LINES = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@given(LINES | st.text(max_size=40), LINES | st.text(max_size=40))
def test_it_is_the_package_s_f_measure(reference: str, hypothesis: str) -> None:
    theirs = TWIN.score(reference, hypothesis)["rougeL"].fmeasure
    assert rouge_l(reference, hypothesis) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("a b c d", "a b c d", 1.0),
        ("a b c d", "d c b a", 0.25),
        ("a b c d", "a x c", 4 / 7),
        ("", "", 0.0),
        ("a", "", 0.0),
        ("; ,", "; ,", 0.0),
    ],
)
def test_cases_that_can_be_counted_by_hand(reference: str, hypothesis: str, expected: float) -> None:
    assert rouge_l(reference, hypothesis) == pytest.approx(expected)
