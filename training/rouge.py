"""ROUGE-L of one reference and one hypothesis, by the longest common subsequence of their words (Lin, 2004).

It equals the package rouge-score without stemming, which the tests check: words are runs of a to z and digits,
lower case.
"""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[a-z0-9]+")


def rouge_l(reference: str, hypothesis: str) -> float:
    """The F-measure (0 to 1): harmonic mean of the shares of both texts' words that are in the common subsequence."""
    wanted, said = _WORD.findall(reference.lower()), _WORD.findall(hypothesis.lower())
    common = _longest_common(wanted, said)
    return 2 * common / (len(wanted) + len(said)) if common else 0.0


def _longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, in O(n m) time and O(m) memory."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for at, other in enumerate(second, start=1):
            before, row[at] = row[at], before + 1 if word == other else max(row[at], row[at - 1])
    return row[-1]
