"""Dockerfile and docker-compose.yml, as far as reading them shows: they are run elsewhere."""

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from vlmkg.cli import vlmkg

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate"}
PACKAGES = ("vlmkg", "graph", "ingest", "api", "stack")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_says_whether_it_is_healthy_or_ends(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) != (name in ONCE)
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_is_published_beyond_this_host(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_health_and_not_for_a_start(name: str) -> None:
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert condition == {"condition": expected}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_our_own_images_can_do_little(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_gpu_worker_has_a_profile() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "worker-gpu": ["gpu"]
    }


def test_images_are_pinned_to_a_version() -> None:
    others = [service["image"] for service in SERVICES.values() if "build" not in service]
    assert sorted(others) == ["neo4j:5.26-community", "postgres:17", "redis:7"]


def test_volumes_are_declared() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_every_secret_is_asked_for_and_none_has_a_default() -> None:
    named = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_TEXT))
    example = dict(line.split("=") for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line)
    assert named == set(example)
    assert not any(example.values())
    assert len(re.findall(r"(?<!\$)\$\{\w+:\?fill in \.env\}", COMPOSE_TEXT)) == COMPOSE_TEXT.count("${")


def test_build_targets_exist() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in SERVICES.values() if "build" in service} == {"service", "worker"}
    assert targets >= {"service", "worker"}


def test_images_run_as_nobody_in_particular() -> None:
    base = DOCKERFILE[DOCKERFILE.index(" AS base") :]
    user = re.findall(r"^USER (.*)$", base, re.MULTILINE)
    assert user == ["10001"]
    assert "useradd --system --uid 10001 " in base


def test_the_worker_s_image_alone_installs_torch() -> None:
    locked = (ROOT / "requirements" / "service.txt").read_text()
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n((?:(?!^FROM ).*\n)*)", DOCKERFILE, re.MULTILINE))
    assert "requirements/service.txt" in stages["packages"]
    assert "requirements/model.txt" in stages["model-packages"]
    assert "COPY --from=packages" in stages["service"]
    assert "COPY --from=model-packages" in stages["worker"]
    assert not re.search(r"^(torch|transformers|open-clip-torch)==", locked, re.MULTILINE)


def test_the_build_context_has_what_is_copied() -> None:
    sent = {
        line[1:].removesuffix("/*.txt") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copies = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {word for line in copies for word in line.split()}
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)


def test_the_commands_and_their_options_are_ours() -> None:
    commands = [service["command"] for service in SERVICES.values() if service.get("command", [""])[0] == "vlmkg"]
    commands += [json.loads(line) for line in re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)]
    assert len(commands) == 7
    for _, *words in commands:
        context, rest = vlmkg.make_context("vlmkg", list(words)), words
        while isinstance(context.command, click.Group):
            _, command, rest = context.command.resolve_command(context, rest)
            assert command is not None
            context = command.make_context(command.name, list(rest), parent=context)


def test_every_setting_is_one_that_the_code_reads() -> None:
    set_here = {name for service in SERVICES.values() for name in service["environment"] if "build" in service}
    set_here |= set(re.findall(r"\b(VLMKG_\w+)=", DOCKERFILE))
    code = "".join(file.read_text() for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    assert len(set_here) > 10
    for name in set_here:
        assert re.search(rf"\b{name}\b", code), name


def test_the_worker_s_image_has_the_checkpoint_that_comes_with_the_project() -> None:
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n((?:(?!^FROM ).*\n)*)", DOCKERFILE, re.MULTILINE))
    assert "COPY checkpoints checkpoints\n" in stages["worker"]
    # /app is where the packages lie too: vlmkg.default_engine looks for the folder beside them.
    assert "WORKDIR /app\n" in stages["base"]
    assert "WORKDIR /app\n" in stages["packages"]
