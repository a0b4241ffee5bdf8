"""From texts to readings: an engine's graphs, validated and normalised."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path

from vlmkg import normalization, validation
from vlmkg.errors import UsageError
from vlmkg.identity import digest
from vlmkg.reading import Engine, Reading
from vlmkg.schema import ReportGraph

ENGINES = {"rules": ("vlmkg.rules.engine", "RulesEngine")}
"""Module and class of each engine by name; the module is imported when its engine is asked for."""

AFTER_THE_ENGINE = (
    "pipeline.py",
    "schema.py",
    "validation.py",
    *(f"{part}/**/*.{ending}" for part in ("normalization", "vocabulary") for ending in ("py", "csv")),
)


def load_engine(name: str) -> Engine:
    """The engine of that name. Raises UsageError where there is none."""
    if name not in ENGINES:
        raise UsageError(f"there is no engine {name!r}", f"engines: {', '.join(sorted(ENGINES))}")
    module, factory = ENGINES[name]
    engine: Engine = getattr(import_module(module), factory)()
    return engine


def reading_digest(engine: Engine) -> str:
    """SHA-256 (hex) over all that changes a reading: engine, vocabulary, normaliser, validator, code and tables."""
    return digest(engine.name, engine.checkpoint, engine.digest, *_sources())


@cache
def _sources() -> tuple[str, ...]:
    """The SHA-256 of each file whose change changes what comes after the engine."""
    here = Path(__file__).parent
    paths = [path for part in AFTER_THE_ENGINE for path in sorted(here.glob(part))]
    return tuple(f"{path.relative_to(here)} {sha256(path.read_bytes()).hexdigest()}" for path in paths)


def read_reports(engine: Engine, texts: Sequence[str]) -> list[Reading]:
    """One reading for each text, in the same order."""
    return [read_graph(text, graph) for text, graph in zip(texts, engine.extract(texts), strict=True)]


def read_graph(text: str, graph: ReportGraph) -> Reading:
    """Validate and normalise one graph of `text`, whichever engine or file it came from."""
    valid, rejections = validation.validate(text, graph)
    links, findings = normalization.normalize(valid)
    return Reading(valid, links, findings, tuple(rejections), tuple(validation.warnings(valid, links, findings)))
