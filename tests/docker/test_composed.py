"""The composed system, end to end, on a real engine. The tests share one system and stand in the order of its life."""

import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.docker.composed import (
    LOOPBACK,
    PARTS,
    STORES,
    Composed,
    account,
    layers_of,
    run,
    wait_for,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(7200)]

SMALL_LAYER = 30_000_000
"""Bytes: what one changed line of code may cost at most."""
KILLED_AMID = 2
"""Days of synthetic traffic while every service is killed."""


def ask(composed: Composed, port: int, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {composed.admin_key()}"}
    request = urllib.request.Request(f"http://{LOOPBACK}:{port}/graphql", body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)["data"]


def page(port: int, path: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{LOOPBACK}:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def require_all(told: dict[str, Any]) -> None:
    """Every message was acknowledged, and is in the graph once."""
    assert told["wrong"] == {}, told
    assert told["acknowledged"] == told["messages"], told
    assert not told["events"].get("dead"), told


def send_a_day(composed: Composed, data: Path, seed: int, *words: str) -> None:
    require_all(account(composed.simulate("--seed", str(seed), "--timeout", "1800", *words, data=data)))


def test_every_part_is_healthy_and_bounded(composed: Composed) -> None:
    state = {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in composed.containers()}
    assert set(state) == {*STORES, *PARTS, "migrate"}
    assert state.pop("migrate")["State"]["ExitCode"] == 0
    assert {name: one["State"]["Health"]["Status"] for name, one in state.items()} == dict.fromkeys(state, "healthy")
    for name in PARTS:
        one = state[name]
        assert one["Config"]["User"] == "10001"
        assert one["HostConfig"]["ReadonlyRootfs"]
        assert one["HostConfig"]["Memory"] > 0
        assert one["HostConfig"]["PidsLimit"] > 0


def test_no_secret_is_shown_by_inspect(composed: Composed) -> None:
    shown = json.dumps(composed.containers())
    for file in (composed.folder / "secrets").iterdir():
        assert file.read_text().strip() not in shown, file.name


def test_images_have_a_version_and_only_the_readers_has_torch(composed: Composed) -> None:
    sizes = {}
    for name in ("service", "worker"):
        [image] = json.loads(run("docker", "image", "inspect", f"vlmkg-{name}:{composed.version}"))
        assert image["Config"]["Labels"]["org.opencontainers.image.version"] == composed.version
        sizes[name] = image["Size"]
    print("bytes of the images:", sizes)
    look = "import importlib.util as u; print(u.find_spec('torch') is not None)"
    has_torch = {name: composed.compose("exec", "-T", name, "python", "-c", look).strip() for name in PARTS}
    assert has_torch == {"gateway": "False", "api": "False", "merge": "False", "worker": "True"}


def test_a_day_through_every_door_is_in_the_graph_once(composed: Composed, tmp_path: Path) -> None:
    """HL7 by MLLP, films by C-STORE and STOW-RS, reports by FHIR, some with faults; the graph against the books."""
    send_a_day(composed, tmp_path, 1)
    found = ask(composed, composed.api_port(), "{ findings(first: 1) { totalCount } }")
    assert found["findings"]["totalCount"] > 100


def test_every_service_is_killed_amid_the_messages_and_nothing_is_lost(composed: Composed, tmp_path: Path) -> None:
    simulator = composed.simulate(
        "--days", str(KILLED_AMID), "--rate", "1", "--seed", "2", "--timeout", "3000", data=tmp_path
    )
    try:
        for service in (*PARTS, *STORES):
            assert simulator.poll() is None, "messages flow until the last kill"
            [container] = composed.containers(service)
            composed.kill(container)
            seconds = wait_for(lambda s=service, c=container: composed.is_back(s, c), f"{service} is healthy again")
            print(f"{service}: healthy {seconds:.0f} s after kill -9")
        told = account(simulator)
    finally:
        simulator.kill()
    require_all(told)


def test_several_workers_and_apis_share_the_work(composed: Composed, tmp_path: Path) -> None:
    composed.up("--scale", "worker=2", "--scale", "api=2", "--no-recreate")
    ports = set()
    for one in composed.containers("api"):
        [bound] = one["NetworkSettings"]["Ports"]["8000/tcp"]
        ports.add(int(bound["HostPort"]))
    assert len(ports) == 2
    send_a_day(composed, tmp_path, 3)
    answers = [ask(composed, port, "{ findings(first: 1) { totalCount } }") for port in sorted(ports)]
    assert answers[0] == answers[1]
    for one in composed.containers("worker"):
        look = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9101/metrics').read().decode())"
        shown = run("docker", "exec", one["Id"], "python", "-c", look)
        taken = re.search(r"^vlmkg_worker_tasks_total\{[^}]*\} (\d+)", shown, re.MULTILINE)
        assert taken is not None, shown
        assert int(taken[1]) > 0, shown
    composed.up("--scale", "worker=1", "--scale", "api=1")


def test_restart_and_down_and_up_keep_the_graph(composed: Composed) -> None:
    before = composed.digest()
    composed.compose("restart", "--timeout", "60")
    composed.up()
    assert composed.digest() == before
    composed.compose("down", "--timeout", "120")
    assert composed.containers() == []
    composed.up()
    assert composed.digest() == before


def test_a_backup_brings_back_what_was_lost(composed: Composed) -> None:
    before = composed.digest()
    made = json.loads(composed.compose("run", "--rm", "-T", "backup", "vlmkg", "backup", "/backups", "--json"))
    assert made["problems"] == []
    assert made["events"] > 400
    composed.compose("run", "--rm", "-T", "backup", "vlmkg", "backup", "verify", "/backups")
    composed.compose("down", "--timeout", "120")
    lost = [f"{composed.project}_{name}" for name in ("neo4j", "redis", "postgres", "data")]
    run("docker", "volume", "rm", *lost)
    composed.up(*STORES)
    composed.compose("run", "--rm", "-T", "backup", "vlmkg", "restore", "/backups", "--data", "/data")
    composed.up()
    print(composed.vlmkg("rebuild"))
    assert composed.digest() == before


def test_backups_leave_the_host_encrypted(composed: Composed, tmp_path: Path) -> None:
    """The lines of docs/operations.md: out through age, and in again where nothing is."""
    if shutil.which("age") is None:
        pytest.skip("age is not installed: apt-get install age")
    key, kept = tmp_path / "key.txt", tmp_path / "backups.tar.age"
    run("age-keygen", "--output", str(key))
    (tmp_path / "recipients.txt").write_text(run("age-keygen", "-y", str(key)))
    program = composed.command("run", "--rm", "-T", "backup", "tar", "-C", "/backups")
    out = shlex.join([*program, "-cf", "-", "."])
    subprocess.run(f"{out} | age -R recipients.txt -o {kept}", shell=True, check=True, cwd=tmp_path)
    assert kept.read_bytes().startswith(b"age-encryption.org/v1")
    run("docker", "volume", "rm", f"{composed.project}_backups")
    back = shlex.join([*program, "-xf", "-"])
    subprocess.run(f"age -d -i key.txt {kept} | {back}", shell=True, check=True, cwd=tmp_path)
    assert "intact" in composed.compose("run", "--rm", "-T", "backup", "vlmkg", "backup", "verify", "/backups")


def test_one_changed_line_is_one_small_layer_and_an_upgrade_keeps_everything(
    composed: Composed, tmp_path: Path
) -> None:
    before = composed.digest()
    image = f"vlmkg-service:{composed.version}"
    old = layers_of(image)
    module = composed.folder / "vlmkg" / "errors.py"
    module.write_text(module.read_text() + "# a changed line\n")
    composed.set(VLMKG_REVISION="changed")
    composed.compose("build")
    new = layers_of(image)
    assert len(new) == len(old)
    assert new[:-1] == old[:-1]
    assert new[-1] != old[-1]
    sizes = run("docker", "history", "--no-trunc", "--human=false", "--format", "{{.Size}}", image).split()
    changed = next(int(size) for size in sizes if int(size))
    print(f"bytes that one changed line makes anew: {changed}")
    assert changed < SMALL_LAYER
    composed.up()
    for name in PARTS:
        [container] = composed.containers(name)
        assert container["Config"]["Labels"]["org.opencontainers.image.revision"] == "changed"
    assert composed.digest() == before
    send_a_day(composed, tmp_path, 4)


def test_prometheus_is_told_by_every_part(composed: Composed) -> None:
    """Skips where Prometheus' image is not to be had. Grafana is not started here."""
    image = "prom/prometheus:v3.5.0"
    if not run("docker", "image", "ls", "--quiet", image) and run("docker", "pull", image, check=False) == "":
        pytest.skip(f"{image} is not here and can't be pulled")
    composed.compose("up", "--detach", "prometheus")
    ask_it = "http://127.0.0.1:9090/api/v1/query?query=up"

    def all_answer() -> bool:
        shown = composed.compose("exec", "-T", "prometheus", "wget", "-q", "-O", "-", ask_it, check=False)
        found = json.loads(shown)["data"]["result"] if shown else []
        return {one["metric"]["job"]: one["value"][1] for one in found} == dict.fromkeys(PARTS, "1")

    wait_for(all_answer, "each part is up for Prometheus", 180)
    assert "vlmkg_events" in page(composed.api_port(), "/metrics")
