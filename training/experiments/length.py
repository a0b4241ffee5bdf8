"""F1 against the length of the report, up to the language model's limit and beyond.

A long report is a concatenation of synthetic ones, so its graph is exact at every length.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from training.experiments.figures import lines
from training.experiments.statistics import Estimate, over_reports
from training.experiments.tables import Cell, Table, write_tables
from training.experiments.texts import Read, Text, read_texts, text_of
from training.synthetic.seeds import LENGTH_SEED
from training.synthetic.studies import make_study
from vlmkg.pipeline import load_engine
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Relation, ReportGraph

LENGTHS = (25, 50, 100, 200, 400, 800, 1600)
"""Minimum tokens of a report."""
FIGURES = ("entity", "relation", "presence")


def run(engines: Sequence[str], out: Path, reports: int, longest: int) -> None:
    """Read `reports` reports of each length up to `longest` tokens with each engine; write table and figure."""
    lengths = [length for length in LENGTHS if length <= longest]
    texts = {length: long_reports(length, reports) for length in lengths}
    rows: list[list[Cell]] = []
    relations: dict[str, list[Estimate | None]] = {}
    for name in engines:
        engine = load_engine(name, unpromoted=True)
        found = [read_texts(engine, texts[length]) for length in lengths]
        label = engine.checkpoint or engine.name
        rows += [[label, length, *_row(read)] for length, read in zip(lengths, found, strict=True)]
        relations[label] = [over_reports([one["relation"] for one in read.counts]) for read in found]
    note = f"{reports} synthetic reports a length. Intervals: 95 %, bootstrap over reports."
    columns = ("engine", "tokens, at least", *(f"{name} F1" for name in FIGURES), "broken off")
    write_tables(out, "length", [Table("F1 against the length of the report", note, columns, rows)])
    title = "Relation F1 against length, 95 % interval over reports"
    lines(out / "length.svg", lengths, relations, title, "tokens of the report", "relation F1")


def long_reports(length: int, reports: int) -> list[Text]:
    """Reports with at least this number of tokens, from as few synthetic reports as possible."""
    numbers = count()
    return [_joined(length, numbers) for _ in range(reports)]


def _joined(length: int, numbers: "count[int]") -> Text:
    text, graph = "", ReportGraph()
    while len(tokenize(text)) < length:
        study = make_study(LENGTH_SEED, next(numbers), films=0.0)
        text, graph = join(text, graph, study.text, study.graph)
    return text_of(text, graph)


def join(text: str, graph: ReportGraph, further: str, added: ReportGraph) -> tuple[str, ReportGraph]:
    """Concatenate reports."""
    before = f"{text}\n\n" if text else ""
    moved = tuple(replace(one, start=one.start + len(before), end=one.end + len(before)) for one in added.mentions)
    base = len(graph.mentions)
    edges = tuple(Relation(one.head + base, one.type, one.tail + base) for one in added.relations)
    return before + further, ReportGraph(graph.mentions + moved, graph.relations + edges)


def _row(read: Read) -> list[Cell]:
    figures: list[Cell] = [over_reports([one[name] for one in read.counts]) for name in FIGURES]
    return [*figures, read.truncated]
