"""One running stack for all clients, and what its graph says afterwards."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.stack.running import Up

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".cache" / "clients"
LIMIT_S = 120.0
WORKING = ("RECEIVED", "QUEUED", "EXTRACTING", "EXTRACTED", "MERGING")

_PATIENT = """query ($a: String!, $v: String!) { patient(identifier: {authority: $a, value: $v}) {
  studies(first: 20) { edges { node { studyUid images { sopInstanceUid } reports { current status text }
    findings(first: 100, where: {presence: [PRESENT, UNCERTAIN, ABSENT]}) { edges { node { text presence } } }
  } } } } }"""


@dataclass(frozen=True)
class Said:
    """What the graph says of one patient: texts of the current reports, (words, presence) of findings, images."""

    texts: list[str]
    statuses: list[str]
    findings: set[tuple[str, str]]
    studies: int
    images: int


@dataclass(frozen=True)
class Stack:
    """A running stack: the addresses of its doors, and the key of an operator."""

    addresses: dict[str, str]

    @property
    def key(self) -> str:
        return self.addresses["api_key"]

    def host_and_port(self, door: str) -> list[str]:
        """A socket's address as two arguments."""
        return self.addresses[door].rsplit(":", 1)

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that GraphQL answers."""
        body = {"query": query, "variables": variables}
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx2.post(self.addresses["graphql"], json=body, headers=headers, timeout=30, trust_env=False).json()
        assert not answer.get("errors"), answer
        return answer["data"]

    def settle(self) -> None:
        """Wait until no event is worked on."""
        query = " ".join(f"{state}: events(where: {{state: {state}}}, first: 1) {{ totalCount }}" for state in WORKING)
        deadline = time.monotonic() + LIMIT_S
        while any(found["totalCount"] for found in self.ask(f"{{ {query} }}").values()):
            assert time.monotonic() < deadline, "events are not worked through"
            time.sleep(0.3)

    def patient(self, value: str, authority: str = "urn:clients") -> Said | None:
        """What the graph says of a patient, once nothing is worked on; None where there is no such patient."""
        self.settle()
        found = self.ask(_PATIENT, a=authority, v=value)["patient"]
        if found is None:
            return None
        studies = [edge["node"] for edge in found["studies"]["edges"]]
        current = [report for study in studies for report in study["reports"] if report["current"]]
        nodes = [edge["node"] for study in studies for edge in study["findings"]["edges"]]
        return Said(
            [report["text"] for report in current],
            [report["status"] for report in current],
            {(node["text"].lower(), node["presence"]) for node in nodes},
            len(studies),
            sum(len(study["images"]) for study in studies),
        )


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, which ends with the tests."""
    data = tmp_path_factory.mktemp("clients") / "var"
    running = Up(data)
    try:
        assert running.ready(), "\n".join(running.said)
        yield Stack(json.loads((data / "run" / "endpoints.json").read_text()))
    finally:
        running.end()


def steps(*command: str | Path) -> dict[str, str]:
    """Run a client. What it said, by step. The client ends of itself, or after two minutes."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line.partition("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {step: words.strip() for step, _, words in lines}


def java(program: str) -> list[str | Path]:
    """The command that runs a Java client from its source. Skips the test where Java or its jars are not there."""
    jars = INSTALLED / "java"
    if shutil.which("javac") is None or not (jars / ".made-from").exists():
        pytest.skip("Java's compiler or the Java clients are not installed: make test-clients")
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", HERE / "java" / f"{program}.java"]


def python(program: str) -> list[str | Path]:
    """The same of a Python client in its own environment."""
    interpreter = INSTALLED / "python" / "bin" / "python"
    if not (INSTALLED / "python" / ".made-from").exists():
        pytest.skip("the Python clients are not installed: make test-clients")
    return [interpreter, "-I", HERE / "programs" / f"{program}.py"]


def node(program: str) -> list[str | Path]:
    """The same of a client on Node, which finds its packages beside itself."""
    installed = INSTALLED / "node"
    if shutil.which("node") is None or not (installed / ".made-from").exists():
        pytest.skip("node or the npm clients are not installed: make test-clients")
    shutil.copy(HERE / "node" / f"{program}.mjs", installed)
    return ["node", installed / f"{program}.mjs"]
