"""Copy blobs from one store to another and verify each. Existing blobs are not read again."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ingest import blobs
from ingest.blobs import WRITERS, BlobStore, file_of
from ingest.durable import sync
from ingest.errors import BlobLostError, OutageError
from stack.backup import files
from stack.backup.errors import BackupError, written

AT_ONCE = 64
AT_ONCE_BYTES = 64 * 1024 * 1024
"""Number of blobs in memory at once: a film has some MB."""

Done = Callable[[int, int], object]
"""Called with the number of finished blobs and the total."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Number and bytes of the copied blobs; `lost` are the keys that are missing or damaged in the source."""

    count: int
    bytes: int
    lost: tuple[str, ...]


def copy_blobs(source: BlobStore, target: BlobStore, wanted: Mapping[str, int], done: Done) -> Copied:
    """Copy the wanted blobs (key and size) that the target lacks. All are durable when this returns.

    Raises OutageError if the source does not respond, BackupError if the target can't be written.
    """
    count = size = settled = 0
    lost: list[str] = []
    with ThreadPoolExecutor(WRITERS) as readers:
        for group in _groups(wanted):
            missing = [key for key in group if not _has(target, key, wanted[key])]
            raws = dict(zip(missing, readers.map(lambda key: _get(source, key), missing), strict=True))
            found = {key: raw for key, raw in raws.items() if raw is not None}
            _put(target, found)
            lost += [key for key in missing if key not in found]
            count, size = count + len(found), size + sum(map(len, found.values()))
            settled += len(group)
            done(settled, len(wanted))
    if target.folder is not None:
        _sync_folders(target.folder, wanted)
    return Copied(count, size, tuple(lost))


def put_file(folder: Path, file: Path, key: str) -> bool:
    """Store a file of any size under its SHA-256 in a folder store. Returns whether it had that digest."""
    target = file_of(folder, key)
    if target.exists():
        return True
    part = folder / f".part-{key}"  # swept with those of the store's own
    part.unlink(missing_ok=True)
    if files.copy(file, part) != key:
        part.unlink()
        return False
    target.parent.mkdir(exist_ok=True, mode=0o700)
    part.rename(target)
    sync(target.parent)
    sync(folder)
    return True


def _groups(wanted: Mapping[str, int]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for key, bytes_ in wanted.items():
        if group and (len(group) == AT_ONCE or size + bytes_ > AT_ONCE_BYTES):
            yield group
            group, size = [], 0
        group.append(key)
        size += bytes_
    if group:
        yield group


def _has(target: BlobStore, key: str, size: int) -> bool:
    if target.folder is None:
        return blobs.exists(target, key)
    file = file_of(target.folder, key)
    return file.exists() and file.stat().st_size == size


def _get(source: BlobStore, key: str) -> bytes | None:
    try:
        return blobs.get(source, key)
    except BlobLostError:
        return None


def _put(target: BlobStore, found: Mapping[str, bytes]) -> None:
    try:
        blobs.put_keyed(target, found)
    except OutageError as error:
        raise BackupError(str(error), "free space and run the backup again; older snapshots were not changed") from None


def _sync_folders(folder: Path, keys: Mapping[str, int]) -> None:
    """Sync the folders: files renamed by a killed copy may not be durable yet."""
    with written("a folder of blobs"):
        for parent in {file_of(folder, key).parent for key in keys}:
            if parent.is_dir():
                sync(parent)
        sync(folder)
