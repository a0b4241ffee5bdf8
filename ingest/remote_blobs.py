"""A blob store that another machine serves: S3, or another object store that `obstore` knows.

Whatever such a store answers, except that it does not have an object, is an outage: the sender keeps its message, the
worker waits (docs/decisions/0251-remote-store-errors-are-outages.md). `obstore` is an extra: it is imported when a
setting names such a store.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.errors import OutageError
from vlmkg.errors import UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "gs", "az")

CONNECT_TIMEOUT = timedelta(seconds=3)

REQUEST_TIMEOUT = timedelta(seconds=60)
"""For one object: a film of 30 MB takes that long on a line of 4 Mbit/s."""

RETRIES = 2
"""Tries after the first, within RETRY_TIMEOUT. Callers try again later themselves."""

RETRY_TIMEOUT = timedelta(seconds=5)

INSTALL = "install the extra `s3`: pip install 'vlmkg-service[s3]'"


def open_remote(url: str) -> ObjectStore:
    """The store at `url`: `s3://BUCKET/PREFIX`, `gs://...` or `az://...`. Nothing is sent yet.

    Credentials and the endpoint come from the store's own variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and others).
    Raises UsageError for another URL, for a setting that the store can't use, and if `obstore` is not installed.
    """
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in ("file", *SCHEMES))
        raise UsageError(
            f"VLMKG_BLOB_URL begins with {scheme or 'no scheme'}, which is not a blob store", f"use {known}"
        )
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra
        from obstore.store import from_url  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            f"VLMKG_BLOB_URL names a store of {scheme}://, and obstore is not installed", INSTALL
        ) from None
    try:
        return from_url(
            url,
            client_options={
                "allow_http": os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"),
                "connect_timeout": CONNECT_TIMEOUT,
                "timeout": REQUEST_TIMEOUT,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
        )
    except (BaseError, ValueError) as error:
        raise UsageError(
            f"VLMKG_BLOB_URL or the variables of {scheme}:// can't be used: {_first_line(error)}", "correct them"
        ) from None


def put(store: ObjectStore, path: str, raw: bytes) -> None:
    """Store an object. It is safe when this returns. Raises OutageError if the store does not take it."""
    with _outages("take"):
        # One request: an object in parts would leave parts behind if this process is killed.
        store.put(path, raw, use_multipart=False)


def get(store: ObjectStore, path: str) -> bytes | None:
    """The bytes of an object; None if the store has no such object. Raises OutageError."""
    with _outages("give"):
        try:
            return bytes(store.get(path).bytes())
        except FileNotFoundError:
            _require_bucket(store)
            return None


def exists(store: ObjectStore, path: str) -> bool:
    """Whether the store has the object. Raises OutageError."""
    with _outages("give"):
        try:
            store.head(path)
        except FileNotFoundError:
            _require_bucket(store)
            return False
    return True


def delete(store: ObjectStore, path: str) -> None:
    """Remove an object. No effect if it is absent. Raises OutageError."""
    with _outages("delete"), contextlib.suppress(FileNotFoundError):
        store.delete(path)


def _require_bucket(store: ObjectStore) -> None:
    """Raise if the bucket itself is absent. Stores answer the same for an absent object, but here nothing is lost."""
    next(iter(store.list(chunk_size=1)), None)


@contextlib.contextmanager
def _outages(verb: str) -> Iterator[None]:
    from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra

    try:
        yield
    except (BaseError, OSError) as error:
        kind = type(error).__name__
        raise OutageError(
            f"the blob store does not {verb} a blob ({kind})",
            "check that the store of VLMKG_BLOB_URL responds, has its bucket and accepts our credentials",
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
