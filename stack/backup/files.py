"""Files of a backup: copied and checked in one reading, and made safe."""

import hashlib
import os
from pathlib import Path

from ingest.durable import sync

_PIECE = 1024 * 1024


def copy(source: Path, target: Path) -> str:
    """Copy a file to a new one, make its bytes safe, and return their SHA-256."""
    total = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reading, os.fdopen(handle, "wb") as writing:
        while piece := reading.read(_PIECE):
            total.update(piece)
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    return total.hexdigest()


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()


def sync_tree(root: Path) -> None:
    """The same for everything below a folder, and the folder."""
    for path in root.rglob("*"):
        sync(path)
    sync(root)
