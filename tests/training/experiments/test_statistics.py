"""Intervals and rank correlations against independent formulas."""

from math import gamma, pi, sqrt
from random import Random

import numpy as np
import pytest

from training.bootstrap import draws, interval
from training.experiments.statistics import T_975, correlation, over_reports, over_seeds, ranks, spearman
from training.metrics import f1


@pytest.mark.parametrize("freedom", range(1, 10))
def test_the_percentiles_are_student_s(freedom):
    """The density's integral up to the percentile, by the midpoint rule, is 0.475 from 0 on."""
    top, steps = T_975[freedom - 1], 20000
    middle = (np.arange(steps) + 0.5) * top / steps
    scale = gamma((freedom + 1) / 2) / (sqrt(freedom * pi) * gamma(freedom / 2))
    density = scale * (1 + middle**2 / freedom) ** (-(freedom + 1) / 2)

    assert density.sum() * top / steps == pytest.approx(0.475, abs=2e-6)


def test_the_interval_over_three_seeds():
    found = over_seeds([0.2, 0.3, 0.4])

    assert found.mean == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.3 - 4.3027 * 0.1 / sqrt(3), 0.3 + 4.3027 * 0.1 / sqrt(3)))
    assert over_seeds([0.5]).low is None
    with pytest.raises(ValueError, match="11 seeds"):
        over_seeds([0.0] * 11)


def test_the_interval_over_reports_is_the_bootstrap_s_own():
    rng = Random(0)
    counts = [(hits := rng.randrange(5), hits + rng.randrange(3), hits + rng.randrange(3)) for _ in range(40)]

    def summed(draw):
        return f1(tuple(sum(counts[at][part] for at in draw) for part in range(3)))

    found = over_reports(counts)
    assert found.mean == pytest.approx(summed(range(40)))
    assert (found.low, found.high) == pytest.approx(interval(summed, draws(40)))
    assert over_reports([(0, 0, 0)]).mean == 0.0


def test_spearman_is_the_formula_without_ties_and_shares_ranks_with_them():
    a, b = [3.0, 1.0, 4.0, 1.5, 5.0], [2.0, 7.0, 1.0, 8.0, 2.5]
    place = [sorted(one).index for one in (a, b)]
    squares = sum((place[0](x) - place[1](y)) ** 2 for x, y in zip(a, b, strict=True))

    assert spearman(a, b) == pytest.approx(1 - 6 * squares / (5 * 24))
    assert list(ranks(np.array([7, 3, 7, 9]))) == [2.5, 1, 2.5, 4]
    assert spearman(a, [x**3 for x in a]) == pytest.approx(1)
    assert spearman(a, [1.0] * 5) == 0.0


def test_a_correlation_lies_in_its_interval():
    rng = Random(1)
    a = [rng.random() for _ in range(60)]
    found = correlation(a, [x + rng.random() for x in a])

    assert -1 <= found.low < found.mean < found.high <= 1
