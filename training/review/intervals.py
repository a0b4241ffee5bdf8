"""Confidence intervals of shares: Wilson, J Am Stat Assoc 22 (1927) 209."""

from math import sqrt

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a share. Raises ZeroDivisionError without trials."""
    share, square = hits / trials, Z * Z / trials
    middle = (share + square / 2) / (1 + square)
    half = Z * sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
