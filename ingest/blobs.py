"""The blob store: raw messages by the SHA-256 of their bytes, in a folder or in any store that fsspec knows."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlobStore:
    """An open blob store below `url`."""

    url: str


def open_blobs(url: str) -> BlobStore:
    """Open the store at `url`: `file:///FOLDER`, `s3://BUCKET/PREFIX` or another that fsspec knows."""
    raise NotImplementedError


def put_many(store: BlobStore, blobs: Sequence[bytes]) -> list[str]:
    """Store each blob and return its key. All are safe when this returns. Raises OutageError where they can't be."""
    raise NotImplementedError


def get(store: BlobStore, key: str) -> bytes:
    """The bytes under a key, verified against it. Raises BlobLostError where they are missing or differ."""
    raise NotImplementedError


def delete(store: BlobStore, key: str) -> None:
    """Remove a blob; nothing happens where it is absent."""
    raise NotImplementedError
