"""The chunks of stages 1 and 2: rows, cut into examples, with the films' vectors. Picklable, for read-ahead."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from training.stages.batches import Chunk
from training.stages.examples import Reading, film_examples, text_examples, visual_examples
from training.stages.features import kept_features
from training.stages.loading import Loaded, RowReader, rows_of


@dataclass(frozen=True, slots=True)
class TextChunks:
    """Stage 1: only reports."""

    reading: Reading
    rows: RowReader

    def __call__(self, number: int) -> Chunk:
        """The chunk of that number."""
        return Chunk(tuple(text_examples(self.reading, rows_of(self.rows(number)))))


@dataclass(frozen=True, slots=True)
class VisualChunks:
    """Stage 2: reports with and without their films, and films by themselves.

    `encoder` is the frozen encoder's folder, `kept` the folder of its image vectors; `alone` reads studies that are
    used only with their films.
    """

    reading: Reading
    rows: RowReader
    encoder: Path
    kept: Path
    text_only_share: float
    seed: int
    alone: RowReader | None = None

    def __call__(self, number: int) -> Chunk:
        """The chunk of that number."""
        loaded = self.rows(number)
        rng = Random(self.seed + number)  # noqa: S311 - an order, no secret
        examples = visual_examples(self.reading, rows_of(loaded), places(loaded), self.text_only_share, rng)
        features = self._features(self.rows, number, loaded)
        if self.alone is None:
            return Chunk(tuple(examples), features)
        further = self.alone(number)
        for row, at in zip(rows_of(further), places(further, len(features)), strict=True):
            examples += film_examples(self.reading, row, at)
        return Chunk(tuple(examples), torch.cat((features, self._features(self.alone, number, further))))

    def _features(self, rows: RowReader, number: int, loaded: list[Loaded]) -> Tensor:
        films = [film for one in loaded for film in one.films]
        return kept_features(self.kept, self.encoder, f"{rows.fingerprint}-{number}", films)


def places(loaded: list[Loaded], taken: int = 0) -> list[tuple[int, ...]]:
    """The indices of each row's films among all films of the chunk, after `taken` others."""
    found = []
    for one in loaded:
        found.append(tuple(range(taken, taken + len(one.films))))
        taken += len(one.films)
    return found
