"""Watches a folder: its files are received as by `vlmkg import`, then moved to its subfolder `done` or `refused`.

A file is moved after all its messages are stored. A file that can't be stored now stays in place. After a crash between
storing and moving, it is received again as a duplicate, and then moved. `refused` has the files with at least one
refused message.
"""

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from ingest.errors import OutageError
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.origin import Format, Origin
from ingest.gateway.door import Door, Reception
from ingest.gateway.folder.settings import FolderSettings
from ingest.gateway.settings import read
from ingest.importing.expand import ImportOptions, expand_file
from ingest.importing.files import FoundFile, Meter, is_hidden
from ingest.importing.receiving import receive_items
from ingest.importing.safe_open import open_regular
from ingest.ledger.events.record import Receipt
from ingest.ledger.states import State
from ingest.receiving.submit import ReceivedMessage, Receiver, keep
from ingest.unexpected_errors import say
from vlmkg.errors import UsageError

DONE, REFUSED = "done", "refused"
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
"""Suffixes of incomplete files."""

LONGEST_NAME = 255
"""Bytes of a file's name."""

Look = tuple[int, int]
"""Size and modification time (nanoseconds)."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Watch:
    """The folder, and the time since each of its files has not changed.

    `unmoved` are files that were received and could not be moved: they are left alone until they change.
    """

    reception: Reception
    settings: FolderSettings
    folder: Path
    seen: dict[Path, tuple[Look, float]] = field(default_factory=dict)
    unmoved: dict[Path, Look] = field(default_factory=dict)


async def start(reception: Reception) -> Door:
    """Watch the folder of the settings, if it is set. Raises UsageError if it can't be used."""
    settings = read(FolderSettings)
    if settings.folder is None:
        return Door("folder", {}, _nothing)
    folder = settings.folder.absolute()
    try:
        for name in (DONE, REFUSED):
            (folder / name).mkdir(parents=True, exist_ok=True)
            if (folder / name).is_symlink():
                raise UsageError(f"VLMKG_WATCH_FOLDER can't be used ({name} in it is a link)", "make it a folder")
    except OSError as error:
        raise UsageError(
            f"VLMKG_WATCH_FOLDER can't be used ({error.strerror})", "set it to a folder that exists and can be written"
        ) from None
    stop = asyncio.Event()
    watching = asyncio.create_task(_watch(_Watch(reception, settings, folder), stop))
    return Door("folder", {}, partial(_close, watching, stop))


async def _nothing() -> None:
    return


async def _close(watching: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Finish the current file."""
    stop.set()
    await watching


async def _watch(watch: _Watch, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        for file in await loop.run_in_executor(watch.reception.threads, _whole_now, watch):
            if stop.is_set():
                break
            await loop.run_in_executor(watch.reception.threads, take, watch, file)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), watch.settings.interval)


def _whole_now(watch: _Watch) -> list[Path]:
    """The complete files; none while the folder can't be read, as a share that is away."""
    try:
        return list(whole_files(watch, time.monotonic()))
    except OSError as error:
        log.warning("folder.unreadable", error=type(error).__name__)
        return []


def whole_files(watch: _Watch, now: float) -> Iterator[Path]:
    """The files that have not changed for long enough, in the order of their names."""
    found = {file: (status.st_size, status.st_mtime_ns) for file, status in _files(watch.folder)}
    watch.seen = {
        file: known if (known := watch.seen.get(file)) and known[0] == look else (look, now)
        for file, look in found.items()
    }
    watch.unmoved = {file: look for file, look in watch.unmoved.items() if found.get(file) == look}
    settled = (file for file in sorted(found) if now - watch.seen[file][1] >= watch.settings.settle)
    return (file for file in settled if file not in watch.unmoved)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if is_hidden(file.name) or file.suffix in UNFINISHED or file.name in {DONE, REFUSED}:
                continue
            found = file.lstat()
            # Opening a link fails, so it is moved like any unreadable file.
            if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
                yield file, found


def take(watch: _Watch, file: Path) -> None:
    """Receive a file's messages and move it. If they can't be stored now, it is left for the next check."""
    reception = watch.reception
    if reception.space.is_short():
        return
    try:
        receipts = _receive(reception.receiver, file)
    except OutageError as error:
        log.warning("folder.not_stored", error=type(error).__name__)
        return
    except Exception as error:  # noqa: BLE001 - it stays in place, and the other files are received
        say("folder.unforeseen", error)
        return
    refused = sum(receipt.state is State.REFUSED for receipt in receipts)
    try:
        _move(file, watch.folder / (REFUSED if refused else DONE))
        watch.seen.pop(file, None)
    except FileNotFoundError:
        watch.seen.pop(file, None)  # its sender took it away
    except OSError as error:
        log.warning("folder.not_moved", error=type(error).__name__)
        if file in watch.seen:
            watch.unmoved[file] = watch.seen[file][0]
    # A file's name may contain a patient's name.
    log.info("folder.received", messages=len(receipts), refused=refused)


def _receive(receiver: Receiver, file: Path) -> list[Receipt]:
    """Receive a file's messages.

    If an unexpected error prevents splitting it, the whole file is stored as one message.
    """
    try:
        return list(
            receive_items(receiver, expand_file(FoundFile(file, file.name), ImportOptions(), Meter()), lambda: False)
        )
    except Exception as error:
        with open_regular(file) as stream:
            raw = stream.read(RAW_LIMIT + 1)
        if len(raw) > RAW_LIMIT:
            raise
        return [keep(receiver, ReceivedMessage(raw, Format.UNKNOWN, Origin(file.stem)), error)]


def _move(file: Path, folder: Path) -> None:
    """Move a file, under a name that is free. Raises OSError if the folder is a link, whatever that leads to."""
    folder.mkdir(exist_ok=True)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        name, number = file.name, 1
        while _exists(name, place):
            name, number = _numbered(file, number), number + 1
        os.rename(file, name, dst_dir_fd=place)
    finally:
        os.close(place)


def _exists(name: str, place: int) -> bool:
    try:
        os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _numbered(file: Path, number: int) -> str:
    """The file's name with a number before its suffix, no longer than a file system allows."""
    end = os.fsencode(f".{number}{file.suffix}")
    return os.fsdecode(os.fsencode(file.stem)[: LONGEST_NAME - len(end)] + end)
