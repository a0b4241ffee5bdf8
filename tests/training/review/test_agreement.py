"""Kappas and intervals against the figures that their authors, or others, published."""

import pytest

from training.review.intervals import wilson
from vlmkg.kappa import cohen_kappa, fleiss_kappa, pair_agreement

# Fleiss (1971), table 1: thirty patients, six psychiatrists each, five diagnoses.
DIAGNOSES = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)
# Cohen (1960), table 2: two judges, two hundred patients, three diagnoses.
JUDGES = ((88, 14, 18), (10, 40, 10), (2, 6, 12))


def test_fleiss_kappa_of_fleiss_own_table():
    counts = [[int(count) for count in row] for row in DIAGNOSES.split()]

    assert (len(counts), {sum(row) for row in counts}) == (30, {6})
    assert pair_agreement(counts) == pytest.approx(0.556, abs=0.0005)
    assert fleiss_kappa(counts) == pytest.approx(0.430, abs=0.0005)


def test_cohens_kappa_of_cohens_own_table():
    pairs = [(row, column) for row in range(3) for column in range(3) for _ in range(JUDGES[row][column])]
    first, second = zip(*pairs, strict=True)

    assert len(pairs) == 200
    assert cohen_kappa(first, second) == pytest.approx(0.492, abs=0.0005)
    assert cohen_kappa(first, first) == 1


def test_of_one_verdict_alone_there_is_no_kappa():
    assert cohen_kappa("aaa", "aaa") is None
    assert fleiss_kappa([[3, 0], [3, 0]]) is None
    assert pair_agreement([[3, 0], [3, 0]]) == 1


def test_agreement_worse_than_chance_is_below_zero():
    assert cohen_kappa("ab", "ba") == -1
    assert fleiss_kappa([[1, 1], [1, 1]]) == -1


# Newcombe, Stat Med 17 (1998) 857, table I, method 3.
@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_as_newcombe_gives_it(hits, trials, low, high):
    assert wilson(hits, trials) == pytest.approx((low, high), abs=0.00005)


def test_all_right_is_not_sure():
    assert wilson(20, 20) == pytest.approx((1 - 0.1611, 1), abs=0.00005)
