"""What shapes the model has apart from its language model. Kept in each checkpoint's manifest."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from vlmkg.errors import RefusedError


class Projector(StrEnum):
    """How an image vector becomes a prefix."""

    TRANSFORMER = "transformer"
    LINEAR = "linear"
    MLP = "mlp"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The projector's shape. The defaults are the paper's sizes; the width d is the language model's own.

    Raises RefusedError where a field has no meaning.
    """

    projector: Projector = Projector.TRANSFORMER
    """The paper's transformer, or one of the two arms of its ablation."""
    feature_size: int = 512
    """Numbers in an image vector."""
    prefix_length: int = 64
    """n: embeddings that one film puts before the prompt."""
    clip_length: int = 64
    """k: tokens that the transformer reads of one image vector."""
    layers: int = 8
    """Layers of the transformer."""
    heads: int = 8
    """Attention heads of each layer; they divide d."""
    mlp_width: int = 1536
    """Hidden width of the `mlp` arm: 1536 has as many parameters as the transformer at the paper's sizes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "projector", _projector(self.projector))
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if type(value) is not int or value < 1:
                raise RefusedError(f"{field.name} of the model is {value!r}, not a whole number from 1")


def _projector(name: str) -> Projector:
    try:
        return Projector(name)
    except ValueError:
        raise RefusedError(f"there is no projector {name!r}", f"projectors: {', '.join(Projector)}") from None


def from_json(values: Mapping[str, Any]) -> ModelConfig:
    """The config of a manifest. Raises RefusedError for a missing, unknown or meaningless field."""
    names = {field.name for field in fields(ModelConfig)}
    if odd := names ^ values.keys():
        raise RefusedError(f"the model's config lacks or does not know: {', '.join(sorted(odd))}")
    return ModelConfig(**values)


def to_json(config: ModelConfig) -> dict[str, Any]:
    """The config as a manifest holds it."""
    return {**asdict(config), "projector": config.projector.value}
