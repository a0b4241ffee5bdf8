"""The figures of the card: gold, agreement with the rules, speed."""

import resource
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.documents import Document, Raw, read_document
from training.error_kinds import error_kinds
from training.evaluation import Evaluation, evaluate
from training.gold_parts import gold_parts
from training.predictions import predict
from vlmkg import validation
from vlmkg.engine.loading import load_model_engine
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import extract_texts, load_engine, read_reports
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

BATCHES = (1, 8, 64)
"""Reports per batch of the speed measurement."""
TIMED = 192
"""Reports per batch size."""


@dataclass(frozen=True, slots=True)
class GoldFigures:
    """Figures by part of the gold: of the model and of both witnesses, each with its differences from the
    rules, and the rules' own."""

    model: Mapping[str, Evaluation]
    service: Mapping[str, Evaluation]
    rules: Mapping[str, Evaluation]
    errors: Mapping[str, Mapping[str, int]]
    """By engine, over all reports: errors by kind."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The model's graphs scored against the rules' graphs of the same reports, and the rejected triplets."""

    evaluation: Evaluation
    triplets: int
    refused: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Reports per second by batch size, of the model without its cache of sentences, and of the rules; with the cache,
    over the given number of reports; the process's peak memory, MiB."""

    model: Mapping[int, float]
    remembered: float
    remembered_over: int
    rules: float
    memory: float


def gold_figures(model: Engine, rules: Engine, gold: Mapping[str, Raw]) -> GoldFigures:
    """The figures of both on the whole gold and its two parts."""
    ordered = {key: gold[key] for key in sorted(gold)}
    said = {
        "model": predict(model, ordered),
        "rules": predict(rules, ordered),
        "service": read_together(model, ordered),
    }
    parts = dict(gold_parts(ordered))

    def beside_rules(who: str) -> dict[str, Evaluation]:
        return {name: evaluate(part, _of(said[who], part), _of(said["rules"], part)) for name, part in parts.items()}

    return GoldFigures(
        beside_rules("model"),
        beside_rules("service"),
        {name: evaluate(part, _of(said["rules"], part)) for name, part in parts.items()},
        {name: _kinds(ordered, one) for name, one in said.items()},
    )


def agreement(model: Engine, rules: Engine, texts: Sequence[str]) -> Agreement:
    """Agreement of the model with the rules, before validation."""
    ours, theirs = extract_texts(model, texts), extract_texts(rules, texts)
    refused = sum(len(validation.validate(*each)[1]) for each in zip(texts, ours, strict=True))
    said = evaluate(_radgraph(texts, theirs), _radgraph(texts, ours))
    return Agreement(said, sum(len(graph.relations) for graph in ours), refused)


def speed(folder: Path, rules: Engine, texts: Sequence[str]) -> Speed:
    """The checkpoint and the rules on the first TIMED texts, after a warm-up; with the cache, on all texts."""
    chosen = list(texts[:TIMED])
    model = load_model_engine(folder, unpromoted=True, known_windows=0)
    extract_texts(model, chosen[:32])
    found = {size: _rate(model, chosen, size) for size in BATCHES}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    remembered = _rate(load_model_engine(folder, unpromoted=True), texts, max(BATCHES))
    return Speed(found, remembered, len(texts), _rate(rules, chosen, max(BATCHES)), memory)


def read_together(model: Engine, gold: Mapping[str, Raw]) -> dict[str, Raw]:
    """The service's readings of the gold texts: validated, both witnesses combined as the lead says."""
    texts = [one["text"] for one in gold.values()]
    readings = read_reports(model, texts)
    return {key: to_radgraph(text, one.graph) for key, text, one in zip(gold, texts, readings, strict=True)}


def engines(folder: Path) -> tuple[Engine, Engine]:
    """The checkpoint, promoted or not, and the rules."""
    return load_engine(str(folder), unpromoted=True), load_engine("rules")


def _of(said: Mapping[str, Raw], part: Mapping[str, Raw]) -> dict[str, Raw]:
    return {key: said[key] for key in part}


def _kinds(gold: Mapping[str, Raw], said: Mapping[str, Raw]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for key, one in gold.items():
        kinds += error_kinds(_document(one), _document(said[key]))
    return kinds


def _document(raw: Raw) -> Document:
    return read_document(raw, tuple(raw["text"].split()), Counter())


def _radgraph(texts: Sequence[str], graphs: Sequence[ReportGraph]) -> dict[str, Raw]:
    return {str(at): to_radgraph(*each) for at, each in enumerate(zip(texts, graphs, strict=True))}


def _rate(engine: Engine, texts: Sequence[str], size: int) -> float:
    started = time.perf_counter()
    for at in range(0, len(texts), size):
        extract_texts(engine, texts[at : at + size])
    return len(texts) / (time.perf_counter() - started)
