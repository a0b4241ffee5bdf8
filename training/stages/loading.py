"""Rows in chunks, from generated studies or from files. Films are read when needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple, Protocol

from training.data.rows import Row
from training.stages.films import FilmFile, FilmSource, Phantom
from training.synthetic.facts import drawn_facts
from training.synthetic.studies import Study, make_study


class Loaded(NamedTuple):
    """A row, and its films."""

    row: Row
    films: tuple[FilmSource, ...] = ()


class RowReader(Protocol):
    """Returns the rows of a chunk; the same number gives the same rows. `fingerprint` identifies the data."""

    @property
    def fingerprint(self) -> str:
        """A value that changes with the rows."""
        ...

    def __call__(self, number: int) -> list[Loaded]:
        """The rows of the chunk with this number, from 0 on, endlessly."""
        ...


@dataclass(frozen=True, slots=True)
class SyntheticRows:
    """`chunk` synthetic studies at a time, all different."""

    seed: int
    film_share: float
    chunk: int
    fingerprint: str

    def __call__(self, number: int) -> list[Loaded]:
        """The studies from `number * chunk` on."""
        first = number * self.chunk
        return [synthetic(make_study(self.seed, at, self.film_share)) for at in range(first, first + self.chunk)]


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of files, in a new order each epoch. Paths of films are relative to `folder`."""

    rows: tuple[Row, ...]
    folder: Path
    chunk: int
    seed: int
    fingerprint: str

    def __call__(self, number: int) -> list[Loaded]:
        """A part of the epoch's order; the last chunk of an epoch may be shorter."""
        chunks = -(-len(self.rows) // self.chunk)
        epoch, at = divmod(number, chunks)
        order = list(self.rows)
        Random(self.seed + epoch).shuffle(order)  # noqa: S311 - an order, no secret
        return [from_file(row, self.folder) for row in order[at * self.chunk : (at + 1) * self.chunk]]

    def all(self) -> list[Loaded]:
        """Every row once, in the order of the files."""
        return [from_file(row, self.folder) for row in self.rows]


@dataclass(frozen=True, slots=True)
class MixedRows:
    """The rows of two readers, chunk by chunk: those of `first`, then those of `beside`."""

    first: RowReader
    beside: RowReader

    @property
    def fingerprint(self) -> str:
        """Of both."""
        return f"{self.first.fingerprint}-beside-{self.beside.fingerprint}"

    def __call__(self, number: int) -> list[Loaded]:
        """The rows of both readers' chunks of that number."""
        return [*self.first(number), *self.beside(number)]


def synthetic(study: Study) -> Loaded:
    """A synthetic study as a row; its film is drawn when it is read."""
    if study.facts is None:
        return Loaded(Row(study.study_id, study.patient_id, study.text, study.graph))
    film = tuple((name, str(label)) for name, label in drawn_facts(study.facts))
    row = Row(study.study_id, study.patient_id, study.text, study.graph, film=film)
    return Loaded(row, (Phantom(study),))


def from_file(row: Row, folder: Path) -> Loaded:
    """A row of a file; its films are read from the folder."""
    return Loaded(row, tuple(FilmFile(folder / image) for image in row.images))


def rows_of(loaded: Sequence[Loaded]) -> list[Row]:
    """The rows without their films."""
    return [one.row for one in loaded]
