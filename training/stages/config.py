"""Run configs: what a YAML file in `training/configs` says, each field with its unit.

The paper's learning rates, epochs and batch sizes are not known: those in `paper.yaml` are ours.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from vlmkg.errors import UsageError
from vlmkg.model.config import ModelConfig


class Precision(StrEnum):
    """Numbers of the forward pass; weights and optimizer stay in float32."""

    FLOAT32 = "no"
    BFLOAT16 = "bf16"


class OptimizerName(StrEnum):
    """What moves the weights (`training.stages.optimizer`)."""

    ADAMW = "adamw"
    MUON = "muon"


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is trained on. Training and validation never share a patient."""

    files: tuple[str, ...] = ()
    """Our own JSONL (`training.data.jsonl`); none: synthetic studies, made as they are needed."""
    seed: int = 1
    """Of the synthetic studies; validation takes `seed` + 1,000,000."""
    film_share: float = 0.5
    """Of the synthetic studies, how many have a film."""
    validation: int = 300
    """Studies of the evaluation; of files, those of the split `validation`."""
    chunk: int = 256
    """Studies that are read, sorted by length and cut into batches together."""
    workers: int = 0
    """Processes that read ahead; 0: none."""


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """A language model of our own (Qwen2's architecture), or a folder that `vlmkg checkpoint import` wrote."""

    folder: str = ""
    """Path of the folder; empty: our own, by the fields below, from random weights."""
    vocabulary: int = 3072
    """Tokens of our own tokenizer, in all."""
    pointers: int = 256
    """Tokens that a window may have."""
    tokenizer_reports: int = 4000
    """Synthetic reports that our own tokenizer learns words from."""
    positions: int = 1024
    """Tokens that the model can read."""
    hidden_size: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    mlp_width: int = 768
    whole_report: bool = False
    """Windows of as many sentences as fit, for models of long context."""


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """The image encoder: ours, trained in stage 0, or a folder that `vlmkg checkpoint import` wrote."""

    folder: str = ""
    """Path of the folder; empty: the small encoder of stage 0."""
    films: int = 6000
    """Phantom films that stage 0 draws and trains on."""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One stage's optimisation: a linear rise, then a cosine fall to a tenth."""

    steps: int
    """Optimizer steps."""
    batch: int = 32
    """Windows (films in stage 0) of one forward pass on one device."""
    accumulation: int = 1
    """Forward passes an optimizer step."""
    optimizer: OptimizerName = OptimizerName.ADAMW
    learning_rate: float = 1e-3
    warmup: int = 100
    """Steps of the rise."""
    weight_decay: float = 0.01
    clip: float = 1.0
    """Greatest norm of the gradient."""
    evaluate_every: int = 500
    """Steps between evaluations, each a row of the CSV and a state to resume from."""
    patience: int = 0
    """Evaluations without a better validation loss before it stops; 0: never."""
    read: int = 0
    """Validation reports that are read whole at each evaluation, as in service, and scored."""
    text_only_share: float = 0.5
    """Stage 2: of the studies with a film, how many are read without it."""
    films_alone: int = 0
    """Stage 2: further phantoms a chunk that are shown by themselves, without a report."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run: everything that its result depends on."""

    name: str
    seed: int = 0
    precision: Precision = Precision.FLOAT32
    stored: Precision = Precision.FLOAT32
    """Numbers of the checkpoint's files; bf16 halves them."""
    data: DataConfig = field(default_factory=DataConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    projector: ModelConfig = field(default_factory=ModelConfig)
    stage0: StageConfig = field(default_factory=lambda: StageConfig(steps=1000))
    stage1: StageConfig = field(default_factory=lambda: StageConfig(steps=10000))
    stage2: StageConfig = field(default_factory=lambda: StageConfig(steps=5000))


_PARTS = {
    "data": DataConfig,
    "language_model": LanguageModelConfig,
    "vision": VisionConfig,
    "projector": ModelConfig,
    "stage0": StageConfig,
    "stage1": StageConfig,
    "stage2": StageConfig,
}


def read_config(path: Path) -> RunConfig:
    """The run config of a YAML file. Raises UsageError where it is none, or has a field that there is not."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return from_mapping(content)
    except (OSError, yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is no run config: {error}", "see training/configs and docs/training.md") from error


def from_mapping(content: Mapping[str, Any]) -> RunConfig:
    """The run config of a mapping. Raises TypeError or ValueError where a field is unknown or of another type."""
    values = {name: _part(_PARTS[name], value) if name in _PARTS else value for name, value in content.items()}
    for name in values.keys() & {"precision", "stored"}:
        values[name] = Precision(values[name])
    return RunConfig(**values)


def to_mapping(config: RunConfig) -> dict[str, Any]:
    """The config as it stands in a run's manifest: all fields, also those that were left at their default."""
    values = asdict(config)
    values |= {"precision": config.precision.value, "stored": config.stored.value}
    values["projector"]["projector"] = config.projector.projector.value
    for stage in ("stage0", "stage1", "stage2"):
        values[stage]["optimizer"] = values[stage]["optimizer"].value
    return values


def _part(kind: type[Any], values: Mapping[str, Any]) -> Any:
    numbers = {one.name for one in fields(kind) if one.type in {int, float}}
    for name, value in values.items():
        # YAML 1.1 reads "1e-3" as text: a number that is none must not pass.
        if name in numbers and not isinstance(value, int | float):
            raise TypeError(f"{name} is {value!r}, not a number")
    taken = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    if "optimizer" in taken:
        taken["optimizer"] = OptimizerName(str(taken["optimizer"]))
    return kind(**taken)
