"""Means with intervals over seeds and over reports, and rank correlation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np

from training.bootstrap import draws
from training.metrics import Counts

T_975 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
"""The 97.5th percentile of Student's t with 1, 2, ... degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; `low` and `high` are None if one run alone gives none."""

    mean: float
    low: float | None = None
    high: float | None = None


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of one value per seed, with Student's t interval. Raises ValueError without values or with over ten."""
    if not 1 <= len(values) <= len(T_975) + 1:
        raise ValueError(f"{len(values)} seeds: from 1 to {len(T_975) + 1} can be summed up")
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Estimate(mean)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    half = T_975[len(values) - 2] * sqrt(variance / len(values))
    return Estimate(mean, mean - half, mean + half)


def over_reports(counts: Sequence[Counts]) -> Estimate:
    """F1 of (hits, predicted, gold) summed over reports, with the percentile interval of `training.bootstrap`.

    A share is an F1 too: (hits, all, all).
    """
    table = np.asarray(counts, dtype=np.int64).reshape(-1, 3)
    values = np.sort(_f1(table[_draws(len(table))].sum(axis=1)))
    cut = len(values) // 40
    return Estimate(float(_f1(table.sum(axis=0)[None])[0]), float(values[cut]), float(values[-1 - cut]))


def wilson(hits: int, number: int) -> Estimate | None:
    """The share hits / number with Wilson's score interval (95 %); None if the number is 0."""
    if not number:
        return None
    z = 1.959964
    share = hits / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    # Exactly 0 and 1 at the ends, where rounding would cross them.
    return Estimate(share, 0.0 if not hits else middle - half, 1.0 if hits == number else middle + half)


def spearman(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 if either is constant."""
    a, b = (ranks(np.asarray(one, dtype=float)) for one in (first, second))
    a, b = a - a.mean(), b - b.mean()
    scale = sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale else 0.0


def correlation(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Spearman's correlation with the percentile interval over resampled pairs."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    values = sorted(spearman(a[draw], b[draw]) for draw in _draws(len(a)))
    cut = len(values) // 40
    return Estimate(spearman(first, second), values[cut], values[-1 - cut])


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value from 1 on; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: np.ndarray = (last - counts + 1 + last) / 2
    return means[inverse]


@cache
def _draws(reports: int) -> np.ndarray:
    return np.asarray(draws(reports))


def _f1(totals: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N,); 0 if both sides are empty."""
    below = totals[:, 1] + totals[:, 2]
    found: np.ndarray = np.where(below > 0, 2 * totals[:, 0] / np.maximum(below, 1), 0.0)
    return found
