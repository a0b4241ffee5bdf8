"""From texts to readings: an engine's graphs, validated and normalised."""

from collections.abc import Sequence
from importlib import import_module

from vlmkg import normalization, validation
from vlmkg.errors import UsageError
from vlmkg.identity import digest
from vlmkg.reading import Engine, Reading
from vlmkg.schema import ReportGraph

ENGINES = {"rules": ("vlmkg.rules.engine", "RulesEngine")}
"""Module and class of each engine by name; the module is imported when its engine is asked for."""


def load_engine(name: str) -> Engine:
    """The engine of that name. Raises UsageError where there is none."""
    if name not in ENGINES:
        raise UsageError(f"there is no engine {name!r}", f"engines: {', '.join(sorted(ENGINES))}")
    module, factory = ENGINES[name]
    engine: Engine = getattr(import_module(module), factory)()
    return engine


def reading_digest(engine: Engine) -> str:
    """SHA-256 (hex) over all that changes a reading: engine, vocabulary, normaliser, validator."""
    return digest(engine.name, engine.checkpoint, engine.digest, normalization.digest(), validation.VERSION)


def read_reports(engine: Engine, texts: Sequence[str]) -> list[Reading]:
    """One reading for each text, in the same order."""
    return [read_graph(text, graph) for text, graph in zip(texts, engine.extract(texts), strict=True)]


def read_graph(text: str, graph: ReportGraph) -> Reading:
    """Validate and normalise one graph of `text`, whichever engine or file it came from."""
    valid, rejections = validation.validate(text, graph)
    links, findings = normalization.normalize(valid)
    return Reading(valid, links, findings, tuple(rejections), tuple(validation.warnings(valid, links, findings)))
