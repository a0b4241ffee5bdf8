"""MedCLIP's "ViT" (Wang et al., EMNLP 2022): a Swin-tiny, its pooled 768 numbers mapped to 512 without bias.

Its weights are stored under their published names, those of transformers 4; the library has renamed
some since.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from transformers import SwinConfig, SwinModel

from vlmkg.model.vision.encoder import Fit, Pixels, VisionEncoder

MEAN, STD = 0.5862785803043838, 0.27950088968644304
_SIZE = 224
TOWER = "vision_model."
"""The prefix of the visual tower's weights in the file of the whole model."""
_RENAMED = (
    (".attention.self.query.", ".attention.q_proj."),
    (".attention.self.key.", ".attention.k_proj."),
    (".attention.self.value.", ".attention.v_proj."),
    (".attention.output.dense.", ".attention.o_proj."),
    (".attention.self.relative_position_bias_table", ".attention.relative_position_bias.relative_position_bias_table"),
    (".intermediate.dense.", ".mlp.fc1."),
    (".output.dense.", ".mlp.fc2."),
)
_COMPUTED = re.compile(r"relative_position_index$")
"""A table computed from the window's size, which is published as a weight."""


class MedClipNetwork(nn.Module):
    """(B, 1 or 3, 224, 224) -> (B, 512); one channel is used as three."""

    def __init__(self, swin: SwinConfig, feature_size: int) -> None:
        super().__init__()
        self.model = SwinModel(swin)
        self.projection_head = nn.Linear(self.model.num_features, feature_size, bias=False)

    def forward(self, pixels_BCHW: Tensor) -> Tensor:
        """(B, 1 or 3, 224, 224) -> (B, 512)."""
        pooled_BD = self.model(pixels_BCHW.expand(-1, 3, -1, -1)).pooler_output
        features_BF: Tensor = self.projection_head(pooled_BD)
        return features_BF


def build(config: Mapping[str, Any]) -> VisionEncoder:
    """The encoder of `{"feature_size": F, "swin": {...}}`, with fresh weights. An empty `swin` is MedCLIP's own."""
    feature_size, swin = int(config["feature_size"]), dict(config["swin"])
    network = MedClipNetwork(SwinConfig(**swin), feature_size)
    pixels = Pixels(size=swin.get("image_size", _SIZE), mean=(MEAN,), std=(STD,), fit=Fit.PAD)
    return VisionEncoder("medclip", {"feature_size": feature_size, "swin": swin}, network, pixels)


def from_published(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert published names to the installed library's."""
    return {_renamed(name, _RENAMED): value for name, value in weights.items() if not _COMPUTED.search(name)}


def to_published(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert the installed library's names to the published ones."""
    back = tuple((new, old) for old, new in _RENAMED)
    return {_renamed(name, back): value for name, value in weights.items()}


def _renamed(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        if old in name:
            return name.replace(old, new)
    return name
