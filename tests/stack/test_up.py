"""`vlmkg up` for real: Neo4j, Redis, workers and API under one folder, killed in every way.

The tests of this file run in order on one stack: what one kills must be back for the next.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from tests.stack.processes import alive, belonging_to, until
from tests.stack.running import Up
from vlmkg.data_dir import DataDir, Endpoints

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
PARTS = ("neo4j", "redis", "gateway", "worker-extract", "worker-merge", "api")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataDir]:
    folder = tmp_path_factory.mktemp("up") / "var"
    yield DataDir(folder)
    for process in belonging_to(folder):
        process.kill()


@pytest.fixture(scope="module")
def up(data: DataDir) -> Iterator[Up]:
    started = Up(data.root)
    assert started.ready(), "\n".join(started.said)
    yield started
    started.end()


@pytest.fixture
def endpoints(up: Up, data: DataDir) -> Endpoints:
    return data.require_endpoints()


def status(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
        return int(answer.status)


def part_process(data: DataDir, part: str) -> psutil.Process:
    return psutil.Process(int((data.run / f"{part}.pid").read_text()))


def test_a_stop_while_starting_leaves_nothing_behind(tmp_path: Path) -> None:
    starting = Up(tmp_path / "var")
    assert until((tmp_path / "var" / "run" / "redis.pid").exists, 60)
    starting.process.terminate()
    assert starting.ended() == 0
    assert starting.said[-1] == "stopping"
    assert belonging_to(tmp_path) == []


def test_all_parts_answer_at_the_addresses_that_it_gives(up: Up, endpoints: Endpoints) -> None:
    assert status(f"{endpoints.api}/healthz") == status(f"{endpoints.api}/readyz") == 200
    assert status(str(endpoints.browser)) == 200
    with redis.Redis.from_url(str(endpoints.redis)) as client:
        assert client.ping()
    host, port = str(endpoints.bolt).removeprefix("bolt://").split(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    for door in (endpoints.mllp, endpoints.dicom):
        host, port = str(door).split(":")
        socket.create_connection((host, int(port)), timeout=5).close()


@pytest.mark.parametrize("by", ["folder", "addresses"])
def test_the_simulator_finds_what_it_was_acknowledged_for(
    up: Up, data: DataDir, endpoints: Endpoints, tmp_path: Path, by: str
) -> None:
    command = [sys.executable, "-P", "-m", "vlmkg", "simulate", "--rate", "0", "--json"]
    environment = dict(os.environ)
    if by == "folder":
        command += ["--data", str(data.root)]
    else:
        # As for a system of containers: nothing of it is in the data folder.
        for name in ("mllp", "dicom", "dicomweb", "fhir", "graphql"):
            command += [f"--{name}", str(getattr(endpoints, name))]
        command += ["--seed", "2", "--data", str(tmp_path / "elsewhere")]
        environment |= {
            "VLMKG_API_KEY": str(endpoints.api_key),
            "VLMKG_LEDGER_URL": data.ledger_url,
            "NEO4J_URI": str(endpoints.bolt),
            "NEO4J_USERNAME": str(endpoints.neo4j_username),
            "NEO4J_PASSWORD": str(endpoints.neo4j_password),
        }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["wrong"] == {}
    assert said["acknowledged"] == said["messages"] > 200
    assert (said["studies_checked"], said["patients_checked"]) == (60, 40)


def test_its_status_is_that_all_parts_work(up: Up, data: DataDir) -> None:
    command = [sys.executable, "-P", "-m", "vlmkg", "status", "--json", "--data", str(data.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = json.loads(done.stdout)
    assert done.returncode == 0, said
    parts = {part["name"] for part in said["parts"]}
    assert parts == {"ledger", "graph", "queue", "api", "gateway", "worker-extract", "worker-merge"}
    assert {door["name"] for door in said["doors"]} == {"mllp", "dicom", "dicomweb", "fhir"}
    assert said["graph"]["Concept"] > 0


def test_the_table_names_every_address_and_no_secret(up: Up, endpoints: Endpoints) -> None:
    said = "\n".join(up.said)
    assert up.said[-1] == "ready"
    for address in (endpoints.graphql, endpoints.browser, endpoints.bolt):
        assert f" {address} " in said
    for secret in (endpoints.neo4j_password, endpoints.api_key):
        assert secret is not None
        assert secret not in said


def test_the_key_that_it_gives_opens_the_api(endpoints: Endpoints) -> None:
    question = json.dumps({"query": "{ __typename }"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoints.api_key}"}
    request = urllib.request.Request(str(endpoints.graphql), question, headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        assert json.load(answer) == {"data": {"__typename": "Query"}}


def test_everything_is_readable_by_the_owner_alone(up: Up, data: DataDir) -> None:
    open_to_others = [path for path in [data.root, *data.root.rglob("*")] if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert open_to_others == []


def test_no_command_line_shows_a_secret(up: Up, data: DataDir, endpoints: Endpoints) -> None:
    lines = [" ".join(process.cmdline()) for process in belonging_to(data.root)]
    assert len(lines) > 2 * len(PARTS)
    secrets = [path.read_text().strip() for path in data.secrets.iterdir()]
    assert not [line for line in lines for secret in secrets if secret in line]


def test_a_second_up_on_the_folder_is_refused(up: Up, data: DataDir) -> None:
    second = Up(data.root)
    assert second.ended() == 2
    assert second.said[0] == f"vlmkg: a stack is already running in {data.root} (process {up.process.pid})"
    assert data.endpoints() is not None


@pytest.mark.parametrize("part", ["redis", "worker-extract", "api", "neo4j"])
def test_a_killed_part_comes_back(up: Up, data: DataDir, part: str) -> None:
    victim = part_process(data, part)
    family = [victim, *victim.children(recursive=True)]
    victim.kill()
    assert up.says(f"{part} was killed by signal 9 (SIGKILL); restart 1 of 5 within 60 s")
    assert up.says(f"{part} responds again")
    assert not any(alive(process.pid) for process in family)
    assert part_process(data, part).pid != victim.pid


def test_a_killed_up_leaves_nothing_behind_and_fools_nobody(up: Up, data: DataDir) -> None:
    up.process.kill()
    up.ended()
    assert data.endpoints_file.exists()
    assert data.endpoints() is None
    told = subprocess.run(
        [sys.executable, "-m", "vlmkg", "graph", "status", "--data", str(data.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "vlmkg up" in told.stderr
    assert until(lambda: belonging_to(data.root) == [], 40)


def test_the_next_up_starts_where_the_killed_one_was_and_ctrl_c_ends_it(data: DataDir) -> None:
    keys = {path.name: path.read_text() for path in data.secrets.iterdir()}
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        following = Up(data.root, VLMKG_API_PORT=str(taken))
        assert following.ready(), "\n".join(following.said)
    assert any(f"port {taken} is in use" in line for line in following.said)
    assert {path.name: path.read_text() for path in data.secrets.iterdir()} == keys
    os.killpg(following.process.pid, signal.SIGINT)
    assert following.ended() == 0
    assert following.said[-1] == "stopping"
    assert belonging_to(data.root) == []
    assert not data.endpoints_file.exists()
