"""The blob store: raw messages by the SHA-256 of their bytes, in a folder or in an object store (ingest.remote_blobs).

In a folder a blob is written to a part file, fsynced and renamed, and the folder is fsynced. A second writer of the
same bytes fsyncs the folder, too, because the first may not have done so before a power failure.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ingest import remote_blobs
from ingest.durable import sync
from ingest.errors import BlobLostError, OutageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

WRITERS = 8
"""Blobs written in parallel: file systems combine several fsyncs."""

LOCK_FILE = ".lock"

_MANY = 4
_PART = ".part-"


@dataclass(frozen=True, slots=True)
class BlobStore:
    """An open store: a local `folder`, or a `remote` store. The other one is None."""

    folder: Path | None = None
    remote: "ObjectStore | None" = None


def open_blobs(url: str) -> BlobStore:
    """Open the store at `url`: `file:///FOLDER` (as it is, no character is quoted) or one of ingest.remote_blobs.

    Raises UsageError if the URL does not name a store.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "file":
        return BlobStore(remote=remote_blobs.open_remote(url))
    folder = Path(rest if separator else url).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return BlobStore(folder)


@contextlib.contextmanager
def locked(store: BlobStore, *, exclusive: bool = False) -> Iterator[None]:
    """Lock the store so that no blob is deleted; with `exclusive`, so that none is stored either.

    Storing an existing blob does nothing, so nobody may delete it before the ledger's commit. Stores that are not a
    folder can't be locked: from these nothing is deleted.
    """
    if store.folder is None:
        yield
        return
    with _lock_file(store.folder) as file:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def sweep(store: BlobStore) -> int:
    """Remove part files of killed writers, unless another process is writing now. Returns their number."""
    if store.folder is None:
        return 0
    with _lock_file(store.folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        left = list(store.folder.glob(f"{_PART}*"))
        for part in left:
            part.unlink(missing_ok=True)
    return len(left)


def _lock_file(folder: Path) -> IO[str]:
    try:
        return (folder / LOCK_FILE).open("a")
    except OSError as error:
        raise OutageError(
            f"the blob store can't be used ({error.strerror})", "check that its folder exists and can be written"
        ) from None


def key_of(raw: bytes) -> str:
    """The key of a blob: its SHA-256 in hex."""
    return sha256(raw).hexdigest()


def put_many(store: BlobStore, blobs: Sequence[bytes]) -> list[str]:
    """Store each blob and return its key. All are durable when this returns. Raises OutageError if that fails."""
    keys = [key_of(raw) for raw in blobs]
    put_keyed(store, dict(zip(keys, blobs, strict=True)))
    return keys


def put_keyed(store: BlobStore, by_key: Mapping[str, bytes]) -> None:
    """As `put_many`, for blobs with known keys (`key_of`): hashing a film takes as long as writing it."""
    if store.remote is not None:
        for key, raw in by_key.items():
            remote_blobs.put(store.remote, _path(key), raw)
    elif store.folder is not None:
        with _outages():
            _put_files(store.folder, by_key)


@contextlib.contextmanager
def _outages() -> Iterator[None]:
    """Raise OutageError for a store that can't be written."""
    try:
        yield
    except OSError as error:
        raise OutageError(
            f"a message can't be written to the blob store ({error.strerror})", "check whether it is full"
        ) from None


@dataclass(frozen=True, slots=True)
class Draft:
    """A blob that is being stored. `part` is a future of the durable file, or None if the bytes already have their
    key already."""

    store: BlobStore
    size: int
    threads: Executor
    part: Future[Path] | Future[None]

    def keep(self, key: str) -> Future[None]:
        """Give the blob its key when its bytes are durable. Its name is durable when the returned future is done.

        Raises OutageError if it can't be stored; so may the future.
        """
        with _outages():
            part = self.part.result()
            folder = self._name(part, key) if part else None
        return self.threads.submit(_sync_named, folder)

    def _name(self, part: Path, key: str) -> Path:
        assert self.store.folder is not None  # noqa: S101 - a part is a file of it
        target = self.store.folder / _path(key)
        _make_folders(self.store.folder, {target.parent})
        if not _is_there(target, self.size, key):
            part.rename(target)
        return target.parent


def writers() -> ThreadPoolExecutor:
    """Threads for drafts. Make them after fork."""
    return ThreadPoolExecutor(WRITERS)


@contextlib.contextmanager
def draft(store: BlobStore, raw: bytes, threads: Executor) -> Iterator[Draft]:
    """Store a blob in a thread of `threads`. It is discarded at the end of the block unless it was kept.

    Raises OutageError if the store can't be written.
    """
    if store.folder is None:
        # Remote stores can't rename. A discarded blob stays there: nothing is deleted from them.
        yield Draft(store, len(raw), threads, threads.submit(_put_remote, store, raw))
        return
    with contextlib.ExitStack() as stack:
        with _outages():
            # Written here, not in the thread, which would wait for the GIL at each step.
            file, part = stack.enter_context(_part_file(store.folder, raw))
        safe = threads.submit(_sync_part, file, part)
        stack.callback(wait, [safe])
        yield Draft(store, len(raw), threads, safe)


def get(store: BlobStore, key: str) -> bytes:
    """The bytes of a blob, verified against its key.

    Raises BlobLostError if they are missing or differ, OutageError if the store does not answer.
    """
    raw = remote_blobs.get(store.remote, _path(key)) if store.remote is not None else _read(store.folder, key)
    if raw is None:
        raise BlobLostError(key, "is missing")
    if key_of(raw) != key:
        raise BlobLostError(key, "was changed: its SHA-256 differs")
    return raw


def exists(store: BlobStore, key: str) -> bool:
    """Whether there is a blob under a key. Raises OutageError if the store does not answer."""
    if store.remote is not None:
        return remote_blobs.exists(store.remote, _path(key))
    return store.folder is not None and file_of(store.folder, key).exists()


def file_of(folder: Path, key: str) -> Path:
    """The path of a blob in a store in this folder."""
    return folder / _path(key)


def delete(store: BlobStore, key: str) -> None:
    """Remove a blob. No effect if it is absent. Raises OutageError if a remote store does not answer."""
    if store.remote is not None:
        remote_blobs.delete(store.remote, _path(key))
    elif store.folder is not None:
        file_of(store.folder, key).unlink(missing_ok=True)


def _read(folder: Path | None, key: str) -> bytes | None:
    try:
        return file_of(folder, key).read_bytes() if folder else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutageError(
            f"a message can't be read from the blob store ({error.strerror})", "check that it responds"
        ) from None


def _path(key: str) -> str:
    return f"{key[:2]}/{key}"


def _put_files(store: Path, blobs: Mapping[str, bytes]) -> None:
    targets = {store / _path(key): raw for key, raw in blobs.items()}
    folders = {target.parent for target in targets}
    _make_folders(store, folders)
    _each(_put_file, list(targets.items()))
    _each(sync, list(folders))


def _make_folders(store: Path, folders: Set[Path]) -> None:
    fresh = [folder for folder in folders if not folder.is_dir()]
    for folder in fresh:
        folder.mkdir(exist_ok=True, mode=0o700)
    if fresh:
        sync(store)


def _each(work: Any, items: list[Any]) -> None:
    if len(items) < _MANY:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, items))


def _put_file(item: tuple[Path, bytes]) -> None:
    target, raw = item
    if not _is_there(target, len(raw), target.name):
        with _part_file(target.parent.parent, raw) as (file, part):
            _sync_part(file, part).rename(target)


def _is_there(target: Path, size: int, key: str) -> bool:
    """Whether the blob is there and whole: one that was damaged is written again when it comes again."""
    try:
        if target.stat().st_size != size:
            return False
        with target.open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == key
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _part_file(folder: Path, raw: bytes) -> Iterator[tuple[IO[bytes], Path]]:
    """The bytes in an open part file. It is removed at the end of the block unless it was renamed."""
    handle, name = tempfile.mkstemp(prefix=_PART, dir=folder)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            view = memoryview(raw)
            while view:
                view = view[file.write(view) :]
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def _sync_part(file: IO[bytes], part: Path) -> Path:
    with file:
        os.fsync(file.fileno())
    return part


def _put_remote(store: BlobStore, raw: bytes) -> None:
    put_keyed(store, {key_of(raw): raw})


def _sync_named(folder: Path | None) -> None:
    with _outages():
        if folder:
            sync(folder)
