"""Precision, recall and F1 of predicted report graphs against gold ones, micro-averaged over reports.

entity      same span and same label (RadGraph's own NER score)
relation    same two spans, both labels, same type (RadGraph's own strict relation score)
triplet     same lower-cased head words, type, tail words, as a multiset, whatever the spans and labels
presence    observations only: same span and same presence
loose       overlapping ends of relations, modify in either direction; best one-to-one matching
accuracy    share of found observation spans with the right presence
Names with a colon are parts by type: `entity:OBS-U`, `relation:located_at`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.bootstrap import Draw, interval
from training.documents import LABELS, Document, Edge, Span
from vlmkg.schema import RelationType

OBSERVATIONS = LABELS[1:]
Counts = tuple[int, int, int]
"""(hits, predicted, gold) of one report."""


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table. `low` and `high` bound the F1 (95 %, over reports); None for parts by type."""

    precision: float
    recall: float
    f1: float
    gold: int
    predicted: int
    low: float | None = None
    high: float | None = None


def count(gold: Document, predicted: Document) -> dict[str, Counts]:
    """All counts of one report by name."""
    return {
        **_entity_counts(gold, predicted),
        **_relation_counts(gold, predicted),
        **_presence_counts(gold, predicted),
        "loose": (_matched(gold.relations, predicted.relations), len(predicted.relations), len(gold.relations)),
    }


def total(rows: Iterable[dict[str, Counts]], name: str) -> Counts:
    """The sum of one name's counts over reports."""
    hits = predicted = gold = 0
    for row in rows:
        h, p, g = row[name]
        hits, predicted, gold = hits + h, predicted + p, gold + g
    return hits, predicted, gold


def f1(counts: Counts) -> float:
    """The harmonic mean of precision and recall; 0 if both sides are empty."""
    hits, predicted, gold = counts
    return 2 * hits / (predicted + gold) if predicted + gold else 0.0


def scores(rows: Sequence[dict[str, Counts]], samples: Sequence[Draw]) -> dict[str, Score]:
    """The table over all reports, without the accuracies."""
    names = [name for name in rows[0] if not name.startswith("accuracy")]
    return {name: _score(rows, name, samples) for name in names}


def presence_accuracy(rows: Sequence[dict[str, Counts]]) -> dict[str, float]:
    """By gold label, the share of found observation spans with the right presence; `mean` is the unweighted mean."""
    found = {}
    for label in OBSERVATIONS:
        hits, spans, _ = total(rows, f"accuracy:{label}")
        found[label] = hits / spans if spans else 0.0
    return {"mean": sum(found.values()) / len(found), **found}


def _score(rows: Sequence[dict[str, Counts]], name: str, samples: Sequence[Draw]) -> Score:
    hits, predicted, gold = counts = total(rows, name)
    low = high = None
    if ":" not in name:
        low, high = interval(lambda draw: f1(total((rows[at] for at in draw), name)), samples)
    precision = hits / predicted if predicted else 0.0
    return Score(precision, hits / gold if gold else 0.0, f1(counts), gold, predicted, low, high)


def _overlap(gold: Iterable[object], predicted: Iterable[object]) -> Counts:
    wanted, said = Counter(gold), Counter(predicted)
    return (wanted & said).total(), said.total(), wanted.total()


def _entity_counts(gold: Document, predicted: Document) -> dict[str, Counts]:
    wanted, said = list(gold.spans.items()), list(predicted.spans.items())
    parts = {
        f"entity:{label}": _overlap([e for e in wanted if e[1] == label], [e for e in said if e[1] == label])
        for label in LABELS
    }
    return {"entity": _overlap(wanted, said), **parts}


def _relation_counts(gold: Document, predicted: Document) -> dict[str, Counts]:
    def strict(document: Document, kind: str | None = None) -> list[object]:
        spans = document.spans
        return [(h, spans[h], t, o, spans[o]) for h, t, o in document.relations if kind in (None, t)]

    def words(document: Document) -> list[object]:
        return [(document.words(h), t, document.words(o)) for h, t, o in document.relations]

    return {
        "relation": _overlap(strict(gold), strict(predicted)),
        **{f"relation:{t}": _overlap(strict(gold, t), strict(predicted, t)) for t in RelationType},
        "triplet": _overlap(words(gold), words(predicted)),
    }


def _presence_counts(gold: Document, predicted: Document) -> dict[str, Counts]:
    def observed(document: Document) -> dict[Span, str]:
        return {span: label for span, label in document.spans.items() if label in OBSERVATIONS}

    wanted, said = observed(gold), observed(predicted)
    counts = {"presence": _overlap(wanted.items(), said.items())}
    for label in OBSERVATIONS:
        both = [said[span] for span, true in wanted.items() if true == label and span in said]
        counts[f"accuracy:{label}"] = (both.count(label), len(both), len(both))
    return counts


def _touch(a: Span, b: Span) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _alike(gold: Edge, predicted: Edge) -> bool:
    (head, kind, tail), (said_head, said_kind, said_tail) = gold, predicted
    if kind != said_kind:
        return False
    straight = _touch(head, said_head) and _touch(tail, said_tail)
    return straight or (kind == RelationType.MODIFY and _touch(head, said_tail) and _touch(tail, said_head))


def _matched(gold: Sequence[Edge], predicted: Sequence[Edge]) -> int:
    """The size of a maximum one-to-one matching of equivalent edges, by augmenting paths."""
    alike = [[at for at, said in enumerate(predicted) if _alike(edge, said)] for edge in gold]
    holder: dict[int, int] = {}

    def place(edge: int, seen: set[int]) -> bool:
        for at in alike[edge]:
            if at in seen:
                continue
            seen.add(at)
            if at not in holder or place(holder[at], seen):
                holder[at] = edge
                return True
        return False

    return sum(place(edge, set()) for edge in range(len(gold)))
