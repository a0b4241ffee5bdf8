"""Stage 0: train the small image encoder on the facts of phantom films; then it is frozen.

Shapes: B films, M films in total, N names of `vlmkg/film_names.txt`, F numbers in an image vector.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.stages.batches import Cursor
from training.stages.config import RunConfig
from training.stages.devices import main_process
from training.stages.loading import FILM_SIZE
from training.stages.loop import Task, run_stage
from training.stages.records import write_run
from training.stages.signatures import Signature
from training.synthetic.facts import Told, draw_facts, drawn_facts
from training.synthetic.film import draw_film
from vlmkg.image.load import Film
from vlmkg.linearization import film_names
from vlmkg.model.vision.encoder import Pixels, prepare
from vlmkg.model.vision.store import build_encoder, save_encoder

SHIFT = 6
"""Maximum shift of a film in training, in pixels."""
VALIDATION_SHARE = 10
"""One film in this number is used for validation."""


class Films(NamedTuple):
    """Films (M, H, W) of 8 bits, and their facts (M, N), 0 or 1."""

    grey: np.ndarray
    shown: np.ndarray


class FilmBatch(NamedTuple):
    """Pixels (B, 1, H, W) and their facts (B, N)."""

    pixels: Tensor
    shown: Tensor


class FilmFacts(nn.Module):
    """The encoder with a head of N logits on its vector of length 1. The head is discarded after the stage."""

    def __init__(self, encoder: nn.Module, feature_size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(feature_size, len(film_names()))
        self.scale = feature_size**0.5

    def logits(self, pixels_BCHW: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, N)."""
        features_BF = functional.normalize(self.encoder(pixels_BCHW).float(), dim=-1)
        logits_BN: Tensor = self.head(features_BF * self.scale)
        return logits_BN

    def forward(self, batch: FilmBatch) -> Tensor:
        """Mean binary cross-entropy, a scalar."""
        return functional.binary_cross_entropy_with_logits(self.logits(batch.pixels), batch.shown)


@dataclass(frozen=True, slots=True)
class _FilmStream:
    """Batches of films in a new order each epoch, with random shift and exposure."""

    films: Films
    pixels: Pixels
    size: int
    seed: int

    def __call__(self, start: Cursor) -> Iterator[tuple[Cursor, FilmBatch]]:
        batches = max(1, len(self.films.grey) // self.size)
        at = start
        while True:
            order = np.random.default_rng(self.seed + at.chunk).permutation(len(self.films.grey))
            chosen = order[at.batch * self.size : (at.batch + 1) * self.size]
            following = Cursor(at.chunk, at.batch + 1) if at.batch + 1 < batches else Cursor(at.chunk + 1)
            rng = np.random.default_rng((self.seed, at.chunk, at.batch))
            yield following, film_batch(self.films, chosen, self.pixels, rng)
            at = following


def run(config: RunConfig, out: Path) -> list[Signature]:
    """Train the small encoder and write it to `out`/vision; returns the observed failure signatures."""
    torch.manual_seed(config.seed)
    feature_size = config.projector.feature_size
    encoder = build_encoder("small", {"feature_size": feature_size})
    films = kept_films(out / "films", config.data.seed, config.vision.films)
    held = len(films.grey) // VALIDATION_SHARE
    training, validation = (Films(*(part[cut] for part in films)) for cut in (slice(held, None), slice(held)))
    encoder.module.requires_grad_(requires_grad=True).train()
    network = FilmFacts(encoder.module, feature_size)
    task = Task(
        network,
        frozenset(name for name, _ in network.named_parameters()),
        _FilmStream(training, encoder.pixels, config.stage0.batch, config.seed),
        lambda module: _evaluate(module, validation, encoder.pixels),
    )
    folder = out / "stage0.run"
    folder.mkdir(parents=True, exist_ok=True)
    write_run(folder, config, "stage0", {"phantoms": f"seed {config.data.seed}, {config.vision.films} films"})
    seen = run_stage(task, config.stage0, folder, config.seed, config.precision)
    if main_process():
        encoder.module.cpu().eval()
        part = out / ".vision.part"
        shutil.rmtree(part, ignore_errors=True)
        save_encoder(encoder, part)
        part.rename(out / "vision")
    return seen


def kept_films(folder: Path, seed: int, count: int) -> Films:
    """`count` phantom films with their facts, drawn once and stored in `folder`."""
    path = folder / f"{seed}-{count}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as kept:
            return Films(kept["grey"], kept["shown"])
    films = draw_films(seed, count)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    np.savez(part, grey=films.grey, shown=films.shown)
    part.replace(path)
    return films


def draw_films(seed: int, count: int) -> Films:
    """`count` phantom films, independent of their reports."""
    names = {name: at for at, name in enumerate(film_names())}
    grey = np.zeros((count, FILM_SIZE, FILM_SIZE), np.uint8)
    shown = np.zeros((count, len(names)), np.float32)
    for at in range(count):
        rng = Random(seed * 1_000_003 + at)  # noqa: S311 - made-up data
        facts = draw_facts(rng, {Told.BOTH: 1.0})
        grey[at] = np.round(draw_film(facts, rng.getrandbits(48), FILM_SIZE) * 255)
        for name, _ in drawn_facts(facts):
            shown[at, names[name]] = 1
    return Films(grey, shown)


def film_batch(films: Films, chosen: np.ndarray, pixels: Pixels, rng: np.random.Generator | None = None) -> FilmBatch:
    """The chosen films as input of the encoder; with `rng` each gets a small shift and another exposure."""
    prepared = []
    for at in chosen:
        grey = films.grey[at].astype(np.float32) / 255
        if rng is not None:
            grey = np.roll(grey, rng.integers(-SHIFT, SHIFT + 1, 2), (0, 1))
            grey = np.clip(grey * rng.uniform(0.9, 1.1) + rng.uniform(-0.04, 0.04), 0, 1)
        prepared.append(prepare(Film(grey.astype(np.float32)), pixels))
    return FilmBatch(torch.stack(prepared), torch.from_numpy(films.shown[chosen]))


def _evaluate(module: nn.Module, films: Films, pixels: Pixels) -> Mapping[str, float]:
    """Loss, and F1 over all facts at a probability of one half."""
    network = cast("FilmFacts", module)
    device = next(network.parameters()).device
    losses, hits, said, true = [], 0.0, 0.0, 0.0
    for first in range(0, len(films.grey), 128):
        batch = film_batch(films, np.arange(first, min(first + 128, len(films.grey))), pixels)
        logits, shown = network.logits(batch.pixels.to(device)), batch.shown.to(device)
        losses.append(float(functional.binary_cross_entropy_with_logits(logits, shown)) * len(shown))
        found = (logits > 0).float()
        hits, said, true = hits + float((found * shown).sum()), said + float(found.sum()), true + float(shown.sum())
    return {
        "validation_loss": sum(losses) / len(films.grey),
        "film_f1": 2 * hits / (said + true) if said + true else 0.0,
    }
