"""Checks free disk space, at most once per second."""

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from ingest.errors import OutageError

INTERVAL_S = 1.0
"""The gateway can write some tens of MB in this time; the reserve must be larger (VLMKG_MIN_FREE)."""


class NoSpaceError(OutageError):
    """The disk that holds ledger or blobs is nearly full: nothing is taken until there is room again."""

    def __init__(self) -> None:
        super().__init__(
            "the disk is nearly full, so no messages are accepted now", "free space, or lower VLMKG_MIN_FREE"
        )


@dataclass(slots=True)
class Space:
    """The local file systems of ledger and blobs, and the bytes that must stay free."""

    folders: Sequence[Path]
    reserve: int
    _until: float = 0.0
    _short: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_short(self) -> bool:
        """Whether any of them has less free space than the reserve."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._short = any(shutil.disk_usage(folder).free < self.reserve for folder in self.folders)
                self._until = time.monotonic() + INTERVAL_S
            return self._short

    def require(self) -> None:
        """Raise NoSpaceError where less than the reserve is free."""
        if self.is_short():
            raise NoSpaceError


def space_of(blob_folder: Path | None, ledger: URL, min_free: int) -> Space:
    """The folders of this machine that receiving fills, of which `min_free` MiB must stay free."""
    folders = [blob_folder] if blob_folder else []
    if ledger.get_backend_name() == "sqlite":
        folders.append(Path(str(ledger.database)).parent)
    return Space(folders, min_free * 1024 * 1024)
