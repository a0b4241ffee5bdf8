"""Files of a backup: copied and digested in one pass, and synced to disk."""

import hashlib
import os
from pathlib import Path

from ingest.durable import sync

_PIECE = 1024 * 1024


def copy(source: Path, target: Path) -> str:
    """Copy a file, sync the copy to disk, and return its SHA-256."""
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
    """Sync a folder and everything below it."""
    for path in root.rglob("*"):
        sync(path)
    sync(root)
