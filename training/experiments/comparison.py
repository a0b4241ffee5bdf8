"""Readers of several kinds on the same gold: rules, checkpoints, span taggers; with separate scores for seen sentences.

`seen` are the gold sentences that occur literally in the rows, whatever a reader's training data were.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.data.jsonl import read_files
from training.documents import Document, Raw, load, read_document
from training.error_kinds import error_kinds
from training.evaluation import Compared, evaluate
from training.experiments.comparison_page import errors_page
from training.experiments.figures import bars
from training.experiments.seen_sentences import Words, known_sentences, sentences_of, share_seen, within
from training.experiments.statistics import Estimate, over_reports
from training.experiments.tables import Cell, Table, write_tables
from training.gold_parts import gold_parts
from training.metrics import count
from training.tagger.prediction import read_reports as read_with_tagger
from training.tagger.store import ABOUT_FILE, load_tagger
from vlmkg.pipeline import extract_texts, load_engine
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

NAME = "comparison"
FIGURES = ("entity", "presence", "relation")
RULES = "rules"

Read = Callable[[Sequence[str]], Sequence[ReportGraph]]


class Compare(NamedTuple):
    """The gold and each reader's readings, by report."""

    gold: Mapping[str, Raw]
    said: Mapping[str, Mapping[str, Raw]]
    known: set[Words]


def run(readers: Mapping[str, str], gold_file: Path, rows: Sequence[Path], out: Path) -> None:
    """Read the gold with each reader; write tables, figure, and a page of errors with report text."""
    gold = {key: raw for *_, part in gold_parts(load(gold_file)) for key, raw in part.items()}
    texts = [str(one["text"]) for one in gold.values()]
    said = {
        name: {
            key: to_radgraph(text, graph) for key, text, graph in zip(gold, texts, reader(place)(texts), strict=True)
        }
        for name, place in readers.items()
    }
    compare = Compare(gold, said, known_sentences(row.report for row in read_files(rows)[0]))
    parts = dict(gold_parts(gold))
    write_tables(
        out, NAME, [*(scores_table(compare, name, part) for name, part in parts.items()), kinds_table(compare)]
    )
    series = {
        name: [scored(compare, name, parts["all"], seen)["relation"] for name in said]
        for name, seen in (("seen sentences", True), ("sentences not seen", False))
    }
    bars(out / f"{NAME}.svg", list(said), series, "Strict relation F1, 95 % interval over reports", "F1")
    first = next(iter(parts.values()))
    truth = {key: document(raw) for key, raw in first.items()}
    read = {name: {key: document(one[key]) for key in first} for name, one in said.items()}
    (out / f"{NAME}-errors.html").write_text(errors_page(truth, read), encoding="utf-8")


def reader(place: str) -> Read:
    """The rules, a checkpoint's folder, promoted or not, or a tagger's; without second witness or validation."""
    if place != RULES and (Path(place) / ABOUT_FILE).exists():
        tagger = load_tagger(Path(place))
        return lambda texts: read_with_tagger(tagger, texts)
    engine = load_engine(place, unpromoted=True)
    return lambda texts: extract_texts(engine, texts)


def scores_table(compare: Compare, name: str, part: Mapping[str, Raw]) -> Table:
    """A row per reader: F1 on reports, seen and unseen sentences, and the difference from the first reader."""
    sentences = [one for raw in part.values() for one in sentences_of(str(raw["text"]))]
    baseline, *_ = compare.said
    rows: list[list[Cell]] = []
    for who in compare.said:
        whole, seen, unseen = (scored(compare, who, part, which) for which in (None, True, False))
        against = None if who == baseline else difference(compare, who, baseline, part)
        rows.append(
            [who, *whole.values(), against, seen["entity"], seen["relation"], unseen["entity"], unseen["relation"]]
        )
    columns = (
        *("reader", *(f"{one} F1" for one in FIGURES), f"relation F1 less {baseline}"),
        *("seen: entity F1", "seen: relation F1", "not seen: entity F1", "not seen: relation F1"),
    )
    note = (
        f"{len(part)} reports, {len(sentences)} sentences, of which {share_seen(sentences, compare.known):.0%} are "
        "seen: they stand word for word in the rows. Relations between a seen sentence and another count in neither. "
        "Strict F1; intervals: 95 %, bootstrap over reports; the difference is paired."
    )
    return Table(f"Readers on gold, {name}", note, columns, rows)


def kinds_table(compare: Compare) -> Table:
    """Errors by kind over all reports, one column per reader."""
    found = {
        who: sum((error_kinds(document(raw), document(said[key])) for key, raw in compare.gold.items()), Counter[str]())
        for who, said in compare.said.items()
    }
    every = sum(found.values(), Counter[str]())
    rows: list[list[Cell]] = [[kind, *(one[kind] for one in found.values())] for kind, _ in every.most_common()]
    return Table("Errors by kind", f"{len(compare.gold)} reports.", ("error", *found), rows)


def scored(compare: Compare, who: str, part: Mapping[str, Raw], seen: bool | None) -> dict[str, Estimate]:
    """F1 with intervals over the reports: for seen sentences, for the others, or (None) for all."""
    counts = [
        count(*(_chosen(document(one), raw, compare.known, seen) for one in (raw, compare.said[who][key])))
        for key, raw in part.items()
    ]
    return {name: over_reports([one[name] for one in counts]) for name in FIGURES}


def difference(compare: Compare, who: str, baseline: str, part: Mapping[str, Raw]) -> Estimate:
    """The difference of the reader's relation F1 from the baseline's, by paired bootstrap."""
    ours, theirs = ({key: compare.said[name][key] for key in part} for name in (who, baseline))
    found: Compared = evaluate(part, ours, theirs).against["relation"]
    return Estimate(found.difference, found.low, found.high)


def document(raw: Raw) -> Document:
    """The valid part of a report's entry."""
    return read_document(raw, tuple(raw["text"].split()), Counter())


def _chosen(one: Document, raw: Raw, known: set[Words], seen: bool | None) -> Document:
    if seen is None:
        return one
    return within(one, (each for each in sentences_of(str(raw["text"])) if (each.words in known) is seen))
