"""The files under the paths of a call."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to import. `name` is its path below the path that was given, with suffix and forward slashes."""

    path: Path
    name: str


@dataclass(slots=True)
class Meter:
    """The number of bytes read, for a progress bar. `stream` is the open file."""

    passed: int = 0
    stream: BinaryIO | None = None

    @property
    def position(self) -> int:
        """Bytes of finished files, and the position in the open one."""
        return self.passed + (self.stream.tell() if self.stream and not self.stream.closed else 0)

    def finish(self) -> None:
        """Count the open file as finished."""
        if self.stream and not self.stream.closed:
            self.passed += os.fstat(self.stream.fileno()).st_size
        self.stream = None


def find_files(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """The given files and the files in the given folders, sorted by name, without hidden ones.

    Links to folders are not followed, because they may form circles. Anything else, such as a pipe, is left out.
    """
    for path in paths:
        if not path.is_dir():
            yield FoundFile(path, path.name)
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            for name in sorted(names):
                found = Path(folder, name)
                if not is_hidden(name) and (found.is_file() or found.is_symlink()):
                    yield FoundFile(found, found.relative_to(path).as_posix())


def is_hidden(name: str) -> bool:
    """Whether a file, or a path in an archive, is hidden or a system's own file."""
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def modified_at(seconds: float) -> datetime | None:
    """The modification time of a file system or archive as an aware time; None if it is invalid."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
