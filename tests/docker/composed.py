"""A composed system of its own: its checkout, what Compose says of it, and what a sender sees of it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
STORES = ("postgres", "redis", "neo4j")
PARTS = ("gateway", "api", "worker", "merge")
APIS = 3
"""Ports in the range of the API: as many as can be scaled to."""
HEALTHY_S = 600.0
COMMAND_S = 3600.0
"""Builds from nothing, on a slow machine."""


def copy_of_the_checkout(folder: Path) -> None:
    """What Docker is given of the checkout, so that secrets, settings and changed lines are the tests' own."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {Path(line[1:]).parts[0] for line in ignored if line[:1] == "!"}
    for name in sorted({*sent, "deploy", "Dockerfile", "docker-compose.yml", ".dockerignore", ".env.example", "tools"}):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
            )
        else:
            shutil.copy(source, folder / name)


def free_ports(number: int) -> list[int]:
    """Ports of the loopback that were free a moment ago and follow one another."""
    while True:
        first = 20000 + secrets.randbelow(40000)
        try:
            with_all = [socket.create_server((LOOPBACK, first + offset)) for offset in range(number)]
        except OSError:
            continue
        for one in with_all:
            one.close()
        return [first + offset for offset in range(number)]


def settings_of(version: str) -> dict[str, str]:
    """The lines of `.env`: free ports, an image tag of its own, and a reader that a small machine has the time for."""
    apis, others = free_ports(APIS), free_ports(7)
    names = ("MLLP", "DICOM", "HTTP", "NEO4J_BROWSER", "NEO4J_BOLT", "POSTGRES", "GRAFANA")
    return {
        "VLMKG_VERSION": version,
        "VLMKG_ENGINE": "rules",
        "PUBLISH_API": f"{apis[0]}-{apis[-1]}",
        **{f"PUBLISH_{name}": str(port) for name, port in zip(names, others, strict=True)},
        "NEO4J_HEAP": "512m",
        "NEO4J_PAGE_CACHE": "128m",
    }


