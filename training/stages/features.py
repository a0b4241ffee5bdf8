"""Image vectors of the frozen encoder: each film is encoded once, and its vector is kept by the film's own digest.

`FOLDER/DIGEST.sqlite` has the vectors of one encoder. The key of a vector is the SHA-256 of the film, never its place
in a stream or data set: runs with other seeds, orders and files share the folder. A film that cannot be read is kept
with its reason, so that it is named and counted once.

Shapes: M films, F numbers in an image vector.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.stages.films import FilmSource
from vlmkg.image.grey import ImageError
from vlmkg.model.vision.encoder import VisionEncoder, encode, feature_size, prepare
from vlmkg.model.vision.store import CONFIG_FILE, WEIGHTS_FILE, load_encoder
from vlmkg.reading_codes import UnreadReason

BATCH = 64
READERS = 8
"""Threads that read and decode films for the encoder. Decoding releases Python's lock."""
_WAIT = 120.0
"""Seconds to wait for another process that writes to the same file."""
_TABLES = """
CREATE TABLE IF NOT EXISTS films (key TEXT PRIMARY KEY, vector BLOB, reason TEXT);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, version TEXT NOT NULL, key TEXT NOT NULL);
"""


class Known(NamedTuple):
    """A film's stored result: the vector (F), or the reason why there is none."""

    vector: Tensor | None
    reason: str | None


@cache
def frozen_encoder(folder: Path) -> VisionEncoder:
    """The encoder of the folder, loaded once per process."""
    return load_encoder(folder)


@cache
def encoder_digest(folder: Path) -> str:
    """SHA-256 (hex, shortened) of the encoder's weights and config, which says how films are prepared for it."""
    content = (folder / WEIGHTS_FILE).read_bytes() + (folder / CONFIG_FILE).read_bytes()
    return sha256(content).hexdigest()[:16]


def encode_films(encoder: VisionEncoder, films: Sequence[FilmSource], device: str = "cpu") -> Tensor:
    """(M, F) image vectors, of length 1. Raises ImageError or OSError if a film cannot be read."""
    if not films:
        return torch.zeros(0, feature_size(encoder))
    parts = []
    for at in range(0, len(films), BATCH):
        pixels = torch.stack([prepare(film.read(), encoder.pixels) for film in films[at : at + BATCH]])
        parts.append(encode(encoder, pixels.to(device)).cpu())
    return torch.cat(parts).clone()


class FilmVectors:
    """The vectors of one encoder's films in `folder`. Several processes may use the same folder, on a local disk."""

    def __init__(self, folder: Path, encoder_folder: Path, device: str = "cpu") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._encoder_folder, self._device = encoder_folder, device
        path = folder / f"{encoder_digest(encoder_folder)}.sqlite"
        self._rows = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=NORMAL")
        self._rows.executescript(_TABLES)

    def of(self, films: Sequence[FilmSource]) -> list[Known]:
        """The result of each film, in the same order; films that are not known yet are encoded."""
        keys = [self._key(film) for film in films]
        known = {key: self._known(key) for key in set(keys)}
        fresh = {key: film for key, film in zip(keys, films, strict=True) if known[key] is None}
        if fresh:
            self._encode(fresh)
        return [known[key] or self._known(key) or Known(None, UnreadReason.LOST) for key in keys]

    def prepare(self, films: Iterator[FilmSource]) -> Iterator[tuple[FilmSource, Known]]:
        """The films with their results, BATCH at a time, each encoded at most once."""
        while part := list(islice(films, BATCH)):
            yield from zip(part, self.of(part), strict=True)

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def _key(self, film: FilmSource) -> str:
        """The film's key; it is read for it only if name and version are not known."""
        try:
            version = film.version()
            if version is None:
                return film.key()
            row = self._rows.execute(
                "SELECT key FROM files WHERE name = ? AND version = ?", (film.name, version)
            ).fetchone()
            if row:
                return str(row[0])
            key = film.key()
        except OSError:
            return f"missing {film.name}"
        self._rows.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (film.name, version, key))
        return key

    def _known(self, key: str) -> Known | None:
        row = self._rows.execute("SELECT vector, reason FROM films WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        vector = None if row[0] is None else torch.from_numpy(np.frombuffer(row[0], dtype="<f4").copy())
        return Known(vector, row[1])

    def _encode(self, films: dict[str, FilmSource]) -> None:
        encoder = frozen_encoder(self._encoder_folder)
        encoder.module.to(self._device)
        with ThreadPoolExecutor(READERS) as pool:
            read = list(pool.map(lambda film: _pixels(film, encoder), films.values()))
        rows: list[tuple[str, bytes | None, str | None]] = []
        seen = [(key, one) for key, one in zip(films, read, strict=True) if isinstance(one, Tensor)]
        if seen:
            pixels = torch.stack([one for _, one in seen]).to(self._device)
            vectors = encode(encoder, pixels).cpu().numpy().astype("<f4")
            rows += [(key, vector.tobytes(), None) for (key, _), vector in zip(seen, vectors, strict=True)]
        # A missing file is not kept: it may be there at the next run.
        rows += [
            (key, None, one)
            for key, one in zip(films, read, strict=True)
            if isinstance(one, str) and one != UnreadReason.LOST
        ]
        self._rows.execute("BEGIN IMMEDIATE")
        self._rows.executemany("INSERT OR IGNORE INTO films VALUES (?, ?, ?)", rows)
        self._rows.execute("COMMIT")


def _pixels(film: FilmSource, encoder: VisionEncoder) -> Tensor | str:
    """The prepared pixels, or the reason why there are none."""
    try:
        return prepare(film.read(), encoder.pixels)
    except ImageError as error:
        return str(error.reason)
    except OSError:
        return UnreadReason.LOST.value
