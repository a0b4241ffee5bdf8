"""Whether there is room on the disk. Looked at once a second at most, whoever asks."""

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL_S = 1.0
"""A full intake writes some tens of MB in this time; the reserve must be more (VLMKG_MIN_FREE)."""


@dataclass(slots=True)
class Space:
    """The file systems of ledger and blobs, as far as they are of this machine, and the bytes that must stay free."""

    folders: Sequence[Path]
    reserve: int
    _until: float = 0.0
    _short: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_short(self) -> bool:
        """Whether less than the reserve is free on any of them."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._short = any(shutil.disk_usage(folder).free < self.reserve for folder in self.folders)
                self._until = time.monotonic() + INTERVAL_S
            return self._short
