"""From studies to readings: run an engine, validate and normalise its graphs."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from vlmkg import normalization, validation
from vlmkg.collector import paused_collector
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import MODEL, RULES, checkpoint_of, has_torch
from vlmkg.engine_protocol import (
    Engine,
    Lead,
    Reading,
    ReadingWarning,
    ReportOutput,
    StudyInput,
    StudyOutput,
    StudyReadings,
    WordLabels,
)
from vlmkg.errors import DeviceMemoryError, UsageError
from vlmkg.exam_regions import exam_regions
from vlmkg.identity import digest
from vlmkg.reading.lexicon.digest import lexicon_digest
from vlmkg.reading.sections import find_set_aside
from vlmkg.reading.unread import unread_warnings
from vlmkg.reading_codes import ReadingCode
from vlmkg.reading_version import READING_VERSION, data_digest
from vlmkg.schema import ReportGraph
from vlmkg.settings import EngineSettings
from vlmkg.vocabulary import load_vocabulary
from vlmkg.witnesses import agreement, film_facts
from vlmkg.witnesses.concept_conflicts import renamed
from vlmkg.witnesses.historical_mentions import doubt_aside
from vlmkg.witnesses.lead import combine
from vlmkg.witnesses.low_confidence import refuse_unsure
from vlmkg.witnesses.text_witness import doubt_findings

ENGINES = {RULES: ("vlmkg.reading.rules.engine", "RulesEngine")}
"""Module and class of each engine by name. The module is imported when the engine is opened."""

CHECKPOINT_LOADER = ("vlmkg.engine.loading", "load_model_engine")
"""Module and function that open a checkpoint's folder: `(folder, device, *, unpromoted) -> Engine`."""

READ_AT_ONCE = 64


def load_engine(
    name: str, *, device: str | None = None, unpromoted: bool = False, data: DataDir | None = None
) -> Engine:
    """The engine with this name: `rules`, `model`, or a checkpoint's folder, which is verified and loaded on `device`.

    `data` is the data folder for `model`; default: $VLMKG_DATA or ./var. `unpromoted` accepts a checkpoint that is not
    promoted, only for evaluation. Raises UsageError if there is no such engine or torch is missing, and the loader's
    errors for a checkpoint that can't be used.
    """
    if name in ENGINES:
        engine: Engine = _load(*ENGINES[name])()
        return engine
    folder = _checkpoint_folder(name, data)
    if not has_torch():
        raise UsageError("the model needs torch, which is not installed", "install torch, or use the engine rules")
    model: Engine = _load(*CHECKPOINT_LOADER)(folder, device or EngineSettings().device, unpromoted=unpromoted)
    return model


