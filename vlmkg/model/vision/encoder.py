"""The image encoder, and the conversion of a film to its input pixels.

Shapes: B films, C channels, H and W the encoder's height and width, F numbers in an image vector.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vlmkg.image.intensity import Intensity, equalised
from vlmkg.image.load import Film
from vlmkg.model.vision.guard import Guard


class Fit(StrEnum):
    """How a film of any size becomes a square."""

    PAD = "pad"
    """Padded with black to a square, at least of the encoder's size, then resized if larger."""
    SHORTEST = "shortest"
    """Resized by the shorter edge, with a centre crop of the longer one."""
    LONGEST = "longest"
    """Resized by the longer edge, with black at both sides of the shorter one."""
    SQUASH = "squash"
    """Both edges resized to the square."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """The input of an encoder: `size` x `size` pixels, one channel for each mean, (grey in [0, 1] - mean) / std."""

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: Fit = Fit.PAD
    intensity: Intensity = Intensity.AS_SHOWN


@dataclass(frozen=True, slots=True)
class VisionEncoder:
    """An image encoder, frozen.

    `kind` and `config` rebuild it (`vlmkg.model.vision.store`); `module` maps (B, C, H, W) pixels, as described by
    `pixels`, to (B, F). `guard` tells films that are unlike its training films; None: it cannot.
    """

    kind: str
    config: Mapping[str, Any]
    module: nn.Module
    pixels: Pixels
    guard: Guard | None = None


def feature_size(encoder: VisionEncoder) -> int:
    """F: the numbers in an image vector of the encoder."""
    config = encoder.config
    return int(config["feature_size"] if "feature_size" in config else config["model_cfg"]["embed_dim"])


def encode(encoder: VisionEncoder, pixels_BCHW: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, F) image vectors of length 1, without gradient: no training step can change the encoder."""
    with torch.no_grad():  # not inference_mode: training uses these vectors
        features_BF: Tensor = encoder.module(pixels_BCHW)
        return nn.functional.normalize(features_BF.float(), dim=-1)


def prepare(film: Film, pixels: Pixels) -> Tensor:
    """The film as (C, H, W) pixels, resized bicubically in floating point, which keeps 16 bits."""
    grey = equalised(film.grey) if pixels.intensity is Intensity.EQUALISED else film.grey
    grey_HW = _fitted(Image.fromarray(grey), pixels)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (pixels.mean, pixels.std))
    return (torch.from_numpy(grey_HW.copy())[None] - mean) / std


def _fitted(image: Image.Image, pixels: Pixels) -> np.ndarray:
    size = pixels.size
    if pixels.fit is Fit.PAD:
        image = _padded(image, max(size, *image.size))
    elif pixels.fit in {Fit.SHORTEST, Fit.LONGEST}:
        edge = min(image.size) if pixels.fit is Fit.SHORTEST else max(image.size)
        width, height = (max(1, round(side * size / edge)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
        image = _padded(image, size)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32).clip(0.0, 1.0)


def _padded(image: Image.Image, size: int) -> Image.Image:
    """The middle of the image on a black square of this size: cropped if it is larger, padded if it is smaller."""
    square = Image.new("F", (size, size), 0.0)
    left, top = (int((size - side) / 2) for side in image.size)
    square.paste(image, (left, top))
    return square
