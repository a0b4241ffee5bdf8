"""Create Java's class-data archive of the Neo4j server, which shortens each start of the server.

    python -m graph.class_archive

`make setup` calls it. It starts a server in a separate folder, migrates the graph there, and lets Java write the loaded
classes when the server ends. An existing archive is kept.
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
    """Create the archive for the Java on the PATH if it is missing. Returns its path.

    Raises LocalServerError if the server can't be started, TimeoutExpired if it does not end.
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
    """Start the server, use it, and stop it cleanly: Java writes the archive only at a clean end."""
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
