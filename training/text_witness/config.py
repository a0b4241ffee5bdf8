"""The run config of a text witness: a YAML file in `training/configs`."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from training.stages.config import STRICT, AtLeastOne, NotNegative, Share, StageConfig, Text
from vlmkg.errors import UsageError
from vlmkg.validation_errors import problems


@dataclass(frozen=True, slots=True)
class WitnessData:
    """Synthetic texts of many kinds, synthetic studies, and rows of files, in these shares of each chunk."""

    __pydantic_config__ = STRICT

    seed: NotNegative = 1
    """Of texts and studies."""
    without: tuple[Text, ...] = ()
    """Families of kinds that are left out, to measure how well kinds are read that were not learnt."""
    studies_share: Share = 0.12
    """Share of synthetic studies."""
    files: tuple[Text, ...] = ()
    """Our own JSONL, such as reports with silver labels."""
    files_share: Share = 0.0
    """Share of rows of the files."""
    chunk: AtLeastOne = 384
    """Texts that are sorted by length and cut into batches together."""
    validation: AtLeastOne = 200
    """Texts of other seeds, for the loss while training."""


@dataclass(frozen=True, slots=True)
class WitnessConfig:
    """One run: everything that determines its result."""

    __pydantic_config__ = STRICT

    name: Text
    encoder: str = ""
    """Folder of a Hugging Face encoder with WordPiece; empty: all-MiniLM-L6-v2, which the extra `witness` installs."""
    seed: NotNegative = 0
    """Of the tag head's first weights and of the order."""
    frozen_layers: NotNegative = 0
    """The first layers that are not trained. Embeddings never are: rare words keep theirs."""
    data: WitnessData = field(default_factory=WitnessData)
    stage: StageConfig = field(default_factory=lambda: StageConfig(steps=700, batch=24, learning_rate=1e-4, warmup=50))


_ADAPTER = TypeAdapter(WitnessConfig)


def read_witness_config(path: Path) -> WitnessConfig:
    """The run config of a YAML file. Raises UsageError, which names the field, if it is not a config."""
    try:
        return _ADAPTER.validate_json(_ADAPTER.dump_json(_ADAPTER.validate_python(_read(path), strict=False)))
    except ValidationError as error:
        why = problems(error)
    except (OSError, yaml.YAMLError, TypeError, ValueError) as error:
        why = str(error)
    raise UsageError(f"{path} is not a valid config of a text witness: {why}", "see training/configs/witness.yaml")


def _read(path: Path) -> object:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
