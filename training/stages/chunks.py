"""The chunks of stages 1 and 2: rows read, cut into examples, with the films' vectors. Picklable, for read-ahead."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from training.stages.batches import Chunk
from training.stages.examples import Reading, text_examples, visual_examples
from training.stages.features import kept_features
from training.stages.loading import Loaded, RowReader, rows_of


@dataclass(frozen=True, slots=True)
class TextChunks:
    """Stage 1: reports alone."""

    reading: Reading
    rows: RowReader

    def __call__(self, number: int) -> Chunk:
        """The chunk of that number."""
        return Chunk(tuple(text_examples(self.reading, rows_of(self.rows(number)))))


@dataclass(frozen=True, slots=True)
class VisualChunks:
    """Stage 2: reports with and without their films, and films by themselves.

    `encoder` is the frozen encoder's folder, `kept` the folder of its image vectors.
    """

    reading: Reading
    rows: RowReader
    encoder: Path
    kept: Path
    text_only_share: float
    seed: int

    def __call__(self, number: int) -> Chunk:
        """The chunk of that number."""
        loaded = self.rows(number)
        rng = Random(self.seed + number)  # noqa: S311 - an order, no secret
        examples = visual_examples(self.reading, rows_of(loaded), places(loaded), self.text_only_share, rng)
        films = [film for one in loaded for film in one.films]
        features = kept_features(self.kept, self.encoder, f"{self.rows.fingerprint}-{number}", films)
        return Chunk(tuple(examples), features)


def places(loaded: list[Loaded]) -> list[tuple[int, ...]]:
    """The places of each row's films among all films of the chunk."""
    found, taken = [], 0
    for one in loaded:
        found.append(tuple(range(taken, taken + len(one.films))))
        taken += len(one.films)
    return found
