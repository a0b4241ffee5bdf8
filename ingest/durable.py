"""Writes that survive a power failure."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Sync a file's bytes, or the names in a folder, to disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
