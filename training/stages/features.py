"""Image vectors of the frozen encoder, computed once and stored.

Shapes: M films, F numbers in an image vector.
"""

import os
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vlmkg.image.load import Film
from vlmkg.model.vision.encoder import VisionEncoder, encode, prepare
from vlmkg.model.vision.store import WEIGHTS_FILE, load_encoder

BATCH = 64


@cache
def frozen_encoder(folder: Path) -> VisionEncoder:
    """The encoder of the folder, loaded once per process."""
    return load_encoder(folder)


@cache
def encoder_digest(folder: Path) -> str:
    """SHA-256 (hex, shortened) of the encoder's weights."""
    return sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()[:16]


def encode_films(encoder: VisionEncoder, films: Sequence[Callable[[], Film]]) -> Tensor:
    """(M, F) image vectors, of length 1."""
    if not films:
        return torch.zeros(0, int(encoder.config.get("feature_size", 512)))
    parts = []
    for at in range(0, len(films), BATCH):
        pixels = torch.stack([prepare(read(), encoder.pixels) for read in films[at : at + BATCH]])
        parts.append(encode(encoder, pixels))
    return torch.cat(parts).clone()


def kept_features(kept: Path, encoder_folder: Path, name: str, films: Sequence[Callable[[], Film]]) -> Tensor:
    """(M, F) image vectors of the films `name`, read from the folder `kept` if they are there."""
    path = kept / encoder_digest(encoder_folder) / f"{name}.safetensors"
    if path.exists():
        return load_file(path)["features"]
    features_MF = encode_films(frozen_encoder(encoder_folder), films)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    save_file({"features": features_MF.contiguous()}, part)
    part.replace(path)
    return features_MF
