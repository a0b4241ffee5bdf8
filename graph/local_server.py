"""The real Neo4j server as a child process of this machine, started from its published jars.

HOME/conf/neo4j.conf   settings, rewritten at each start
HOME/conf/server.args  the Java command line, in a file so that `ps` shows only its path
HOME/data HOME/logs    the server's own
HOME/tmp               its unpacked files while it runs; emptied at each start
HOME/version           the server version that last opened the store
HOME/loading           while the store is loaded from files (graph.bulk.loading)

The child is started by the caller: `prepare` returns its command line, `wait_until_ready` returns when it responds.
A server killed at any moment recovers its store by itself at the next start.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from graph.browser.settings import server_settings
from graph.errors import LocalServerError
from graph.first_password import set_first_password
from graph.java import archive_options, find_java
from graph.private_files import write_private

USERNAME = "neo4j"
LOADING = "loading"
JARS = Path(__file__).parents[1] / "vendor" / "neo4j"
_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
_SETTINGS = """\
# Written at each start of the local stack: changes here are lost.
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
server.memory.pagecache.size={page_cache}m
dbms.usage_report.enabled=false
# One write transaction merges a few hundred studies in under a second: one that hangs must not hold its locks.
db.transaction.timeout=120s
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=512M size
# Measured: by default a clean stop waits ten seconds for connections that can't come any more.
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
_PATIENCE: dict[str, Any] = {"connection_timeout": 2.0, "connection_acquisition_timeout": 3.0}
"""Seconds. Another program on the port may accept a connection and never respond."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A prepared home folder. `argv` starts the server in the foreground; it logs to `log`, not to the console."""

    home: Path
    bolt_port: int
    http_port: int
    argv: tuple[str, ...]

    @property
    def uri(self) -> str:
        """The Bolt address."""
        return f"bolt://127.0.0.1:{self.bolt_port}"

    @property
    def browser(self) -> str:
        """The address of Neo4j Browser."""
        return f"http://127.0.0.1:{self.http_port}/browser/"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home / "logs" / "neo4j.log"


def prepare(
    home: Path,
    *,
    bolt_port: int,
    http_port: int,
    password: str,
    heap_mib: int = 512,
    page_cache_mib: int = 128,
    guide: str | None = None,
    java_options: Sequence[str] = (),
    jars: Path = JARS,
    loading: bool = False,
) -> LocalServer:
    """Prepare `home` for a server on loopback. It is safe to repeat, also after a kill.

    `guide` is the address of the guide that Neo4j Browser opens for whoever connects. `password` is set for the user
    `neo4j` if the store has never been opened; later it does not change. `loading`: a graph that was not loaded to its
    end is loaded again, or is being loaded.
    Raises LocalServerError if Java or the jars are missing or not supported, the store is of a later version, or it
    was not loaded to its end.
    """
    home = home.absolute()
    java = find_java()
    version = _server_version(jars)
    _check_store(home, version)
    if (home / LOADING).exists() and not loading:
        raise LocalServerError(
            f"{home} holds half a graph, because a bulk load was killed", "call: vlmkg graph bulk-load --anew"
        )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    conf, scratch = home / "conf", home / "tmp"
    # The web server unpacks its pages here and leaves them if it is killed.
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in (conf, scratch):
        folder.mkdir(exist_ok=True, mode=0o700)
    settings = _SETTINGS.format(bolt=bolt_port, http=http_port, page_cache=page_cache_mib)
    settings += "".join(f"{name}={value}\n" for name, value in server_settings(guide).items())
    write_private(conf / "neo4j.conf", settings)
    if not (home / "data" / "databases" / "system").exists():
        set_first_password(home / "data", USERNAME, password)
    options = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    options += [f"-Djava.io.tmpdir={scratch}", *archive_options(java, jars)]
    main = ("org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}", f"--config-dir={conf}")
    heap = (f"-Xms{heap_mib}m", f"-Xmx{heap_mib}m")
    _write_arguments(conf / "server.args", (*java_options, *options, *heap, "-cp", f"{jars}/*", *main))
    (home / "version").write_text(version + "\n")
    return LocalServer(home, bolt_port, http_port, (java.program, f"@{conf / 'server.args'}"))


@contextmanager
def running(
    server: LocalServer,
    password: str,
    *,
    start_limit_s: float = 90.0,
    end_limit_s: float = 30.0,
    locks: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process, which answers, until the end of the block. `locks`: descriptors that it keeps open.

    Raises LocalServerError if it does not start.
    """
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(server.argv, stdout=nowhere, stderr=nowhere, pass_fds=tuple(locks))  # noqa: S603
    try:
        wait_until_ready(server, password, alive=lambda: process.poll() is None, timeout_seconds=start_limit_s)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(end_limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(
    server: LocalServer, password: str, *, alive: Callable[[], bool], timeout_seconds: float = 90.0
) -> None:
    """Return when the server answers a query over Bolt.

    Raises LocalServerError, with the end of the server's log, if the child ends (`alive` is False), at the timeout,
    or if the store has another password.
    """
    deadline = time.monotonic() + timeout_seconds
    while not _answers(server, password):
        if not alive():
            raise LocalServerError(f"the Neo4j server ended while starting:\n{_log_tail(server)}", f"see {server.log}")
        if time.monotonic() > deadline:
            message = f"the Neo4j server did not respond within {timeout_seconds:.0f} s:\n{_log_tail(server)}"
            raise LocalServerError(message, f"see {server.log}")
        time.sleep(0.1)


def _answers(server: LocalServer, password: str) -> bool:
    try:
        with (
            GraphDatabase.driver(server.uri, auth=(USERNAME, password), **_PATIENCE) as driver,
            driver.session(database="neo4j") as session,
        ):
            session.run("RETURN 1").consume()  # no managed transaction: that would wait and retry by itself
    except AuthError as error:
        message = f"the server at {server.uri} refused the password of the store in {server.home}"
        remedy = "check whether another server uses the port; if not, restore the password file or move the store away"
        raise LocalServerError(message, remedy) from error
    except (DriverError, Neo4jError):
        return False
    return True


def _server_version(jars: Path) -> str:
    versions = [
        found[1] for path in jars.glob("neo4j-server-*.jar") if (found := re.search(r"-([\d.]+)\.jar", path.name))
    ]
    if len(versions) != 1:
        what = "no Neo4j server" if not versions else f"several Neo4j servers ({', '.join(sorted(versions))})"
        raise LocalServerError(
            f"{what} in {jars}", "run `make setup`; if the folder has several versions, remove it first"
        )
    return versions[0]


def _check_store(home: Path, version: str) -> None:
    """A store opened by a later version can't be opened by an earlier one: say so before the server half starts."""
    try:
        last = (home / "version").read_text().strip()
    except FileNotFoundError:
        return
    if _ordered(last) > _ordered(version):
        message = f"the store in {home} was last opened by Neo4j {last}, but this is {version}"
        raise LocalServerError(message, "install that version or a later one, or move the store away")


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _write_arguments(path: Path, arguments: Sequence[str]) -> None:
    """Write a Java argument file: one quoted argument a line (the `java` command's reference, "Argument Files")."""
    quoted = ('"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"' for argument in arguments)
    write_private(path, "\n".join(quoted) + "\n")


def _log_tail(server: LocalServer, lines: int = 15) -> str:
    try:
        return "\n".join(server.log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(it wrote no log: see its output)"
