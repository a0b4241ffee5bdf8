"""Checks free disk space, at most once per second."""

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL_S = 1.0
"""The gateway can write some tens of MB in this time; the reserve must be larger (VLMKG_MIN_FREE)."""


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
