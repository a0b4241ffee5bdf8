"""How metrics follow factuality: readings with a known number and kind of errors, scored by each metric.

A reading is the gold graph with inserted errors, so its factuality is known: 1 - errors / mentions. Half of the
readings are also reordered, which is not an error. Nothing is trained.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from sacrebleu.metrics.bleu import BLEU

from training.documents import Document, Edge
from training.experiments.corruption import READINGS, corrupt_reading
from training.experiments.figures import bars
from training.experiments.statistics import Estimate, correlation, over_seeds, spearman
from training.experiments.tables import Table, write_tables
from training.hallucination import not_entailed
from training.radgraph_f1 import radgraph_f1
from training.rouge import rouge_l
from training.synthetic.seeds import FACTUALITY_SEED
from training.synthetic.studies import studies
from vlmkg.linearization import SEPARATOR, paper_form
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind, Presence, ReportGraph

SIZES = (50, 100)
MOST_ERRORS = 6
METRICS = ("BLEU-1", "BLEU-4", "ROUGE-L", "RadGraph-F1 simple", "RadGraph-F1 complete", "entailed share")
REORDERED = "reordered"
_LABELS = {Presence.PRESENT: "OBS-DP", Presence.UNCERTAIN: "OBS-U", Presence.ABSENT: "OBS-DA"}


def run(out: Path, seeds: int) -> None:
    """Write factuality.md, its CSVs and figures into `out`."""
    sets = [reports(FACTUALITY_SEED + seed, max(SIZES)) for seed in range(seeds)]
    follows, by_kind = follow_table(sets), kind_table(sets[0])
    write_tables(out, "factuality", [follows, by_kind])
    found = {name: [_estimate(row[at]) for row in follows.rows] for at, name in enumerate(follows.columns[:4]) if at}
    title = "Does a metric follow factuality? Spearman's correlation, 95 % interval"
    bars(out / "factuality.svg", METRICS, found, title, "correlation with known factuality")
    kinds = [str(row[0]) for row in by_kind.rows]
    costs = {name: [_cost(row[1 + at]) for row in by_kind.rows] for at, name in enumerate(METRICS)}
    bars(out / "factuality-kinds.svg", kinds, costs, "What one error costs a metric", "loss of score")


def reports(seed: int, count: int) -> list[ReportGraph]:
    """Graphs of synthetic reports without films, except those with fewer than four relations."""
    found: list[ReportGraph] = []
    number = 0
    while len(found) < count:
        found += [s.graph for s in studies(seed, 50, number, films=0.0) if len(s.graph.relations) >= 4]
        number += 50
    return found[:count]


def follow_table(sets: Sequence[Sequence[ReportGraph]]) -> Table:
    """One row per metric: its correlation with known factuality at each size, and the spread over sets of reports."""
    scored = [_with_errors(graphs, seed) for seed, graphs in enumerate(sets)]
    first_truth, first = scored[0]
    ordered_truth, ordered = _with_errors(sets[0], 0, reordered=0.0)
    rows: list[tuple[str | Estimate, ...]] = []
    for name in METRICS:
        sized = [correlation(first_truth[:size], [one[name] for one in first[:size]]) for size in SIZES]
        spread = over_seeds([spearman(truth, [one[name] for one in values]) for truth, values in scored])
        rows.append((name, *sized, correlation(ordered_truth, [one[name] for one in ordered]), spread))
    note = (
        f"Synthetic reports, 0 to {MOST_ERRORS} errors each, of the kinds of the next table, half of them reordered "
        "besides. Intervals: 95 %, bootstrap over reports; "
        f"of the last column 95 %, Student's t over {len(sets)} sets of {max(SIZES)} reports."
    )
    last = (f"{max(SIZES)} reports, none reordered", f"mean over {len(sets)} sets")
    columns = ("metric", *(f"{size} reports" for size in SIZES), *last)
    return Table("Spearman's correlation with known factuality (1 - errors / mentions)", note, columns, rows)


def kind_table(graphs: Sequence[ReportGraph]) -> Table:
    """One row per kind of error: the mean of each metric after one such error in each report where it is possible."""
    rows: list[tuple[str | int | Estimate, ...]] = []
    for name in (*READINGS, REORDERED):
        rng = Random(f"{FACTUALITY_SEED}/{name}")  # noqa: S311 - errors, no secrets
        scores = []
        for graph in graphs:
            changed = graph if name == REORDERED else READINGS[name]("", graph, rng)
            if changed is not None:
                scores.append(score(graph, changed, rng if name == REORDERED else None))
        means = [_mean([one[metric] for one in scores]) for metric in METRICS]
        rows.append((name, *means, len(scores)))
    note = "Mean over the reports with its 95 % interval (normal). What follows facts falls in every row but the last."
    return Table("Each metric after one error of a kind (without error: 1)", note, ("error", *METRICS, "reports"), rows)


def score(gold: ReportGraph, said: ReportGraph, shuffled: Random | None = None) -> dict[str, float]:
    """Every metric, from 0 to 1, of one report; with `shuffled` the triplets are written in another order."""
    reference, hypothesis = paper_form(gold), paper_form(said)
    if shuffled is not None:
        lines = hypothesis.split(SEPARATOR)
        shuffled.shuffle(lines)
        hypothesis = SEPARATOR.join(lines)
    truth, read = document(gold), document(said)
    rewards = radgraph_f1(truth, read)
    wrong, triplets = not_entailed(truth, read)
    values = (
        _bleu(reference, hypothesis, 1),
        _bleu(reference, hypothesis, 4),
        rouge_l(reference, hypothesis),
        rewards["simple"],
        rewards["complete"],
        1 - wrong / triplets if triplets else 1.0,
    )
    return dict(zip(METRICS, values, strict=True))


def document(graph: ReportGraph) -> Document:
    """The graph over the words of its mentions."""
    tokens: list[str] = []
    spans: list[tuple[int, int]] = []
    for mention in graph.mentions:
        words = [token.text for token in tokenize(mention.text)]
        spans.append((len(tokens), len(tokens) + len(words) - 1))
        tokens += words
    labels = ("ANAT-DP" if one.kind is Kind.ANATOMY else _LABELS[one.presence] for one in graph.mentions)
    edges: tuple[Edge, ...] = tuple((spans[one.head], one.type.value, spans[one.tail]) for one in graph.relations)
    return Document(tuple(tokens), dict(zip(spans, labels, strict=True)), edges)


def _with_errors(
    graphs: Sequence[ReportGraph], seed: int, reordered: float = 0.5
) -> tuple[list[float], list[Mapping[str, float]]]:
    """Known factuality and metrics of each report; `reordered` is the share that is written in another order."""
    rng = Random(FACTUALITY_SEED + seed)  # noqa: S311 - errors, no secrets
    truth: list[float] = []
    scores: list[Mapping[str, float]] = []
    for graph in graphs:
        said, made = corrupt_reading(graph, rng.randint(0, MOST_ERRORS), rng)
        truth.append(1 - len(made) / len(graph.mentions))
        scores.append(score(graph, said, rng if rng.random() < reordered else None))
    return truth, scores


def _bleu(reference: str, hypothesis: str, order: int) -> float:
    found = BLEU(tokenize="none", max_ngram_order=order, effective_order=True).sentence_score(hypothesis, [reference])
    return float(found.score) / 100


def _mean(values: Sequence[float]) -> Estimate:
    mean = sum(values) / len(values)
    half = 1.96 * (sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1) / len(values)) ** 0.5
    return Estimate(mean, mean - half, mean + half)


def _estimate(cell: object) -> Estimate | None:
    return cell if isinstance(cell, Estimate) else None


def _cost(cell: object) -> Estimate | None:
    """The difference from 1, the value of every metric without errors."""
    one = _estimate(cell)
    if one is None or one.low is None or one.high is None:
        return None
    return Estimate(1 - one.mean, 1 - one.high, 1 - one.low)
