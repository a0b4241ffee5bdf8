"""The data folder of a stack: private, and used by one stack at a time.

DIR/run/lock            held by `vlmkg up`: if it is free, no stack is running
DIR/synthetic           the folder holds the demo's data, no patient data
DIR/run/children.lock   held by every guardian too: the parts of a killed stack need seconds to end, and the next one
                        waits for them instead of starting a second server on the same files
"""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ingest.secret_files import read_or_make
from stack.errors import AlreadyRunningError, UnfitFolderError
from vlmkg.data_dir import DataDir

DEMO_MARK = "synthetic"
LOCK_WAIT_S = 1.0
"""Seconds: other commands check the lock by taking it for a moment."""
CHILDREN_WAIT_S = 45.0
"""Seconds: longer than any part's grace."""


@contextmanager
def owned(data: DataDir, say: Callable[[str], object]) -> Iterator[int]:
    """Make the folder private and lock it. Yields the lock that the children hold, too.

    Files of this process and its children are from now on readable only by the owner. Raises UsageError if the folder
    can't be used, AlreadyRunningError if another stack uses it.
    """
    os.umask(0o077)
    try:
        _make_private(data)
    except OSError as error:
        raise UnfitFolderError(
            f"{data.root} can't be used: {error.strerror}", "choose another folder with --data"
        ) from error
    with _open(data.lock) as own, _open(data.run / "children.lock") as children:
        if not _taken(own, LOCK_WAIT_S):
            raise AlreadyRunningError(data.root, os.pread(own, 20, 0).decode().strip())
        _sign(own)
        if not _taken(children, 0.0):
            say("waiting for the processes of a killed stack in this folder to end")
            if not _taken(children, CHILDREN_WAIT_S):
                raise AlreadyRunningError(data.root, "")
        data.endpoints_file.unlink(missing_ok=True)
        yield children


def claim_for_demo(data: DataDir) -> None:
    """Mark the folder as the demo's. The demo puts report texts into the graph, which must not happen with patient
    data.

    Raises UnfitFolderError if the folder has a ledger that is not the demo's.
    """
    mark = data.root / DEMO_MARK
    if "VLMKG_LEDGER_URL" in os.environ:
        raise UnfitFolderError("the demo uses its own ledger, but VLMKG_LEDGER_URL is set", "unset VLMKG_LEDGER_URL")
    if data.ledger_file.exists() and not mark.exists():
        raise UnfitFolderError(f"{data.root} holds data that is not from the demo", "choose another folder with --data")
    data.root.mkdir(parents=True, exist_ok=True)
    mark.touch()


def secret(data: DataDir, name: str) -> str:
    """The password in DIR/secrets/NAME, created at first use."""
    # Hexadecimal: in URL-safe Base64 it could start with a dash, which tools of the servers read as an option.
    return read_or_make(data.secrets / name, partial(secrets.token_hex, 24))


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, readable only by the owner."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def _make_private(data: DataDir) -> None:
    data.root.mkdir(parents=True, exist_ok=True)
    data.require_whole()
    ours = (data.root / DEMO_MARK, data.run, data.secrets, data.ledger_file, data.root / "blobs")
    if any(data.root.iterdir()) and not any(path.exists() for path in ours):
        raise UnfitFolderError(
            f"{data.root} is not empty and not a data folder", "choose a new or empty folder with --data"
        )
    data.root.chmod(0o700)
    for folder in (data.run, data.secrets, data.logs, data.neo4j, data.redis):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)


@contextmanager
def _open(path: Path) -> Iterator[int]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)


def _taken(lock: int, limit_s: float) -> bool:
    """Try to take the lock for this time. Returns whether that worked."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _sign(lock: int) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
