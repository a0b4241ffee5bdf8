"""Opening files that others put there: regular files alone, never what a link leads to."""

import io
import os
import stat
from pathlib import Path


def open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file to read it. Raises OSError for a link, whatever it leads to, and for a pipe or a device."""
    # Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError("it is no regular file")
    return stream
