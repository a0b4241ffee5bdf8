"""The Java that runs the local Neo4j, and the archive of the server's classes that lets it start sooner."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import LocalServerError

VERSIONS = range(17, 26)
"""Neo4j 5.26 is built for Java 17 and 21; it starts on those between and a little later."""

_REMEDY = "install it (Debian: openjdk-17-jre-headless) or add it to the PATH"


@dataclass(frozen=True, slots=True)
class Java:
    """A fit Java: its `java` and its full version, as `17.0.15`."""

    program: str
    version: str


def find_java() -> Java:
    """The `java` on the PATH. Neo4j's own messages about a wrong Java come too late and read badly.

    Raises LocalServerError where there is none or it is unfit.
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
    """Where the archive of the classes in `jars` is for this Java (see graph/class_archive.py). It may be absent.

    Java itself looks whether the archive fits its build and these jars, and goes without one that does not.
    """
    return jars.parent / f"{jars.name}-classes-{java.version}.jsa"


def archive_options(java: Java, jars: Path) -> Sequence[str]:
    """What tells Java to map the archive, where there is one."""
    archive = archive_of(java, jars)
    return (f"-XX:SharedArchiveFile={archive}",) if archive.exists() else ()
