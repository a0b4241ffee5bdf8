"""Starting the real Neo4j server: its home folder, and what it says when it can't start."""

import itertools
import socket
import stat
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
from neo4j import Driver

from graph.errors import GraphUnavailableError, LocalServerError
from graph.java import archive_options, find_java
from graph.local_server import JARS, LocalServer, prepare, wait_until_ready
from graph.records import StudySubgraph
from graph.status import count_graph
from graph.verify import violations
from graph.writes import Projection, merge_studies
from tests.fixtures.neo4j_server import PASSWORD, SHORT_LIVED, Neo4jServer
from tests.fixtures.ports import free_port
from tests.graph.subgraphs import study


def _prepare(home: Path, jars: Path = JARS) -> LocalServer:
    ports = {"bolt_port": free_port(), "http_port": free_port()}
    return prepare(home, **ports, password=PASSWORD, java_options=SHORT_LIVED, jars=jars)


def test_a_home_is_prepared_again_without_a_trace(tmp_path: Path) -> None:
    first = prepare(tmp_path, bolt_port=1, http_port=2, password=PASSWORD)
    files = {path: path.read_bytes() for path in sorted((tmp_path / "conf").iterdir())}
    assert prepare(tmp_path, bolt_port=1, http_port=2, password=PASSWORD) == first
    assert {path: path.read_bytes() for path in sorted((tmp_path / "conf").iterdir())} == files
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_no_password_is_left_in_the_home_or_the_command_line(tmp_path: Path) -> None:
    server = _prepare(tmp_path)
    assert not any(PASSWORD in argument for argument in server.argv)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_both_addresses_are_advertised_as_they_are(tmp_path: Path) -> None:
    server = _prepare(tmp_path)
    lines = (tmp_path / "conf" / "neo4j.conf").read_text().splitlines()
    assert f"server.bolt.advertised_address=127.0.0.1:{server.bolt_port}" in lines
    assert f"server.http.advertised_address=127.0.0.1:{server.http_port}" in lines


def test_what_a_killed_server_unpacked_is_thrown_away(tmp_path: Path, neo4j_server: Neo4jServer) -> None:
    unpacked = neo4j_server.local.home / "tmp"
    assert any(path.name.startswith("jetty-") for path in unpacked.iterdir())
    left = tmp_path / "tmp" / "jetty-left"
    left.mkdir(parents=True)
    _prepare(tmp_path)
    assert (left.parent.exists(), left.exists()) == (True, False)


def test_the_first_password_is_that_of_a_store_never_opened(tmp_path: Path) -> None:
    _prepare(tmp_path)
    written = (tmp_path / "data" / "dbms" / "auth.ini").read_text()
    (tmp_path / "data" / "databases" / "system").mkdir(parents=True)
    _prepare(tmp_path)
    assert (tmp_path / "data" / "dbms" / "auth.ini").read_text() == written


def test_java_maps_the_archive_that_setup_made() -> None:
    java = find_java()
    if not archive_options(java, JARS):
        pytest.skip("no archive of Neo4j's classes: make setup makes it")
    # -Xshare:on: end where it can't be mapped with this class path.
    command = [java.program, "-Xshare:on", *archive_options(java, JARS), "-cp", f"{JARS}/*", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_without_an_archive_java_is_told_of_none(tmp_path: Path) -> None:
    assert archive_options(find_java(), tmp_path / "jars") == ()


def test_missing_jars_name_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LocalServerError, match="no Neo4j server") as caught:
        _prepare(tmp_path / "home", jars=tmp_path)
    assert "make setup" in caught.value.remedy


def test_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalServerError, match="no `java`"):
        _prepare(tmp_path / "home")


def test_an_old_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalServerError, match=r"is another version: openjdk version .11\.0\.2"):
        _prepare(tmp_path / "home")


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("2025.1.0\n")
    with pytest.raises(LocalServerError, match=r"last opened by Neo4j 2025\.1\.0"):
        _prepare(tmp_path)


def test_a_server_that_ends_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = _prepare(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.bolt_port))
        taken.listen()
        process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with pytest.raises(LocalServerError, match="Address already in use"):
                wait_until_ready(server, PASSWORD, alive=lambda: process.poll() is None)
        finally:
            process.kill()
            process.wait()


def _merge_until_killed(driver: Driver, subgraphs: list[StudySubgraph]) -> int:
    """Write one study a transaction, over and over, until the server is gone; how many were acknowledged."""
    written = 0
    try:
        for subgraph in itertools.cycle(subgraphs):
            merge_studies(driver, partial(Projection, [subgraph]))
            written += 1
    except GraphUnavailableError:
        pass
    return written


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_server_killed_while_it_merges_keeps_whole_studies_alone(
    neo4j_server: Neo4jServer, empty_graph: Driver
) -> None:
    subgraphs = [study(number) for number in range(100)]
    killer = threading.Timer(1.0, neo4j_server.kill)
    killer.start()
    written = _merge_until_killed(empty_graph, subgraphs)
    killer.join()
    neo4j_server.start()
    assert not any(violations(empty_graph).values())
    assert count_graph(empty_graph).labels["Study"] in {min(written, 100), min(written + 1, 100)}
    merge_studies(empty_graph, lambda: Projection(subgraphs))
    assert count_graph(empty_graph).labels["Study"] == 100
    assert not any(violations(empty_graph).values())
    with pytest.raises(LocalServerError, match="refused the password"):
        wait_until_ready(neo4j_server.local, "another-password", alive=neo4j_server.runs)
