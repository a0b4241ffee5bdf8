"""The blob store: what is in it is whole, and what was put is in it."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from ingest import blobs
from ingest.blobs import BlobStore, open_blobs
from ingest.errors import BlobLostError, OutageError


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A folder, and a store that is none (as S3 is none)."""
    return open_blobs(f"file://{tmp_path / 'blobs'}") if request.param == "folder" else BlobStore(remote=MemoryStore())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != blobs.LOCK_FILE)


def test_what_was_put_is_got(store: BlobStore) -> None:
    raws = [b"", b"a", b"\x00\xff" * 1000]
    keys = blobs.put_many(store, raws)
    assert keys == [sha256(raw).hexdigest() for raw in raws]
    assert [blobs.get(store, key) for key in keys] == raws


def test_putting_again_is_nothing_new(store: BlobStore) -> None:
    assert blobs.put_many(store, [b"a", b"a"]) == blobs.put_many(store, [b"a"]) * 2


def test_a_missing_blob(store: BlobStore) -> None:
    key = sha256(b"never").hexdigest()
    with pytest.raises(BlobLostError, match="is missing") as caught:
        blobs.get(store, key)
    assert caught.value.key == key


def test_a_deleted_blob_can_be_deleted_again(store: BlobStore) -> None:
    (key,) = blobs.put_many(store, [b"a"])
    for _ in range(2):
        blobs.delete(store, key)
    with pytest.raises(BlobLostError):
        blobs.get(store, key)


def test_a_damaged_blob_is_noticed_and_a_cut_one_replaced(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    (key,) = blobs.put_many(store, [b"abc"])
    file = tmp_path / key[:2] / key
    file.write_bytes(b"abX")
    with pytest.raises(BlobLostError, match="its SHA-256 differs"):
        blobs.get(store, key)
    file.write_bytes(b"ab")
    blobs.put_many(store, [b"abc"])
    assert blobs.get(store, key) == b"abc"


def test_files_are_private_and_no_part_stays(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path / 'blobs'}")
    keys = blobs.put_many(store, [b"%d" % number for number in range(50)])
    assert files(tmp_path) == sorted(keys)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.name in keys}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "blobs").iterdir() if path.is_dir()} == {0o700}


def test_every_blob_and_its_folder_is_synced_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync itself is watched (and really done): nothing else can tell a synced file from one that is not."""
    store = open_blobs(f"file://{tmp_path}")
    synced: list[int] = []
    real = os.fsync

    def watch(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", watch)
    (key,) = blobs.put_many(store, [b"a"])
    folder = tmp_path / key[:2]
    assert synced == [tmp_path.stat().st_ino, (folder / key).stat().st_ino, folder.stat().st_ino]
    synced.clear()
    blobs.put_many(store, [b"a"])
    assert synced == [folder.stat().st_ino]


def test_a_store_that_can_not_be_written_is_an_outage_and_keeps_no_part(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    key = sha256(b"a").hexdigest()
    (tmp_path / key[:2]).mkdir()
    (tmp_path / key[:2] / key).mkdir()
    with pytest.raises(OutageError):
        blobs.put_many(store, [b"a"])
    assert files(tmp_path) == []


def test_what_killed_writers_left_is_removed_while_nobody_writes(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    (key,) = blobs.put_many(store, [b"a"])
    with ThreadPoolExecutor(1) as threads, blobs.locked(store), blobs.draft(store, b"b", threads) as draft:
        (tmp_path / ".part-of-one-that-was-killed").write_bytes(b"c")
        assert blobs.sweep(store) == 0
        draft.keep(blobs.key_of(b"b")).result()
    assert blobs.sweep(store) == 1
    assert files(tmp_path) == sorted([key, blobs.key_of(b"b")])
    assert blobs.get(store, blobs.key_of(b"b")) == b"b"


def test_many_at_once_write_each_blob_whole(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    raws = [b"%d" % (number % 10) * 5000 for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda raw: blobs.put_many(store, [raw])[0], raws))
    assert [blobs.get(store, key) for key in keys] == raws
    assert files(tmp_path) == sorted(set(keys))


def test_nothing_is_deleted_while_somebody_relies_on_a_blob(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path}")
    (key,) = blobs.put_many(store, [b"a"])
    relying, done = threading.Event(), threading.Event()

    def rely() -> bool:
        with blobs.locked(store), blobs.locked(store):
            relying.set()
            done.wait(0.2)
            return blobs.get(store, key) == b"a"

    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(rely)
        relying.wait()
        with blobs.locked(store, exclusive=True):
            blobs.delete(store, key)
        done.set()
        assert there.result()


def test_a_damaged_blob_of_the_same_size_is_written_again(tmp_path: Path) -> None:
    store = open_blobs(f"file://{tmp_path / 'blobs'}")
    assert store.folder is not None
    raw = b"a film" * 1000
    (key,) = blobs.put_many(store, [raw])
    for put in (lambda: blobs.put_many(store, [raw]), lambda: _drafted(store, raw, key)):
        file = blobs.file_of(store.folder, key)
        file.write_bytes(b"x" + raw[1:])
        with pytest.raises(BlobLostError):
            blobs.get(store, key)
        put()
        assert blobs.get(store, key) == raw


def _drafted(store: BlobStore, raw: bytes, key: str) -> None:
    with ThreadPoolExecutor(1) as threads, blobs.draft(store, raw, threads) as draft:
        draft.keep(key).result()
