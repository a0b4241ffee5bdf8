"""Serve the files of a research copy with a local Neo4j, for Neo4j Browser.

HOME/           the server's folder (graph.local_server)
HOME/password   of the user neo4j, readable only by the owner
HOME/loaded     the digest of the copy in its store
"""

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from graph.browser.guide_server import guide_served
from graph.bulk.loading import load
from graph.bulk.tables import loader_arguments
from graph.connection import open_driver
from graph.local_server import USERNAME, LocalServer, prepare, running
from graph.migrate import migrate
from graph.private_files import write_private
from graph.research.dictionary import TABLES
from graph.settings import Neo4jSettings
from vlmkg.errors import UsageError


@dataclass(frozen=True, slots=True)
class Browsed:
    """A running server: its addresses and login, and the process to wait for."""

    server: LocalServer
    password: str
    process: subprocess.Popen[bytes]


@contextmanager
def browsed(folder: Path, home: Path, *, bolt_port: int, http_port: int) -> Iterator[Browsed]:
    """A server with the copy in `folder`, for the duration of the context. It loads the copy unless HOME has it.

    Raises UsageError if `folder` is not a copy or HOME holds something else, LocalServerError if Java or the
    server's jars are missing, the files can't be loaded, or the server does not start.
    """
    digest = _digest_of(folder)
    fresh = _make_room(home, digest)
    password = _password(home)
    with guide_served() as guide:
        server = prepare(home, bolt_port=bolt_port, http_port=http_port, password=password, guide=guide)
        if fresh:
            load(folder, server, loader_arguments(TABLES))
            (home / "loaded").write_text(digest)
        with running(server, password) as process:
            login = Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(password))
            with open_driver(login) as driver:
                migrate(driver, login.database, research_copy=True)
            yield Browsed(server, password, process)


def _digest_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / "manifest.json").read_text())["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "create one: vlmkg graph research-copy PROJECT --files FOLDER"
        raise UsageError(f"{folder} is not a research copy", remedy) from error


def _make_room(home: Path, digest: str) -> bool:
    """Whether the copy must be loaded. Removes another copy from HOME."""
    if not home.exists() or not any(home.iterdir()):
        return True
    loaded = home / "loaded"
    if not loaded.exists() and not (home / "password").exists():
        raise UsageError(
            f"{home} is not empty and holds no store of a research copy", "choose an empty folder: --home DIR"
        )
    if loaded.exists() and loaded.read_text() == digest:
        return False
    shutil.rmtree(home)
    return True


def _password(home: Path) -> str:
    file = home / "password"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, secrets.token_hex(12))
    return file.read_text()
