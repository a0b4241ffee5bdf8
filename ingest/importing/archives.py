"""Archives as streams of their members. Nothing is written to disk, so a member's name can't lead out of a folder."""

import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any, cast

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.detect import Container
from ingest.importing.files import is_hidden, modified_at
from ingest.importing.stream_cutting import Readable

UNPACKED_RATIO = 100
UNPACKED_FLOOR = 256 * 1024 * 1024
"""An archive may unpack to UNPACKED_RATIO times its size, or to UNPACKED_FLOOR bytes if that is more. Open-i's archive
has a ratio of 28; an archive bomb has 1,000 and more."""

HEADER_LIMIT = 1024 * 1024
"""Bytes that describe one member of a tar: its name, and the extensions that hold long names. Python reads them into
memory as a whole, and a map of a sparse member number by number."""

BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""The standard library's errors for archives that are damaged, encrypted or of an unknown kind."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. Read it before the next one is requested. Opening may raise one of BROKEN."""

    name: str
    modified_at: datetime | None
    open: Callable[[], io.BufferedReader]


class _TarBytes:
    """The bytes of a tar as tarfile reads them, up to `end`. Reading on raises tarfile.ReadError."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.position = 0
        self.end = 0

    def read(self, size: int, /) -> bytes:
        if self.position + size > self.end + tarfile.RECORDSIZE:
            raise tarfile.ReadError("the description of a member is too long")
        data = self._stream.read(size)
        self.position += len(data)
        return data


class _Budget(io.RawIOBase):
    """A stream with a limited number of bytes. All members of a zip share what is `left`."""

    def __init__(self, stream: Readable, left: list[int]) -> None:
        self._stream = stream
        self._left = left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._left[0] -= len(data)
        if self._left[0] < 0:
            raise MessageRefusedError(Reason.TOO_LARGE, "the archive unpacks to more data than is allowed")
        buffer[: len(data)] = data
        return len(data)


def read_members(stream: io.BufferedReader, container: Container, size: int, name: str = "") -> Iterator[Member]:
    """The regular files in an archive of `size` bytes, hidden ones left out.

    `name` is the archive's; a gzip file that is not an archive is one member with its name without `.gz`.

    Raises MessageRefusedError (`too_large`) above the limit of unpacked bytes, and one of BROKEN if the archive is
    damaged, also while a member is read.
    """
    left = [max(UNPACKED_FLOOR, UNPACKED_RATIO * size)]
    match container:
        case Container.ZIP:
            yield from _zip_members(stream, left)
        case Container.GZIP:
            with gzip.open(stream) as unpacked:
                whole = _budgeted(unpacked, left)
                if _is_tar(whole.peek(tarfile.BLOCKSIZE)[: tarfile.BLOCKSIZE], name):
                    yield from _tar_members(whole)
                else:
                    yield Member(name.removesuffix(".gz").removesuffix(".GZ"), None, lambda: whole)
        case _:
            yield from _tar_members(_budgeted(stream, left))


def _is_tar(head: bytes, name: str) -> bool:
    """Whether a tar was compressed: by its name, or by the checksum of its first header."""
    if PurePosixPath(name).suffix.lower() == ".tgz" or name.lower().endswith(".tar.gz") or not head:
        return True
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _budgeted(stream: Readable, left: list[int]) -> io.BufferedReader:
    return cast(io.BufferedReader, io.BufferedReader(_Budget(stream, left)))


def _tar_members(stream: io.BufferedReader) -> Iterator[Member]:
    source = _TarBytes(stream)
    source.end = HEADER_LIMIT
    with tarfile.open(fileobj=cast(Any, source), mode="r|") as archive:
        while member := _next(archive, source):
            # Passed members are not kept, so that an archive of a million files fits in memory.
            cast(Any, archive).members.clear()
            if member.isreg() and not is_hidden(member.name):
                yield Member(member.name, modified_at(member.mtime), partial(_open_tar, archive, member))


def _next(archive: tarfile.TarFile, source: _TarBytes) -> tarfile.TarInfo | None:
    """The next member. Its description follows the content of the one before it, which may be of any size."""
    source.end = cast(Any, archive).offset + HEADER_LIMIT
    member = archive.next()
    source.end = cast(Any, archive).offset + HEADER_LIMIT
    # Facts for all members: each of these would get a copy, and an archive may add to them without end.
    archive.pax_headers = {}
    return member


def _open_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> io.BufferedReader:
    opened = archive.extractfile(member)
    if opened is None or member.issparse():
        raise tarfile.ReadError("a sparse member is not accepted")
    return cast(io.BufferedReader, opened)


def _zip_members(stream: io.BufferedReader, left: list[int]) -> Iterator[Member]:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            # The content of a link is where it leads, which is no report.
            if not member.is_dir() and not _is_link(member) and not is_hidden(member.filename):
                yield Member(member.filename, _zip_time(member), partial(_open_zip, archive, member, left))


def _is_link(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a symbolic link, by the mode that Unix programs write."""
    return stat.S_ISLNK(member.external_attr >> 16)


def _open_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: list[int]) -> io.BufferedReader:
    return io.BufferedReader(_Budget(cast(Readable, archive.open(member)), left))


def _zip_time(member: zipfile.ZipInfo) -> datetime | None:
    """The member's time, which has no zone: UTC."""
    try:
        return datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        return None
