"""Load a graph's files into a store with `neo4j-admin database import`, from the same jars as the server.

A store that is being loaded has the file HOME/loading. Whoever opens a store that still has it would open half a graph.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graph.errors import LocalServerError
from graph.java import archive_options, find_java
from graph.local_server import JARS, LOADING, LocalServer

SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For small graphs: the loader is then too short for Java's second compiler."""


def load(
    folder: Path,
    server: LocalServer,
    arguments: Sequence[str],
    *,
    java_options: Sequence[str] = SHORT_LIVED,
    locks: Sequence[int] = (),
) -> None:
    """Load the files of a folder into the database of a server that does not run.

    `arguments` name the files. `locks`: descriptors that the loader keeps open, should this process be killed.
    Raises LocalServerError if the files are refused or the database has content.
    """
    java = find_java()
    admin = ("org.neo4j.server.startup.Neo4jAdminCommand", "database", "import", "full", "neo4j")
    command = (java.program, *java_options, *archive_options(java, JARS), "-cp", f"{JARS}/*", *admin, *arguments)
    environment = {**os.environ, "NEO4J_HOME": str(server.home), "NEO4J_CONF": str(server.home / "conf")}
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        pass_fds=tuple(locks),
    )
    if done.returncode != 0:
        end = "\n".join(done.stdout.decode(errors="replace").splitlines()[-15:])
        raise LocalServerError(f"Neo4j's loader refused the files in {folder}:\n{end}", "create the files again")


def has_graph(home: Path) -> bool:
    """Whether a server has opened, or a loader has filled, the database in this home."""
    return _database(home).exists()


@contextmanager
def emptied(home: Path) -> Iterator[None]:
    """Remove the database of a server that does not run, and mark it as being loaded during the block.

    If the block fails, the database is removed again: a server then starts with an empty one.
    """
    mark = home / LOADING
    mark.touch(mode=0o600)
    _remove(home)
    try:
        yield
    except BaseException:
        _remove(home)
        mark.unlink()
        raise
    mark.unlink()


def _database(home: Path) -> Path:
    return home / "data" / "databases" / "neo4j"


def _remove(home: Path) -> None:
    for folder in (_database(home), home / "data" / "transactions" / "neo4j"):
        shutil.rmtree(folder, ignore_errors=True)
