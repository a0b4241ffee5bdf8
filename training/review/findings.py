"""The result of a review: accuracy of the triplets by type, agreement of the readers, and disagreements."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from training.review.folder import Verdicts
from training.review.intervals import wilson
from training.review.sheets import Judgement
from vlmkg.kappa import cohen_kappa, fleiss_kappa, pair_agreement
from vlmkg.verdicts import Verdict

GOAL = 0.9
"""The goal of raw agreement: the share of pairs of readers with the same verdict."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The share of correct items among the decided ones, with its 95 % interval; None without any."""

    correct: int
    decided: int
    undecided: int
    share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Findings:
    """A review's result. An item's verdict is that of more than half of the readers, else it is undecided.

    `weighted` is the accuracy over all triplets of the graphs: types are weighted by their number.
    `kappas` are Cohen's by pairs of readers; a kappa is None if all verdicts are the same.
    """

    by_type: dict[str, Accuracy]
    by_presence: dict[str, Accuracy]
    by_reader: dict[str, Accuracy]
    all_items: Accuracy
    weighted: float | None
    agreement: float
    kappas: dict[str, float | None]
    fleiss: float | None
    disagreements: list[str]

    @property
    def goal_met(self) -> bool:
        """Whether raw agreement reaches the goal."""
        return self.agreement >= GOAL


def findings(verdicts: Verdicts) -> Findings:
    """The result of a review."""
    items, readers = verdicts.items, verdicts.readers
    said = {name: [judged[name].verdict for judged in readers.values()] for name in items}
    decided = {name: majority(one) for name, one in said.items()}
    counts = [[one.count(verdict) for verdict in Verdict] for one in said.values()]
    by_type = _grouped(decided, lambda name: items[name].relation)
    return Findings(
        by_type=by_type,
        by_presence=_grouped(decided, lambda name: items[name].says),
        by_reader={name: accuracy(one.verdict for one in judged.values()) for name, judged in readers.items()},
        all_items=accuracy(decided.values()),
        weighted=_weighted(by_type, verdicts.triplets),
        agreement=pair_agreement(counts),
        kappas=_pairs(readers, list(items)),
        fleiss=fleiss_kappa(counts),
        disagreements=[name for name, one in said.items() if len(set(one)) > 1],
    )


def majority(said: list[Verdict]) -> Verdict | None:
    """The verdict of more than half, None if there is none."""
    verdict, votes = Counter(said).most_common(1)[0]
    return verdict if 2 * votes > len(said) else None


def accuracy(decided: Iterable[Verdict | None]) -> Accuracy:
    """The share of correct ones among those that are correct or wrong."""
    votes = Counter(decided)
    correct, all_of_them = votes[Verdict.CORRECT], votes.total()
    known = correct + votes[Verdict.WRONG]
    if not known:
        return Accuracy(0, 0, all_of_them, None, None)
    return Accuracy(correct, known, all_of_them - known, correct / known, wilson(correct, known))


def _grouped(decided: Mapping[str, Verdict | None], group: Callable[[str], str]) -> dict[str, Accuracy]:
    names = sorted({group(name) for name in decided})
    return {one: accuracy(verdict for name, verdict in decided.items() if group(name) == one) for one in names}


def _weighted(by_type: Mapping[str, Accuracy], triplets: Mapping[str, int]) -> float | None:
    known = {name: one.share for name, one in by_type.items() if one.share is not None}
    total = sum(triplets[name] for name in known)
    return sum(share * triplets[name] for name, share in known.items()) / total if known else None


def _pairs(readers: Mapping[str, Mapping[str, Judgement]], items: list[str]) -> dict[str, float | None]:
    columns = {name: [judged[item].verdict for item in items] for name, judged in readers.items()}
    return {f"{one}, {other}": cohen_kappa(columns[one], columns[other]) for one, other in combinations(columns, 2)}
