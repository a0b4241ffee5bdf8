"""Run configs: what a YAML file in `training/configs` says, each field with its unit.

The paper's learning rates, epochs and batch sizes are not known: those in `paper.yaml` are ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from training.synthetic.seeds import check_data_seed
from vlmkg.errors import UsageError
from vlmkg.model.config import ModelConfig
from vlmkg.validation_errors import problems

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Of every part: an unknown field is refused, and so is `true` or `"8"` for a number."""

AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]


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

    __pydantic_config__ = STRICT

    files: tuple[Text, ...] = ()
    """Our own JSONL (`training.data.jsonl`); none: synthetic studies, made as they are needed."""
    beside: tuple[Text, ...] = ()
    """Our own JSONL of reports without films (`vlmkg train data kinds`), trained on beside synthetic studies."""
    beside_rows: NotNegative = 0
    """Rows of `beside` in each chunk."""
    seed: Annotated[int, AfterValidator(check_data_seed)] = 1
    """Of the synthetic studies (`training.synthetic.seeds`); validation takes `seed` + 1,000,000."""
    film_share: Share = 0.5
    """Of the synthetic studies, how many have a film."""
    validation: AtLeastOne = 300
    """Studies of the evaluation; of files, those of the split `validation`."""
    chunk: AtLeastOne = 256
    """Studies that are read, sorted by length and cut into batches together."""
    workers: NotNegative = 0
    """Processes that read ahead; 0: none."""


def _check_beside(data: DataConfig) -> DataConfig:
    """The config. Raises ValueError where files stand beside files, or without a number of rows."""
    if data.beside and data.files:
        raise ValueError("beside goes with synthetic studies, not with files")
    if bool(data.beside) != bool(data.beside_rows):
        raise ValueError("beside and beside_rows are given together")
    return data


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """A language model of our own (Qwen2's architecture), or a folder that `vlmkg checkpoint import` wrote."""

    __pydantic_config__ = STRICT

    folder: str = ""
    """Path of the folder; empty: our own, by the fields below, from random weights."""
    vocabulary: AtLeastOne = 3072
    """Tokens of our own tokenizer, in all."""
    pointers: AtLeastOne = 256
    """Tokens that a window may have."""
    tokenizer_reports: AtLeastOne = 4000
    """Synthetic reports that our own tokenizer learns words from."""
    positions: AtLeastOne = 1024
    """Tokens that the model can read."""
    hidden_size: AtLeastOne = 256
    layers: AtLeastOne = 6
    heads: AtLeastOne = 4
    kv_heads: AtLeastOne = 2
    mlp_width: AtLeastOne = 768
    whole_report: bool = False
    """Windows of as many sentences as fit, for models of long context."""


def _check_heads(model: LanguageModelConfig) -> LanguageModelConfig:
    """The config. Raises ValueError where the heads do not divide what they share."""
    for name, whole, part in (
        ("heads", model.hidden_size, model.heads),
        ("kv_heads", model.heads, model.kv_heads),
    ):
        if whole % part:
            raise ValueError(f"{part} {name} do not divide {whole}")
    return model


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """The image encoder: ours, trained in stage 0, or a folder that `vlmkg checkpoint import` wrote."""

    __pydantic_config__ = STRICT

    folder: str = ""
    """Path of the folder; empty: the small encoder of stage 0."""
    films: AtLeastOne = 6000
    """Phantom films that stage 0 draws and trains on."""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One stage's optimisation: a linear rise, then a cosine fall to a tenth."""

    __pydantic_config__ = STRICT

    steps: AtLeastOne
    """Optimizer steps."""
    batch: AtLeastOne = 32
    """Windows (films in stage 0) of one forward pass on one device."""
    accumulation: AtLeastOne = 1
    """Forward passes an optimizer step."""
    optimizer: OptimizerName = OptimizerName.ADAMW
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    warmup: NotNegative = 100
    """Steps of the rise."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Greatest norm of the gradient."""
    evaluate_every: AtLeastOne = 500
    """Steps between evaluations, each a row of the CSV and a state to resume from."""
    patience: NotNegative = 0
    """Evaluations without a better validation loss before it stops; 0: never."""
    read: NotNegative = 0
    """Validation reports that are read whole at each evaluation, as in service, and scored."""
    text_only_share: Share = 0.5
    """Stage 2: of the studies with a film, how many are read without it."""
    films_alone: NotNegative = 0
    """Stage 2: further phantoms a chunk that are shown by themselves, without a report."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run: everything that its result depends on."""

    __pydantic_config__ = STRICT

    name: Text
    seed: NotNegative = 0
    precision: Precision = Precision.FLOAT32
    stored: Precision = Precision.FLOAT32
    """Numbers of the checkpoint's files; bf16 halves them."""
    start: str = ""
    """Folder of a checkpoint that stage 2 trains further, its encoder left as it is; empty: this run's stage 1."""
    data: Annotated[DataConfig, AfterValidator(_check_beside)] = field(default_factory=DataConfig)
    language_model: Annotated[LanguageModelConfig, AfterValidator(_check_heads)] = field(
        default_factory=LanguageModelConfig
    )
    vision: VisionConfig = field(default_factory=VisionConfig)
    projector: ModelConfig = field(default_factory=ModelConfig)
    stage0: StageConfig = field(default_factory=lambda: StageConfig(steps=1000))
    stage1: StageConfig = field(default_factory=lambda: StageConfig(steps=10000))
    stage2: StageConfig = field(default_factory=lambda: StageConfig(steps=5000))


_ADAPTER = TypeAdapter(RunConfig)


def read_config(path: Path) -> RunConfig:
    """The run config of a YAML file.

    Raises UsageError, which names the field, where it is none, has an unknown field, or a value of another type or out
    of its range.
    """
    try:
        return from_mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        why = problems(error)
    except (OSError, yaml.YAMLError, TypeError, ValueError) as error:
        why = str(error)
    raise UsageError(f"{path} is no run config: {why}", "see training/configs and docs/training.md")


def from_mapping(content: Mapping[str, Any]) -> RunConfig:
    """The run config of a mapping, as YAML or a run's manifest has it.

    Raises ValidationError where a field is unknown, of another type or out of its range, TypeError for what JSON lacks.
    """
    # As JSON: there a list is a tuple and a text an enumeration's value, and nothing else is taken for another type.
    return _ADAPTER.validate_json(json.dumps(content))


def to_mapping(config: RunConfig) -> dict[str, Any]:
    """The config as it stands in a run's manifest: all fields, also those that were left at their default."""
    values: dict[str, Any] = _ADAPTER.dump_python(config, mode="json")
    return values
