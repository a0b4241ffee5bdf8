"""Percentile intervals by resampling reports. The seed is fixed, so tables are reproducible to the digit."""

import random
from collections.abc import Callable, Sequence

TIMES = 1000
SEED = 0
Draw = list[int]


def draws(reports: int) -> list[Draw]:
    """TIMES samples of report positions, with replacement."""
    rng = random.Random(SEED)  # noqa: S311 (resampling, not a secret)
    return [[rng.randrange(reports) for _ in range(reports)] for _ in range(TIMES)]


def interval(statistic: Callable[[Draw], float], samples: Sequence[Draw]) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile of a statistic of a sample."""
    values = sorted(statistic(sample) for sample in samples)
    cut = len(values) // 40
    return values[cut], values[-1 - cut]
