"""One evaluation: gold reports, predictions, and all figures of their agreement."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training import metrics
from training.bleu_rouge import Surface, surface
from training.bootstrap import Draw, draws, interval
from training.documents import Document, Raw, read_document
from training.hallucination import not_entailed
from training.radgraph_f1 import LEVELS, radgraph_f1
from vlmkg.errors import UsageError

COMPARED = ("entity", "relation", "presence")


@dataclass(frozen=True, slots=True)
class Compared:
    """The difference of two predictions of the same reports, by paired bootstrap over reports (95 %)."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one prediction. `against` has the differences from a second one, or is empty."""

    reports: int
    scores: dict[str, metrics.Score]
    presence_accuracy: dict[str, float]
    radgraph_f1: dict[str, metrics.Score]
    invalid: dict[str, int]
    invalid_rate: float
    hallucinated: int
    hallucination_rate: float
    paper_form: dict[str, Surface]
    against: dict[str, Compared]

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Per report: counts and rewards; in total: invalid items, and the number of all items."""

    documents: list[Document]
    counts: list[dict[str, metrics.Counts]]
    rewards: list[dict[str, float]]
    invalid: Counter[str]
    said: int


def evaluate(
    gold: Mapping[str, Raw], predicted: Mapping[str, Raw], other: Mapping[str, Raw] | None = None
) -> Evaluation:
    """Score `predicted` against `gold`, and compare with `other`. Reports missing from a prediction count as empty.

    Raises UsageError if gold has no report.
    """
    if not gold:
        raise UsageError("the gold file has no reports", "give a gold file with reports")
    truth = [read_document(doc, tuple(doc["text"].split()), Counter()) for doc in gold.values()]
    rows = _rows(gold, truth, predicted)
    samples = draws(len(truth))
    wrong = [not_entailed(*pair) for pair in zip(truth, rows.documents, strict=True)]
    hallucinated, said = sum(w for w, _ in wrong), sum(s for _, s in wrong)
    return Evaluation(
        reports=len(truth),
        scores=metrics.scores(rows.counts, samples),
        presence_accuracy=metrics.presence_accuracy(rows.counts),
        radgraph_f1={level: _mean(rows.rewards, level, samples) for level in LEVELS},
        invalid=dict(rows.invalid),
        invalid_rate=rows.invalid.total() / rows.said if rows.said else 0.0,
        hallucinated=hallucinated,
        hallucination_rate=hallucinated / said if said else 0.0,
        paper_form=surface(truth, rows.documents),
        against=_compare(rows, _rows(gold, truth, other), samples) if other is not None else {},
    )


def _rows(gold: Mapping[str, Raw], truth: Sequence[Document], predicted: Mapping[str, Raw]) -> _Rows:
    invalid: Counter[str] = Counter()
    unknown = len(set(predicted) - set(gold))
    if unknown:
        invalid["reports not in gold"] = unknown
    raw = [predicted.get(key, {}) for key in gold]
    documents = [read_document(doc, true.tokens, invalid) for doc, true in zip(raw, truth, strict=True)]
    pairs = list(zip(truth, documents, strict=True))
    entities = [entity for doc in raw for entity in doc.get("entities", {}).values()]
    said = len(entities) + sum(len(entity.get("relations", [])) for entity in entities)
    return _Rows(
        documents, [metrics.count(*pair) for pair in pairs], [radgraph_f1(*pair) for pair in pairs], invalid, said
    )


def _mean(rewards: Sequence[dict[str, float]], level: str, samples: Sequence[Draw]) -> metrics.Score:
    values = [reward[level] for reward in rewards]
    mean = sum(values) / len(values)
    low, high = interval(lambda draw: sum(values[at] for at in draw) / len(draw), samples)
    return metrics.Score(mean, mean, mean, len(values), len(values), low, high)


def _compare(ours: _Rows, theirs: _Rows, samples: Sequence[Draw]) -> dict[str, Compared]:
    everything = list(range(len(ours.counts)))
    found = {}
    for name in COMPARED:

        def by_f1(draw: Draw, name: str = name) -> float:
            mine = metrics.f1(metrics.total((ours.counts[at] for at in draw), name))
            return mine - metrics.f1(metrics.total((theirs.counts[at] for at in draw), name))

        found[name] = Compared(by_f1(everything), *interval(by_f1, samples))
    for level in LEVELS:

        def by_reward(draw: Draw, level: str = level) -> float:
            return sum(ours.rewards[at][level] - theirs.rewards[at][level] for at in draw) / len(draw)

        found[f"radgraph-f1 {level}"] = Compared(by_reward(everything), *interval(by_reward, samples))
    return found
