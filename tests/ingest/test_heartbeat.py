"""A process that lives says so, one that is stopped or hangs does not, and `health` tells them apart."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.heartbeat import beating, beats, require_life, touch
from ingest.heartbeat_command import health
from tests.fixtures.ports import free_port
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.road import Road
from tests.ingest.workers.running import Worker, wait_for
from vlmkg.errors import RefusedError, UsageError

ROOT = Path(__file__).parents[2]
LATE_S = 6


def ready(folder: Path) -> Path:
    file = folder / "worker.ready"
    file.touch()
    return file


def grow_old(file: Path, name: str, age_s: float) -> None:
    beat = file.with_name(f"{file.name}.beat-{name}")
    at = beat.stat().st_mtime - age_s
    os.utime(beat, (at, at))


@pytest.mark.parametrize(("age_s", "lives"), [(0, True), (25, True), (35, False), (86_400, False)])
def test_the_age_of_the_oldest_sign_decides(tmp_path: Path, age_s: float, lives: bool) -> None:
    file = ready(tmp_path)
    for name in ("extract-cuda0", "extract-cuda1", "merge"):
        touch(file, name)
    grow_old(file, "extract-cuda1", age_s)
    result = CliRunner().invoke(health, ["--ready-file", str(file), "--max-age", "30"])
    assert (result.exit_code == 0) is lives
    if not lives:
        with pytest.raises(RefusedError, match="extract-cuda1") as raised:
            require_life(file, 30)
        assert "merge" not in str(raised.value)


def test_without_a_start_there_is_no_life(tmp_path: Path) -> None:
    file = tmp_path / "worker.ready"
    for make in (lambda: touch(file, "merge"), file.touch):
        with pytest.raises(RefusedError, match="no work yet"):
            require_life(file, 30)
        make()
    assert [beat.name for beat in require_life(file, 30)] == ["merge"]


def test_what_does_not_work_gives_no_sign(tmp_path: Path) -> None:
    file = ready(tmp_path)
    with beating(file, "idle", lambda: False), beating(file, "busy", lambda: True), beating(None, "none", lambda: True):
        wait_for(lambda: bool(beats(file)), 10)
    assert [beat.name for beat in beats(file)] == ["busy"]


def test_the_setting_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLMKG_READY_FILE", raising=False)
    with pytest.raises(UsageError, match="VLMKG_READY_FILE"):
        CliRunner().invoke(health, [], catch_exceptions=False)


def probe(file: Path | None) -> "subprocess.CompletedProcess[str]":
    """What a container's probe runs: without site-packages, as there."""
    environment = {"PYTHONPATH": str(ROOT), **({"VLMKG_READY_FILE": str(file)} if file else {})}
    command = [sys.executable, "-S", "-m", "ingest.heartbeat_probe"]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


def test_the_probe_of_a_container_says_what_the_command_says(tmp_path: Path) -> None:
    file = tmp_path / "worker.ready"
    assert (probe(None).returncode, probe(file).returncode) == (2, 1)
    ready(tmp_path)
    touch(file, "merge")
    found = probe(file)
    assert (found.returncode, found.stdout[:6]) == (0, "merge:"), found.stderr
    grow_old(file, "merge", 3600)
    found = probe(file)
    told = CliRunner().invoke(health, ["--ready-file", str(file)]).exception
    assert found.returncode == 1
    assert "no sign of life for: merge" in found.stderr
    assert isinstance(told, RefusedError)


def asked(part: str, file: Path) -> int:
    """`vlmkg worker health`, or the gateway's."""
    environment = {**os.environ, "VLMKG_READY_FILE": str(file)}
    command = [sys.executable, "-P", "-m", "vlmkg", part, "health", "--max-age", str(LATE_S)]
    return subprocess.run(command, check=False, env=environment, capture_output=True).returncode


def stops_and_goes_on(part: str, process: subprocess.Popen[bytes], file: Path) -> None:
    wait_for(lambda: asked(part, file) == 0, 60)
    process.send_signal(signal.SIGSTOP)
    wait_for(lambda: asked(part, file) == 1, 60)
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: asked(part, file) == 0, 60)


def worker_of(folder: Path, broker: RedisServer, **variables: str) -> Worker:
    environment = {"CELERY_BROKER_URL": broker.url, "VLMKG_DATA": str(folder / "var"), **variables}
    return Worker(folder, environment, "--queue", "extract", "--concurrency", "1")


def test_a_stopped_worker_is_found(tmp_path: Path, broker: RedisServer) -> None:
    worker = worker_of(tmp_path, broker)
    try:
        worker.wait_until_ready()
        stops_and_goes_on("worker", worker.process, tmp_path / "worker0.ready")
    finally:
        worker.end()


def test_a_stopped_gateway_is_found(tmp_path: Path) -> None:
    file = tmp_path / "gateway.ready"
    settings = {"VLMKG_GATEWAY_DOORS": "mllp", "VLMKG_MLLP_PORT": "0", "VLMKG_READY_FILE": str(file)}
    command = [sys.executable, "-P", "-m", "vlmkg", "gateway", "--data", str(tmp_path / "var")]
    process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL)
    try:
        stops_and_goes_on("gateway", process, file)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("reads", ["rules", "model"])
def test_a_worker_waits_for_a_ledger_that_is_away_at_its_start(
    tmp_path: Path, broker: RedisServer, postgres_server: PostgresServer, reads: str
) -> None:
    """It stays, and keeps what it has loaded: a model's process is the same one afterwards."""
    port = free_port()
    url = postgres_server.new_database().replace(f":{postgres_server.port}/", f":{port}/")
    if reads == "model":
        environment = {"CELERY_BROKER_URL": broker.url, "VLMKG_DATA": str(tmp_path / "var"), "VLMKG_LEDGER_URL": url}
        options = ("--queue", "extract", "--engine", str(tmp_path))
        worker = Worker(tmp_path, environment, *options, program=("-m", "tests.ingest.workers.modelling"))
    else:
        worker = worker_of(tmp_path, broker, VLMKG_LEDGER_URL=url)
    road: Road | None = None
    try:
        wait_for(lambda: "the ledger does not respond" in worker.log.read_text(), 60)
        assert worker.process.poll() is None
        assert not (tmp_path / "worker0.ready").exists()
        children = worker.children()
        road = Road(postgres_server.port, port)
        worker.wait_until_ready()
        if reads == "model":
            assert len(children) == 1
            assert worker.children() == children
    finally:
        worker.end()
        if road:
            road.break_off()