@dataclass(frozen=True)
class Composed:
    """A project of Compose in a folder of its own."""

    folder: Path
    project: str
    version: str

    @property
    def files(self) -> list[str]:
        """The project's own file, and the tests'."""
        return [str(self.folder / "docker-compose.yml"), str(self.folder / "override.yml")]

    def set(self, **variables: str) -> None:
        """Set lines of `.env`."""
        file = self.folder / ".env"
        kept = [line for line in file.read_text().splitlines() if line.partition("=")[0] not in variables]
        file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in variables.items()), ""]))

    def setting(self, name: str) -> str:
        """A line of `.env`."""
        lines = dict(line.partition("=")[::2] for line in (self.folder / ".env").read_text().splitlines())
        return lines[name]

    def command(self, *words: str) -> list[str]:
        """`docker compose` for this project."""
        files = [word for file in self.files for word in ("--file", file)]
        return ["docker", "compose", *files, "--project-name", self.project, *words]

    def compose(self, *words: str, check: bool = True) -> str:
        """What `docker compose` prints."""
        return run(*self.command(*words), check=check)

    def up(self, *words: str) -> None:
        """`up --wait`: returns when all are healthy."""
        self.compose("up", "--wait", "--wait-timeout", str(int(HEALTHY_S)), *words)

    def containers(self, service: str | None = None) -> list[dict[str, Any]]:
        """What `docker inspect` says of the containers of a service, or of all."""
        labels = {"com.docker.compose.project": self.project, "com.docker.compose.oneoff": "False"}
        if service is not None:
            labels["com.docker.compose.service"] = service
        filters = [word for name, value in labels.items() for word in ("--filter", f"label={name}={value}")]
        found = run("docker", "ps", "--all", "--quiet", *filters).split()
        return json.loads(run("docker", "inspect", *found)) if found else []

    def vlmkg(self, *words: str, service: str = "merge", check: bool = True) -> str:
        """What `vlmkg` prints in a running container."""
        return self.compose("exec", "-T", service, "vlmkg", *words, check=check)

    def secret(self, name: str) -> str:
        """The text of a secret."""
        return (self.folder / "secrets" / name).read_text().strip()

    def digest(self) -> str:
        """The digest of the graph, which holds its invariants."""
        shown = json.loads(self.vlmkg("graph", "verify", "--digest", "--json"))
        assert not any(shown["violations"].values()), shown
        return str(shown["digest"])

    def admin_key(self) -> str:
        """The first admin's, from the data volume."""
        return self.compose("exec", "-T", "api", "cat", "/data/secrets/api.key").strip()

    def api_port(self) -> int:
        """The host's port of the first API."""
        return int(self.compose("port", "api", "8000").strip().rpartition(":")[2])

    def simulate(self, *words: str, data: Path) -> "subprocess.Popen[str]":
        """Start `vlmkg simulate` against the published ports; see `account`."""
        doors = {name: self.setting(f"PUBLISH_{name}") for name in ("MLLP", "DICOM", "HTTP", "NEO4J_BOLT", "POSTGRES")}
        environment = os.environ | {
            "VLMKG_DATA": str(data),
            "VLMKG_API_KEY": self.admin_key(),
            "VLMKG_LEDGER_URL": f"postgresql://vlmkg:{self.secret('ledger_password')}@{LOOPBACK}:{doors['POSTGRES']}/vlmkg",
            "NEO4J_URI": f"bolt://{LOOPBACK}:{doors['NEO4J_BOLT']}",
            "NEO4J_PASSWORD": self.secret("neo4j_password"),
        }
        http = f"http://{LOOPBACK}:{doors['HTTP']}"
        options = {
            "--mllp": f"{LOOPBACK}:{doors['MLLP']}",
            "--dicom": f"{LOOPBACK}:{doors['DICOM']}",
            "--dicomweb": f"{http}/dicomweb",
            "--fhir": f"{http}/fhir",
            "--graphql": f"http://{LOOPBACK}:{self.api_port()}/graphql",
        }
        command = [sys.executable, "-m", "vlmkg", "simulate", "--json", *words]
        command += [word for option in options.items() for word in option]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )

    def kill(self, container: dict[str, Any]) -> None:
        """`kill -9` of a container's first process, from outside: for Docker it died, and was not stopped."""
        program = f"import os; os.kill({container['State']['Pid']}, 9)"
        image = f"vlmkg-service:{self.version}"
        outside = ("--cap-drop", "ALL", "--cap-add", "KILL", "--pid", "host", "--user", "0", "--network", "none")
        run("docker", "run", "--rm", *outside, "--entrypoint", "python3", image, "-c", program)

    def is_back(self, service: str, killed: dict[str, Any]) -> bool:
        """Whether a killed container runs again, healthy, as another process."""
        [now] = [one for one in self.containers(service) if one["Id"] == killed["Id"]]
        state = now["State"]
        return state["Pid"] not in {0, killed["State"]["Pid"]} and state["Health"]["Status"] == "healthy"


def run(*command: str, check: bool = True) -> str:
    """What a command prints to its standard output; with `check` its failure tells all that it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMMAND_S)
    assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def account(simulator: "subprocess.Popen[str]") -> dict[str, Any]:
    """The simulator's account: what it sent, and what of it is wrong in the graph."""
    try:
        printed, errors = simulator.communicate(timeout=COMMAND_S)
    finally:
        simulator.kill()
    assert printed.strip(), errors[-4000:]
    return dict(json.loads(printed.strip().splitlines()[-1]))


def wait_for(happens: Callable[[], bool], what: str, limit_s: float = HEALTHY_S) -> float:
    """Wait until something happens. Returns the seconds."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < limit_s, f"not within {limit_s:.0f} s: {what}"
        time.sleep(1)
    return time.monotonic() - began


def layers_of(image: str) -> Sequence[str]:
    """The digests of an image's layers, the lowest one first."""
    return list(json.loads(run("docker", "image", "inspect", image))[0]["RootFS"]["Layers"])
