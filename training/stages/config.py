"""Run configs: the YAML files in `training/configs`, each field with its unit.

The paper's learning rates, epochs and batch sizes are not published: those in `paper.yaml` are ours.
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
from vlmkg.image.intensity import Intensity
from vlmkg.model.config import ModelConfig
from vlmkg.validation_errors import problems

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""For every part: unknown fields are refused, and so is `true` or `"8"` for a number."""

AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]


class Precision(StrEnum):
    """Numbers of the forward pass; weights and optimizer stay in float32."""

    FLOAT32 = "no"
    BFLOAT16 = "bf16"


class OptimizerName(StrEnum):
    """The optimizer (`training.stages.optimizer`)."""

    ADAMW = "adamw"
    MUON = "muon"


class Attention(StrEnum):
    """The kernel of attention, by transformers' names."""

    DEFAULT = ""
    """What transformers chooses."""
    SDPA = "sdpa"
    EAGER = "eager"
    FLASH = "flash_attention_2"
    """Needs the package flash-attn and a GPU."""


@dataclass(frozen=True, slots=True)
class DataConfig:
    """The training data. Training and validation never share a patient."""

    __pydantic_config__ = STRICT

    files: tuple[Text, ...] = ()
    """Our own JSONL (`training.data.jsonl`); none: synthetic studies, generated when needed."""
    beside: tuple[Text, ...] = ()
    """The project's JSONL of reports without films (`vlmkg train data kinds`), used with synthetic studies."""
    beside_rows: NotNegative = 0
    """Rows of `beside` in each chunk."""
    seed: Annotated[int, AfterValidator(check_data_seed)] = 1
    """Seed of the synthetic studies (`training.synthetic.seeds`); validation uses `seed` + 1,000,000."""
    film_share: Share = 0.5
    """Share of the synthetic studies with a film."""
    validation: AtLeastOne = 300
    """Number of validation studies; from files, those of the split `validation`."""
    chunk: AtLeastOne = 256
    """Studies per chunk, which is read, sorted by length and cut into batches."""
    workers: NotNegative = 0
    """Processes that read ahead; 0: none."""


def _check_beside(data: DataConfig) -> DataConfig:
    """The config. Raises ValueError if `beside` is combined with `files`, or has no number of rows."""
    if data.beside and data.files:
        raise ValueError("`data.beside` needs synthetic studies: remove `data.files` or `data.beside`")
    if bool(data.beside) != bool(data.beside_rows):
        raise ValueError("give both `data.beside` and `data.beside_rows`, or neither")
    return data


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """Our own language model (Qwen2's architecture), or a folder that `vlmkg checkpoint import` wrote."""

    __pydantic_config__ = STRICT

    folder: str = ""
    """Path of the folder; empty: our own, with the fields below and random weights."""
    vocabulary: AtLeastOne = 3072
    """Size of our own tokenizer's vocabulary."""
    pointers: AtLeastOne = 256
    """Most tokens of a window."""
    tokenizer_reports: AtLeastOne = 4000
    """Number of synthetic reports for training our own tokenizer."""
    positions: AtLeastOne = 1024
    """Most tokens that the model can read."""
    hidden_size: AtLeastOne = 256
    layers: AtLeastOne = 6
    heads: AtLeastOne = 4
    kv_heads: AtLeastOne = 2
    mlp_width: AtLeastOne = 768
    attention: Attention = Attention.DEFAULT
    """The attention kernel in training; the results differ by rounding."""
    whole_report: bool = False
    """Use windows with as many sentences as fit, for long-context models."""


