"""docker-compose.yml, built and started by pytest-docker, once for all tests of this folder; removed at their end."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_docker.plugin import Services

from tests.docker.composed import HEALTHY_S, Composed, copy_of_the_checkout, run, settings_of


def engine() -> str | None:
    """Why no test of this folder can run; None where an engine answers and its Compose is new enough."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    needs = {"no Docker engine answers": ("docker", "info"), "docker has no Compose": ("docker", "compose", "version")}
    for told, command in needs.items():
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return told
    return None


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """A copy of what is composed, with secrets, settings and a name of its own."""
    if reason := engine():
        pytest.skip(f"{reason}: start one, and call make test-docker")
    folder = tmp_path_factory.mktemp("composed")
    copy_of_the_checkout(folder)
    shutil.copy(Path(__file__).parent / "override.yml", folder)
    subprocess.run([folder / "deploy" / "make-secrets.sh"], check=True, capture_output=True)
    name = f"vlmkg-test-{os.getpid()}"
    made = Composed(folder, name, version=f"test-{os.getpid()}")
    made.set(**settings_of(made.version))
    return made


@pytest.fixture(scope="session")
def docker_compose_file(checkout: Composed) -> list[str]:
    """For pytest-docker."""
    return checkout.files


@pytest.fixture(scope="session")
def docker_compose_project_name(checkout: Composed) -> str:
    """For pytest-docker."""
    return checkout.project


@pytest.fixture(scope="session")
def docker_setup(checkout: Composed) -> Iterator[list[str]]:
    """For pytest-docker. Also where the start fails, nothing is left."""
    yield ["build", f"up --wait --wait-timeout {int(HEALTHY_S)}"]
    checkout.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)
    images = run("docker", "image", "ls", "--quiet", "--filter", f"reference=vlmkg-*:{checkout.version}").split()
    if images:
        run("docker", "image", "rm", "--force", *images, check=False)


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    """For pytest-docker: `docker_setup` cleans up."""
    return []


@pytest.fixture(scope="session")
def composed(checkout: Composed, docker_services: Services) -> Composed:
    """The running system."""
    return checkout


@pytest.fixture(autouse=True)
def told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Seconds of each test, for docs/operations.md."""
    began = time.monotonic()
    yield
    print(f"{request.node.name}: {time.monotonic() - began:.0f} s")
