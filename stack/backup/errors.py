"""Errors of backup and restore.

VlmkgError
├── UsageError
│   ├── BusyBackupError     another command uses the folder of backups
│   └── UnfitTargetError    the folder can't be used for a backup or a restore
└── RefusedError
    └── BackupError         a backup can't be written, is damaged, or was made by a newer version
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vlmkg.errors import RefusedError, UsageError


class BusyBackupError(UsageError):
    """Another command uses the folder of backups."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"another backup command is running in {root}", "wait until it ends")


class UnfitTargetError(UsageError):
    """The folder can't be used for a backup or a restore."""


class BackupError(RefusedError):
    """A backup can't be written, is damaged, or was made by a newer version."""


@contextmanager
def written(what: str) -> Iterator[None]:
    """Raise BackupError for errors of the file system."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{what} can't be written ({error.strerror})",
            "free space and run the command again; older snapshots were not changed",
        ) from None
