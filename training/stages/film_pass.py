"""The pass over all films of files before stage 2: each is encoded once, on the run's device, and kept."""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.progress import track

from training.stages.devices import processes
from training.stages.features import FilmVectors
from training.stages.films import FilmSource
from training.stages.loading import Loaded
from vlmkg.errors import UsageError

UNREAD_FILE = "unread_films.csv"
"""In the run's folder: the films that could not be read, one row each."""
_NAMED = 10
"""The number of unread films that the warning names."""


class Unread(NamedTuple):
    """A film that could not be read: its name and the reason code."""

    name: str
    reason: str


def encode_ahead(rows: Iterable[Loaded], kept: Path, encoder: Path, folder: Path) -> dict[str, int]:
    """Encode the films of the rows that are not kept yet; the number of films, and of unread ones by reason.

    With several processes each encodes its share. Unread films are written to `folder` and named on stderr; training
    leaves them out. Raises UsageError if no film can be read.
    """
    state = processes()
    films = list({film.name: film for row in rows for film in row.films}.values())
    if not films:
        return {}
    own = films[state.process_index :: state.num_processes]
    _encode(own, kept, encoder, str(state.device))
    state.wait_for_everyone()
    if not state.is_main_process:
        return {}
    vectors = FilmVectors(kept, encoder)
    unread = [
        Unread(film.name, known.reason or "") for film, known in vectors.prepare(iter(films)) if known.vector is None
    ]
    vectors.close()
    _tell(unread, len(films), folder)
    return {"films": len(films), **dict(sorted(Counter(one.reason for one in unread).items()))}


def _encode(films: Sequence[FilmSource], kept: Path, encoder: Path, device: str) -> None:
    vectors = FilmVectors(kept, encoder, device)
    shown = sys.stderr.isatty() and processes().is_main_process
    for _ in track(vectors.prepare(iter(films)), "films", total=len(films), disable=not shown):
        pass
    vectors.close()


def _tell(unread: Sequence[Unread], films: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / UNREAD_FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("film", "reason"), *unread])
    if len(unread) == films:
        raise UsageError(
            f"none of the {films} films can be read, for example {unread[0].name}: {unread[0].reason}",
            "check the paths in `images`: they count from the folder of the JSONL file",
        )
    if unread:
        named = "".join(f"\n  {one.name}: {one.reason}" for one in unread[:_NAMED])
        place = folder / UNREAD_FILE
        print(
            f"warning: {len(unread)} of {films} films cannot be read and are left out; {place} names all:{named}",
            file=sys.stderr,
        )
