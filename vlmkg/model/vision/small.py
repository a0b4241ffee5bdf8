"""Our own small image encoder, trained from scratch and then frozen: under a million parameters."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from vlmkg.model.vision.encoder import Pixels, VisionEncoder

SIZE = 128
WIDTHS = (24, 48, 72, 96)
_GRID = 4
"""Pooling keeps halves and thirds of a film apart, because the location of a finding matters."""
_GRID_CHANNELS = 40
PIXELS = Pixels(size=SIZE, mean=(0.5,), std=(0.25,))


class Block(nn.Module):
    """Two convolutions with a residual, at half the size: (B, C, H, W) -> (B, C', H/2, W/2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shrink = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.GroupNorm(4, outputs))
        self.inner = nn.Sequential(nn.GELU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.GroupNorm(4, outputs))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H/2, W/2)."""
        x_BCHW = self.shrink(x_BCHW)
        return nn.functional.gelu(x_BCHW + self.inner(x_BCHW))


class SmallNetwork(nn.Module):
    """(B, 1, 128, 128) -> (B, F)."""

    def __init__(self, feature_size: int) -> None:
        super().__init__()
        pairs = zip((1, *WIDTHS[:-1]), WIDTHS, strict=True)
        self.blocks = nn.Sequential(*(Block(inputs, outputs) for inputs, outputs in pairs))
        self.grid = nn.Sequential(nn.Conv2d(WIDTHS[-1], _GRID_CHANNELS, 1), nn.AdaptiveAvgPool2d(_GRID))
        self.head = nn.Linear(_GRID * _GRID * _GRID_CHANNELS, feature_size)

    def forward(self, pixels_BCHW: Tensor) -> Tensor:
        """(B, 1, 128, 128) -> (B, F)."""
        features_BF: Tensor = self.head(self.grid(self.blocks(pixels_BCHW)).flatten(1))
        return features_BF


def build(config: Mapping[str, Any]) -> VisionEncoder:
    """The encoder of `{"feature_size": F}`, with fresh weights."""
    return VisionEncoder(
        "small", {"feature_size": int(config["feature_size"])}, SmallNetwork(config["feature_size"]), PIXELS
    )
