"""The shapes of the model except its language model. Stored in each checkpoint's manifest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from vlmkg.errors import RefusedError
from vlmkg.validation_errors import problems

AtLeastOne = Annotated[int, Field(ge=1)]


class Projector(StrEnum):
    """The kind of projector from image vector to prefix."""

    TRANSFORMER = "transformer"
    LINEAR = "linear"
    MLP = "mlp"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The projector's shape. The defaults are the paper's sizes; the width d is the language model's own."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    projector: Projector = Projector.TRANSFORMER
    """The paper's transformer, or one of the two arms of its ablation."""
    feature_size: AtLeastOne = 512
    """Numbers in an image vector."""
    prefix_length: AtLeastOne = 64
    """n: number of embeddings of one film before the prompt."""
    clip_length: AtLeastOne = 64
    """k: number of transformer tokens made from one image vector."""
    layers: AtLeastOne = 8
    """Layers of the transformer."""
    heads: AtLeastOne = 8
    """Attention heads of each layer; they divide d."""
    mlp_width: AtLeastOne = 1536
    """Hidden width of the `mlp` arm: 1536 has as many parameters as the transformer at the paper's sizes."""


_ADAPTER = TypeAdapter(ModelConfig)


def from_json(values: Mapping[str, Any]) -> ModelConfig:
    """The config of a manifest.

    Raises RefusedError, which names the field, if one is missing, unknown, of another type or below 1.
    """
    if missing := sorted({field.name for field in fields(ModelConfig)} - values.keys()):
        raise RefusedError(f"the model's config lacks: {', '.join(missing)}", "add the missing fields")
    try:
        return _ADAPTER.validate_json(json.dumps(dict(values)))
    except ValidationError as error:
        raise RefusedError(f"the model's config is invalid: {problems(error)}", "correct these fields") from error


def to_json(config: ModelConfig) -> dict[str, Any]:
    """The config as JSON for a manifest."""
    values: dict[str, Any] = _ADAPTER.dump_python(config, mode="json")
    return values