def _load(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _checkpoint_folder(name: str, data: DataDir | None) -> Path:
    if name == MODEL:
        return checkpoint_of(data)
    folder = Path(name)
    if not folder.is_dir():
        known = ", ".join([*sorted(ENGINES), MODEL])
        raise UsageError(f"there is no engine {str(folder)!r}", f"use one of {known}, or a checkpoint's folder")
    return folder


def reading_digest(engine: Engine) -> str:
    """SHA-256 (hex) of the reader: the declared version, the engine, its second witness, and all loaded data.

    Equal digests mean equal readings of the same text. Raises FileNotFoundError if a data file is missing.
    """
    second = _second_witness(engine)
    engines = [one for one in (engine, second) if one]
    return digest(READING_VERSION, *(field for one in engines for field in _identity(one)), _tables_digest())


def _identity(engine: Engine) -> tuple[str | None, ...]:
    return engine.name, engine.checkpoint, engine.digest


@cache
def _tables_digest() -> str:
    """The digest of the data that are used after the engine."""
    vocabulary = load_vocabulary()
    return data_digest(
        {
            "concepts": vocabulary.concepts,
            "is a": vocabulary.is_a,
            "part of": vocabulary.part_of,
            "lexicon": lexicon_digest(),
            **normalization.all_tables(),
        }
    )


def extract_texts(engine: Engine, texts: Sequence[str]) -> list[ReportGraph]:
    """The engine's graph of each text, in the same order, before validation."""
    return [output.reports[0].graph for output in read_in_parts(engine, [StudyInput((text,)) for text in texts])]


def read_reports(engine: Engine, texts: Sequence[str]) -> list[Reading]:
    """One reading for each text, in the same order, each as a separate study."""
    return [readings.reports[0] for readings in read_studies(engine, [StudyInput((text,)) for text in texts])]


def read_studies(engine: Engine, studies: Sequence[StudyInput]) -> list[StudyReadings]:
    """The readings of each study, in the same order. A model's reading of a report is compared with the rules."""
    outputs = read_in_parts(engine, studies)
    second = _second_witness(engine)
    heard = second.read(studies) if second else [None] * len(outputs)
    with paused_collector():
        return [_read_study(*each, engine.lead) for each in zip(studies, outputs, heard, strict=True)]


def read_in_parts(engine: Engine, studies: Sequence[StudyInput]) -> list[StudyOutput]:
    """The engine's outputs, READ_AT_ONCE studies at a time, fewer if the device runs out of memory.

    Raises DeviceMemoryError if a single study is too large.
    """
    outputs: list[StudyOutput] = []
    most = READ_AT_ONCE
    while len(outputs) < len(studies):
        part = studies[len(outputs) : len(outputs) + most]
        try:
            outputs += engine.read(part)
        except DeviceMemoryError:
            if len(part) == 1:
                raise
            most = len(part) // 2
    return outputs


def read_graph(text: str, graph: ReportGraph, chest: bool | None = None) -> Reading:
    """Validate and normalise one graph of `text`, whichever engine or file it came from; `chest` as in StudyInput."""
    valid, rejections = validation.validate(text, graph)
    links, findings = normalization.normalize(valid, exam_regions(text, chest))
    return Reading(valid, links, findings, tuple(rejections), tuple(validation.warnings(valid, links, findings)))


def _second_witness(engine: Engine) -> Engine | None:
    """The second witness of a model: the rules. The rules have none."""
    return None if engine.checkpoint is None else _rules()


@cache
def _rules() -> Engine:
    return load_engine(RULES)


def _read_study(study: StudyInput, output: StudyOutput, heard: StudyOutput | None, lead: Lead) -> StudyReadings:
    second = heard.reports if heard else [None] * len(output.reports)
    reports = tuple(
        _read_report(*each, study.chest, lead) for each in zip(study.texts, output.reports, second, strict=True)
    )
    films = film_facts.read_films(output.image_entities, reports)
    seen = [reading for _, reading in films]
    warnings = {warning.reason for reading in (*reports, *seen) for warning in reading.warnings}
    warnings |= {f"image_{image.reason}" for image in output.unread}
    return StudyReadings(reports, films, output.modalities, output.unread, tuple(sorted(warnings)))


def _read_report(
    text: str, output: ReportOutput, heard: ReportOutput | None, chest: bool | None, lead: Lead
) -> Reading:
    if heard is None:
        reading = read_graph(text, output.graph, chest)
    else:
        reading = read_twice(text, output.graph, heard, lead, chest, output.words)
    aside = find_set_aside(text)
    warned = list(unread_warnings(text, aside, mentions=len(reading.graph.mentions)))
    if output.truncated:
        warned.append(ReadingWarning(ReadingCode.TRUNCATED, "the engine's token budget ended before the report did"))
    return replace(reading, truncated=output.truncated, warnings=(*reading.warnings, *warned), set_aside=aside)


def read_twice(
    text: str,
    model: ReportGraph,
    rules: ReportOutput,
    lead: Lead,
    chest: bool | None = None,
    words: Sequence[WordLabels] = (),
) -> Reading:
    """The combined reading of the two witnesses; `words` are the labels of the checkpoint's text witness, if any.

    Each is validated separately first, so that errors of one do not affect the other.
    """
    first, refused = validation.validate(text, model)
    second = read_graph(text, rules.graph, chest)
    sure = refuse_unsure(first, second.graph)
    led = combine(text, sure.graph, second.graph, lead)
    known, doubted = doubt_findings(led.combined.graph, words)
    graph, told = doubt_aside(known, rules.aside)
    reading = read_graph(text, graph, chest)
    warned = (ReadingWarning(conflict.reason, conflict.text) for conflict in led.combined.conflicts)
    return replace(
        reading,
        rejections=(*refused, *sure.rejections, *led.rejections, *second.rejections, *reading.rejections),
        warnings=(
            *reading.warnings,
            *sure.warnings,
            *led.warnings,
            *warned,
            *doubted,
            *told,
            *renamed(reading, second),
        ),
        agreement=agreement.count(reading.graph),
    )
