"""Files with one secret: created once, atomically, and readable only by their owner."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingest.durable import sync


def read_or_make(file: Path, make: Callable[[], str]) -> str:
    """The secret in `file`, created if it is missing. Of several processes one creates it, and all return the same."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        _place(file, make())
    return file.read_text().strip()


def replace(file: Path, old: str, make: Callable[[], str]) -> str:
    """Replace the secret `old`. Of several processes one replaces it, and all return the new one."""
    with _alone(file.parent):
        if read_or_make(file, make) == old:
            file.unlink()
        return read_or_make(file, make)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _place(file: Path, secret: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, part = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    with os.fdopen(handle, "w") as made:
        made.write(secret)
        made.flush()
        os.fsync(made.fileno())
    with suppress(FileExistsError):
        os.link(part, file)
    Path(part).unlink()
    sync(file.parent)
