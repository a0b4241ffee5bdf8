"""The guard of a checkpoint's image encoder, from the films that the checkpoint was trained on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from training.stages.encoder_stage import SHIFT
from training.stages.features import FilmVectors
from training.stages.loading import Loaded
from training.synthetic.seeds import ALONE_SEED
from training.synthetic.studies import make_study
from vlmkg.checkpoint.manifest import VISION, Verified, verify, write_manifest
from vlmkg.image.load import Film
from vlmkg.model.vision.encoder import VisionEncoder, encode, prepare
from vlmkg.model.vision.guard import LEAST_FILMS, Guard, fit, save_guard
from vlmkg.model.vision.store import load_encoder

PHANTOMS = 1000
SIZES = (128, 256)
"""Rows and columns of the phantoms: a film comes in any size, and resizing leaves its trace."""
_BATCH = 64


def phantom_guard(encoder: VisionEncoder, seed: int, count: int = PHANTOMS) -> Guard:
    """The guard of phantoms of several sizes, moved and exposed as in stage 0."""
    rng = np.random.default_rng(seed)
    films = [_phantom(seed, at, rng) for at in range(count)]
    return fit(_vectors(encoder, films))


def file_guard(rows: Iterable[Loaded], kept: Path, encoder: Path) -> Guard | None:
    """The guard of the rows' films, whose vectors are kept; None if too few could be read."""
    films = list({film.name: film for row in rows for film in row.films}.values())
    Random(0).shuffle(films)  # noqa: S311 - an order: patients come in blocks
    vectors = FilmVectors(kept, encoder)
    found = [known.vector for _, known in vectors.prepare(iter(films)) if known.vector is not None]
    vectors.close()
    return fit(torch.stack(found)) if len(found) >= LEAST_FILMS else None


def write_guard(folder: Path, guard: Guard) -> Verified:
    """Write the guard into the checkpoint. This changes the manifest, so an earlier promotion is no longer valid."""
    manifest = verify(folder).manifest
    save_guard(guard, folder / VISION)
    return write_manifest(folder, **manifest.model_dump(exclude={"files"}))


def guard_of_synthetic(folder: Path, seed: int, count: int = PHANTOMS) -> Guard:
    """The guard of phantoms for the checkpoint in `folder`."""
    return phantom_guard(replace(load_encoder(folder / VISION), guard=None), seed, count)


def _phantom(seed: int, number: int, rng: np.random.Generator) -> Film:
    grey = make_study(seed + ALONE_SEED, number, films=1.0).film(SIZES[number % len(SIZES)])
    if number % 4 < len(SIZES):
        shift = rng.integers(-SHIFT, SHIFT + 1, 2) * len(grey) // SIZES[0]
        grey = np.roll(grey, shift, (0, 1))
        grey = np.clip(grey * rng.uniform(0.9, 1.1) + rng.uniform(-0.04, 0.04), 0, 1)
    return Film(grey.astype(np.float32))


def _vectors(encoder: VisionEncoder, films: Sequence[Film]) -> Tensor:
    parts = []
    for first in range(0, len(films), _BATCH):
        pixels = torch.stack([prepare(film, encoder.pixels) for film in films[first : first + _BATCH]])
        parts.append(encode(encoder, pixels))
    return torch.cat(parts)
