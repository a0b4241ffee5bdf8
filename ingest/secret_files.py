"""Files that hold one secret: made once, whole or not at all, and readable by their owner alone."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def read_or_make(file: Path, make: Callable[[], str]) -> str:
    """The secret in `file`, made if it is not there. Of several processes one makes it, and all return that one."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        _place(file, make())
    return file.read_text().strip()


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
    _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
