"""Retention of backups: the latest snapshots and the blobs that they name."""

import shutil

from stack.backup.errors import BackupError, written
from stack.backup.layout import PART, BackupFolder, read_blob_list, read_manifest


def remove_parts(folder: BackupFolder) -> None:
    """Remove unfinished backups. The blobs that they copied stay for the next one."""
    with written("the folder of backups"):
        for part in folder.snapshots.glob(f"{PART}*"):
            shutil.rmtree(part)


def remove_older(folder: BackupFolder, made: str, keep: int) -> int:
    """Keep the new snapshot and the latest others, `keep` in all, and remove the rest. Returns the number removed.

    The new one is kept even if the clock was set back.
    """
    others = [name for name in folder.names() if name != made]
    older = others[: max(0, len(others) - keep + 1)]
    with written("the folder of backups"):
        for name in older:
            # From here on it counts as unfinished.
            gone = (folder.snapshots / name).rename(folder.snapshots / f"{PART}{name}")
            shutil.rmtree(gone)
    return len(older)


def remove_blobs(folder: BackupFolder) -> int:
    """Remove the blobs that no snapshot names, such as those of purged events. Returns the number.

    Removes none if the blob list of a snapshot can't be read.
    """
    used: set[str] = set()
    try:
        for name in folder.names():
            snapshot = folder.snapshots / name
            used.update(read_blob_list(snapshot))
            used.update(key for checkpoint in read_manifest(snapshot).checkpoints for key in checkpoint.files.values())
    except BackupError:
        return 0
    unused = [path for path in folder.blobs.glob("??/*") if path.name not in used]
    with written("the folder of backups"):
        for path in unused:
            path.unlink()
    return len(unused)
