"""Makes Java's archive of the server's classes: they are parsed and verified once, and mapped at every start.

    python -m graph.class_archive

`make setup` calls it. It starts a server in a folder of its own, migrates the graph there, and has Java write what it
loaded when the server ends. An archive that is there stays.
"""

import secrets
import socket
import subprocess
import tempfile
from pathlib import Path

from pydantic import SecretStr

from graph.connection import open_driver
from graph.java import archive_of, find_java
from graph.local_server import JARS, USERNAME, LocalServer, prepare, wait_until_ready
from graph.migrate import migrate
from graph.settings import Neo4jSettings

END_LIMIT_S = 300.0


def make_archive(jars: Path = JARS) -> Path:
    """Make the archive for the Java on the PATH where it is missing. Returns where it is.

    Raises LocalServerError where the server can't be started, TimeoutExpired where it does not end.
    """
    archive = archive_of(find_java(), jars)
    if archive.exists():
        return archive
    part = archive.with_name(archive.name + ".part")
    part.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="vlmkg-classes-") as folder:
        password = secrets.token_hex(24)
        bolt, http = _free_port(), _free_port()
        light = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", f"-XX:ArchiveClassesAtExit={part}")
        server = prepare(Path(folder), bolt_port=bolt, http_port=http, password=password, java_options=light, jars=jars)
        _run(server, password)
    part.rename(archive)
    return archive


def _run(server: LocalServer, password: str) -> None:
    """Start the server, have it work, and let it end in peace, for only then does Java write."""
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until_ready(server, password, alive=lambda: process.poll() is None)
        login = Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(password))
        with open_driver(login) as driver:
            migrate(driver, login.database)
        process.terminate()
        process.wait(END_LIMIT_S)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    print(make_archive())