def _check_heads(model: LanguageModelConfig) -> LanguageModelConfig:
    """The config. Raises ValueError if the heads do not divide the width."""
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
    """Number of phantom films of stage 0."""
    intensity: Intensity = Intensity.AS_SHOWN
    """How stage 0's encoder gets grey values: `as_shown`, or `equalised` for films of several sources."""
    features: str = ""
    """Folder of the image vectors, on a local disk; runs may share it. Empty: `features` in the run's folder."""


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One stage's optimisation: a linear warm-up, then a cosine decay to a tenth."""

    __pydantic_config__ = STRICT

    steps: AtLeastOne
    """Optimizer steps."""
    batch: AtLeastOne = 32
    """Windows (films in stage 0) per forward pass on one device."""
    accumulation: AtLeastOne = 1
    """Forward passes per optimizer step."""
    optimizer: OptimizerName = OptimizerName.ADAMW
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    warmup: NotNegative = 100
    """Steps of the warm-up."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Maximum norm of the gradient."""
    evaluate_every: AtLeastOne = 500
    """Steps between evaluations, each a row of the CSV and a state to resume from."""
    save_minutes: Annotated[float, Field(gt=0)] = 30.0
    """Minutes after which a state to resume from is written between evaluations."""
    gradient_checkpointing: bool = False
    """Stages 1 and 2: compute activations again in the backward pass: less memory, about a third more time."""
    patience: NotNegative = 0
    """Evaluations without a better validation loss before training stops; 0: never."""
    read: NotNegative = 0
    """Validation reports that are read as in service and scored at each evaluation."""
    text_only_share: Share = 0.5
    """Stage 2: share of the studies with a film that are read without it."""
    films_alone: NotNegative = 0
    """Stage 2: additional phantoms per chunk without a report."""


OWN_LICENCE = "Apache-2.0"
"""Of checkpoints that are made of synthetic studies alone."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One run: everything that determines its result."""

    __pydantic_config__ = STRICT

    name: Text
    seed: NotNegative = 0
    precision: Precision = Precision.FLOAT32
    stored: Precision = Precision.FLOAT32
    """Number format of the checkpoint's files; bf16 halves their size."""
    licence: Text = OWN_LICENCE
    """Licence of the checkpoint (SPDX identifier, or words): that of its base models and data may bind it."""
    base_models: dict[Text, Text] = field(default_factory=dict)
    """Names of the published models that it starts from, by part: `language_model`, `vision`."""
    start: str = ""
    """Folder of a checkpoint that stage 2 trains further, with its encoder unchanged; empty: this run's stage 1."""
    data: Annotated[DataConfig, AfterValidator(_check_beside)] = field(default_factory=DataConfig)
    language_model: Annotated[LanguageModelConfig, AfterValidator(_check_heads)] = field(
        default_factory=LanguageModelConfig
    )
    vision: VisionConfig = field(default_factory=VisionConfig)
    projector: ModelConfig = field(default_factory=ModelConfig)
    stage0: StageConfig = field(default_factory=lambda: StageConfig(steps=1000))
    stage1: StageConfig = field(default_factory=lambda: StageConfig(steps=10000))
    stage2: StageConfig = field(default_factory=lambda: StageConfig(steps=5000))


def _check_run(config: RunConfig) -> RunConfig:
    """The config. Raises ValueError where parts do not go together."""
    if config.licence == OWN_LICENCE and config.language_model.folder:
        raise ValueError("licence: an imported language model has its own licence: name the checkpoint's")
    if unknown := set(config.base_models) - {"language_model", "vision"}:
        raise ValueError(f"base_models: there is no part {', '.join(sorted(unknown))}")
    return config


_ADAPTER: TypeAdapter[RunConfig] = TypeAdapter(Annotated[RunConfig, AfterValidator(_check_run)])


def read_config(path: Path) -> RunConfig:
    """The run config of a YAML file.

    Raises UsageError, which names the field, if it is not a config, has an unknown field, or a value of another type or
    out of range.
    """
    try:
        return from_mapping(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        why = problems(error)
    except (OSError, yaml.YAMLError, TypeError, ValueError) as error:
        why = str(error)
    raise UsageError(f"{path} is not a valid run config: {why}", "see training/configs and docs/training.md")


def from_mapping(content: Mapping[str, Any]) -> RunConfig:
    """The run config of a mapping, from YAML or a run's manifest.

    Raises ValidationError if a field is unknown, of another type or out of its range, TypeError for what JSON lacks.
    """
    # As JSON: lists become tuples and strings enumeration values, without any other conversion.
    return _ADAPTER.validate_json(json.dumps(content))


def to_mapping(config: RunConfig) -> dict[str, Any]:
    """The config for a run's manifest: all fields, including defaults."""
    values: dict[str, Any] = _ADAPTER.dump_python(config, mode="json")
    return values
