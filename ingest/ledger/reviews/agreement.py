"""How far reviewers agree: pairs of persons who judged the same statement, with Cohen's kappa. Pure functions."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from ingest.ledger.reviews.verdicts import Review, Statement
from vlmkg.kappa import cohen_kappa
from vlmkg.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two reviewers, by name in order: the statements that both judged, and those with the same verdict.

    `kappa` is None if it is not defined: both gave one and the same verdict to all.
    """

    one: str
    other: str
    both: int
    agreed: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The reviewers with the number of statements that each judged, and their pairs. `twice`: judged by two or more."""

    reviewers: tuple[tuple[str, int], ...]
    statements: int
    twice: int
    pairs: tuple[PairAgreement, ...]


def agreement_of(counting: Iterable[Review]) -> Agreement:
    """The agreement of the verdicts that count (verdicts.standing)."""
    by_statement: dict[Statement, dict[str, Verdict]] = defaultdict(dict)
    for review in counting:
        if review.verdict is not None:
            by_statement[review.statement][review.reviewer] = review.verdict
    together: dict[tuple[str, str], list[tuple[Verdict, Verdict]]] = defaultdict(list)
    judged: Counter[str] = Counter()
    for verdicts in by_statement.values():
        judged.update(list(verdicts))
        for one, other in combinations(sorted(verdicts), 2):
            together[one, other].append((verdicts[one], verdicts[other]))
    pairs = tuple(_pair(one, other, said) for (one, other), said in sorted(together.items()))
    twice = sum(len(verdicts) > 1 for verdicts in by_statement.values())
    return Agreement(tuple(sorted(judged.items())), len(by_statement), twice, pairs)


def _pair(one: str, other: str, said: list[tuple[Verdict, Verdict]]) -> PairAgreement:
    agreed = sum(first is second for first, second in said)
    return PairAgreement(one, other, len(said), agreed, cohen_kappa(*zip(*said, strict=True)))
