"""The films of rows: each with its own identity, by which its image vector is kept, and a name for messages."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from training.synthetic.studies import GENERATOR, Study
from vlmkg.image.load import Film, read_film

FILM_SIZE = 128
"""Rows and columns of the stages' phantom films: the input size of the small encoder."""


class FilmSource(Protocol):
    """A film that is read when it is needed."""

    @property
    def name(self) -> str:
        """The film's name for messages: its path, or the study of a phantom."""
        ...

    def version(self) -> str | None:
        """A value that changes if the content may have changed, without reading it; None if `key` costs no reading.

        Raises OSError if the film is missing.
        """
        ...

    def key(self) -> str:
        """The identity of the content: the same film has the same key in any data set, run and seed.

        Raises OSError if the film is missing.
        """
        ...

    def read(self) -> Film:
        """The film. Raises ImageError or OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Phantom:
    """The film of a synthetic study, drawn when it is read."""

    study: Study

    @property
    def name(self) -> str:
        """The study's id."""
        return self.study.study_id

    def version(self) -> str | None:
        """None: the key is computed from the recipe."""
        return None

    def key(self) -> str:
        """SHA-256 (hex) of the recipe: the film's facts and its seed."""
        return sha256(f"{GENERATOR} {FILM_SIZE} {self.study.film_seed} {self.study.facts}".encode()).hexdigest()

    def read(self) -> Film:
        """The drawn film."""
        return Film(self.study.film(FILM_SIZE))


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A film in a file: DICOM, PNG or JPEG."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def version(self) -> str | None:
        """Size and time of change."""
        state = self.path.stat()
        return f"{state.st_size} {state.st_mtime_ns}"

    def key(self) -> str:
        """SHA-256 (hex) of the file."""
        return sha256(self.path.read_bytes()).hexdigest()

    def read(self) -> Film:
        """The film of the file."""
        return read_film(self.path.read_bytes())
