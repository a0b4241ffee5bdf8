"""What a folder of backups keeps: the latest snapshots, and what they name."""

import shutil

from stack.backup.errors import BackupError, written
from stack.backup.layout import PART, BackupFolder, read_blob_list, read_manifest


def remove_parts(folder: BackupFolder) -> None:
    """Remove what a backup that was stopped has left. The blobs that it copied stay for the next one."""
    with written("the folder of backups"):
        for part in folder.snapshots.glob(f"{PART}*"):
            shutil.rmtree(part)


def remove_older(folder: BackupFolder, made: str, keep: int) -> int:
    """Remove all snapshots but the one just made and the latest others, `keep` in all. Returns how many those were.

    The one just made stays also where the clock was set back since the others were.
    """
    others = [name for name in folder.names() if name != made]
    older = others[: max(0, len(others) - keep + 1)]
    with written("the folder of backups"):
        for name in older:
            # From here on it does not look whole.
            gone = (folder.snapshots / name).rename(folder.snapshots / f"{PART}{name}")
            shutil.rmtree(gone)
    return len(older)


def remove_blobs(folder: BackupFolder) -> int:
    """Remove the blobs that no snapshot names: those of purged events, too. Returns how many.

    None is removed where a snapshot can't tell what it names.
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
