"""Agreement of readers beyond chance: Cohen, Educ Psychol Meas 20 (1960) 37; Fleiss, Psychol Bull 76 (1971) 378."""

from collections import Counter
from collections.abc import Hashable, Sequence


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two readers beyond chance; None if chance alone gives 1. Both give verdicts on the same items."""
    items = len(first)
    agreed = sum(one == other for one, other in zip(first, second, strict=True)) / items
    ours, theirs = Counter(first), Counter(second)
    return _beyond_chance(agreed, sum(ours[verdict] * theirs[verdict] for verdict in ours) / items**2)


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Agreement of several readers beyond chance; None if chance alone gives 1.

    `counts[i][j]` readers gave verdict j to item i; every item has the same number of readers, two or more.
    """
    said = [sum(column) for column in zip(*counts, strict=True)]
    return _beyond_chance(pair_agreement(counts), sum((one / sum(said)) ** 2 for one in said))


def pair_agreement(counts: Sequence[Sequence[int]]) -> float:
    """Raw agreement: the share of pairs of readers with the same verdict, over all items. `counts` as above."""
    readers = sum(counts[0])
    agreeing = sum(one * (one - 1) for row in counts for one in row)
    return agreeing / (len(counts) * readers * (readers - 1))


def _beyond_chance(agreed: float, by_chance: float) -> float | None:
    return None if by_chance >= 1 else (agreed - by_chance) / (1 - by_chance)
