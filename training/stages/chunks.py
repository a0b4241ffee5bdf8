"""The chunks of stages 1 and 2: rows, cut into examples, with the films' vectors. Picklable, for read-ahead."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from training.stages.batches import Chunk
from training.stages.examples import Reading, film_examples, text_examples, visual_examples
from training.stages.features import FilmVectors, frozen_encoder
from training.stages.loading import Loaded, RowReader, rows_of
from vlmkg.model.vision.encoder import feature_size


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
        """The chunk of that number. Films that cannot be read are left out."""
        loaded = self.rows(number)
        rng = Random(self.seed + number)  # noqa: S311 - an order, no secret
        features, places = self._features(loaded)
        examples = visual_examples(self.reading, rows_of(loaded), places, self.text_only_share, rng)
        if self.alone is None:
            return Chunk(tuple(examples), features)
        further = self.alone(number)
        more, at_places = self._features(further, len(features))
        for row, at in zip(rows_of(further), at_places, strict=True):
            examples += film_examples(self.reading, row, at)
        return Chunk(tuple(examples), torch.cat((features, more)))

    def _features(self, loaded: list[Loaded], taken: int = 0) -> tuple[Tensor, list[tuple[int, ...]]]:
        """(M, F) vectors of the rows' films, and for each row the indices of its films, after `taken` others."""
        films = [film for one in loaded for film in one.films]
        known = iter(_vectors(self.kept, self.encoder).of(films))
        vectors: list[Tensor] = []
        places: list[tuple[int, ...]] = []
        for one in loaded:
            read = [vector for vector, _ in (next(known) for _ in one.films) if vector is not None]
            places.append(tuple(range(taken + len(vectors), taken + len(vectors) + len(read))))
            vectors += read
        nothing = torch.zeros(0, feature_size(frozen_encoder(self.encoder)))
        return torch.stack(vectors) if vectors else nothing, places


@cache
def _vectors(kept: Path, encoder: Path) -> FilmVectors:
    """The vectors' file, opened once per process."""
    return FilmVectors(kept, encoder)
