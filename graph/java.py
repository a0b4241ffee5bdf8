"""The Java that runs the local Neo4j, and the archive of the server's classes, which shortens its start."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import LocalServerError

VERSIONS = range(17, 26)
"""Neo4j 5.26 supports Java 17 and 21. It also starts on the versions between and the next ones."""

_REMEDY = "install it (Debian: openjdk-17-jre-headless) or add it to the PATH"


@dataclass(frozen=True, slots=True)
class Java:
    """A supported Java: the path of `java` and its full version, such as `17.0.15`."""

    program: str
    version: str


def find_java() -> Java:
    """The `java` on the PATH. Checked here because Neo4j's own message about a wrong Java comes late and is hard to
    read.

    Raises LocalServerError if there is none or its version is not supported.
    """
    program = shutil.which("java")
    if program is None:
        raise LocalServerError("Neo4j needs Java 17 or 21, but there is no `java` on the PATH", _REMEDY)
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "((\d+)[\d.]*)', answer.stderr)
    if found is None or int(found[2]) not in VERSIONS:
        first = answer.stderr.partition("\n")[0]
        raise LocalServerError(f"Neo4j needs Java 17 or 21, but {program} is another version: {first}", _REMEDY)
    return Java(program, found[1])


def archive_of(java: Java, jars: Path) -> Path:
    """The path of the class archive of `jars` for this Java (see graph/class_archive.py). The file may be absent.

    Java checks that the archive fits its build and these jars, and ignores it otherwise.
    """
    return jars.parent / f"{jars.name}-classes-{java.version}.jsa"


def archive_options(java: Java, jars: Path) -> Sequence[str]:
    """The Java options that map the archive, if it exists."""
    archive = archive_of(java, jars)
    return (f"-XX:SharedArchiveFile={archive}",) if archive.exists() else ()
