"""From studies to readings: an engine's graphs, validated and normalised."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from vlmkg import normalization, validation
from vlmkg.errors import UsageError
from vlmkg.identity import digest
from vlmkg.reading import Engine, Reading, StudyInput
from vlmkg.schema import ReportGraph
from vlmkg.settings import EngineSettings

ENGINES = {"rules": ("vlmkg.rules.engine", "RulesEngine")}
"""Module and class of each engine by name; the module is imported when its engine is asked for."""

MODEL = "model"
"""The name that stands for the checkpoint of VLMKG_CHECKPOINT."""

CHECKPOINT_LOADER = ("vlmkg.engine.loading", "load_model_engine")
"""Module and function that open a checkpoint's folder: `(folder, device, *, unpromoted) -> Engine`."""

AFTER_THE_ENGINE = (
    "pipeline.py",
    "schema.py",
    "validation.py",
    *(f"{part}/**/*.{ending}" for part in ("normalization", "vocabulary") for ending in ("py", "csv")),
)


def load_engine(name: str, *, device: str | None = None, unpromoted: bool = False) -> Engine:
    """The engine of that name: `rules`, `model`, or a checkpoint's folder, which is verified and put on `device`.

    `unpromoted` takes a checkpoint that is not promoted yet: to evaluate it, never to work with it. Raises UsageError
    where there is no such engine, and what the loader raises for a checkpoint that is not to be used.
    """
    if name in ENGINES:
        engine: Engine = _load(*ENGINES[name])()
        return engine
    folder = _checkpoint_folder(name)
    model: Engine = _load(*CHECKPOINT_LOADER)(folder, device or EngineSettings().device, unpromoted=unpromoted)
    return model


def _load(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _checkpoint_folder(name: str) -> Path:
    folder = EngineSettings().checkpoint if name == MODEL else Path(name)
    if folder is None:
        raise UsageError("the engine `model` has no checkpoint", "set VLMKG_CHECKPOINT to a checkpoint's folder")
    if not folder.is_dir():
        known = ", ".join([*sorted(ENGINES), MODEL])
        raise UsageError(f"there is no engine {str(folder)!r}", f"engines: {known}, or a checkpoint's folder")
    return folder


def reading_digest(engine: Engine) -> str:
    """SHA-256 (hex) over all that changes a reading: engine, vocabulary, normaliser, validator, code and tables."""
    return digest(engine.name, engine.checkpoint, engine.digest, *_sources())


@cache
def _sources() -> tuple[str, ...]:
    """The SHA-256 of each file whose change changes what comes after the engine."""
    here = Path(__file__).parent
    paths = [path for part in AFTER_THE_ENGINE for path in sorted(here.glob(part))]
    return tuple(f"{path.relative_to(here)} {sha256(path.read_bytes()).hexdigest()}" for path in paths)


def extract_texts(engine: Engine, texts: Sequence[str]) -> list[ReportGraph]:
    """The engine's own graph of each text, in the same order, as it is before validation."""
    return [output.reports[0].graph for output in engine.read([StudyInput((text,)) for text in texts])]


def read_reports(engine: Engine, texts: Sequence[str]) -> list[Reading]:
    """One reading for each text, in the same order."""
    return [read_graph(text, graph) for text, graph in zip(texts, extract_texts(engine, texts), strict=True)]


def read_graph(text: str, graph: ReportGraph) -> Reading:
    """Validate and normalise one graph of `text`, whichever engine or file it came from."""
    valid, rejections = validation.validate(text, graph)
    links, findings = normalization.normalize(valid)
    return Reading(valid, links, findings, tuple(rejections), tuple(validation.warnings(valid, links, findings)))
