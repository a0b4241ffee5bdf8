"""The text of data sets' files, in the encodings and compressions in which they are found."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.data.tally import Tally
from vlmkg.errors import UsageError

FILM_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".dcm"})


def read_text(path: Path, tally: Tally) -> str:
    """The text of a report: UTF-8, else Windows-1252, which is counted."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        tally.notes["reports in Windows-1252"] += 1
        return raw.decode("cp1252", errors="replace")


def table(folders: Sequence[Path], stem: str, columns: Sequence[str]) -> tuple[Path, Iterator[dict[str, str]]] | None:
    """The rows of the first of FOLDER/`stem`*.csv or .csv.gz, with its path; None if there is none.

    Raises UsageError if the file is damaged, is another compression than its name says, or lacks a column.
    """
    found = [path for folder in folders for path in sorted(folder.glob(f"{stem}.csv*"))]
    path = next((one for one in found if one.name.endswith((".csv", ".csv.gz"))), None)
    if path is None:
        return None
    reader = csv.DictReader(io.StringIO(_csv_text(path)))
    missing = sorted(set(columns) - set(reader.fieldnames or ()))
    if missing:
        raise UsageError(f"{path.name} has no column {', '.join(missing)}", "use the file as PhysioNet publishes it")
    return path, iter(reader)


def is_film(path: Path) -> bool:
    """Whether a file's name ends as a film's does, in capitals too."""
    return path.suffix.lower() in FILM_ENDINGS


def _csv_text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is damaged: {type(error).__name__}", "download it again") from error
