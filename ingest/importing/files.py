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
    """How many bytes of the files were passed, for a progress bar. `stream` is the file that is open now."""

    passed: int = 0
    stream: BinaryIO | None = None

    @property
    def position(self) -> int:
        """Bytes of finished files, and of the open one up to where it is read."""
        return self.passed + (self.stream.tell() if self.stream and not self.stream.closed else 0)

    def finish(self) -> None:
        """Count the open file, which has been read, as passed."""
        if self.stream and not self.stream.closed:
            self.passed += os.fstat(self.stream.fileno()).st_size
        self.stream = None


def find_files(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """The files given, and those below the folders given, in the order of their names. Hidden ones are left out.

    A link that is given itself is followed, none below a folder is: those to folders may lead in circles, those to
    files anywhere; these are found, and refused when they are opened. What is neither file nor folder is left out.
    """
    for path in paths:
        if not path.is_dir():
            yield FoundFile(path.resolve(), path.name)
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            for name in sorted(names):
                found = Path(folder, name)
                if not is_hidden(name) and (found.is_file() or found.is_symlink()):
                    yield FoundFile(found, found.relative_to(path).as_posix())


def is_hidden(name: str) -> bool:
    """Whether a file, or a path in an archive, is one that systems put there for themselves."""
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def modified_at(seconds: float) -> datetime | None:
    """A modification time of a file system or archive as an aware time; None where it is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
