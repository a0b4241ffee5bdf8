"""docker-compose.yml, as far as reading it shows: tests/docker runs it."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from sqlalchemy import text

from graph.browser.cli import variable as variable_of
from graph.browser.guide import PATH
from graph.browser.settings import server_settings
from ingest.ledger.storage.database import open_ledger
from tests.fixtures.postgres_server import PostgresServer
from vlmkg.cli import vlmkg

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate", "backup"}
WATCHERS = {"prometheus", "grafana"}
PACKAGES = ("vlmkg", "graph", "ingest", "api", "stack")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_says_whether_it_is_healthy_or_ends(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) != (name in ONCE)
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_a_busy_host_is_not_taken_for_a_fault(name: str) -> None:
    """On one, PostgreSQL's first start took 100 s, and its health command more than 3 s: `up --wait` gave up."""
    check = SERVICES[name]["healthcheck"]
    assert int(check["timeout"].removesuffix("s")) >= 15
    assert int(check["start_period"].removesuffix("m")) >= 3


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_is_published_beyond_this_host_unless_env_says_so(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"\$\{VLMKG_PUBLISH:-127\.0\.0\.1\}:\$\{PUBLISH_\w+:-(\d+)\}:\1", port), port


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_waits_for_health_and_not_for_a_start(name: str) -> None:
    """For a store of ours where it is here at all: it may be elsewhere."""
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        if other in ONCE:
            assert condition == {"condition": "service_completed_successfully"}
        else:
            assert condition == {"condition": "service_healthy"} | ({} if name in WATCHERS else {"required": False})


def stores_of(name: str) -> set[str]:
    """The stores that a service is told how to reach."""
    told = SERVICES[name].get("environment", {})
    addresses = {"NEO4J_URI": "neo4j", "CELERY_BROKER_URL": "redis", "VLMKG_LEDGER_URL": "postgres"}
    return {store for variable, store in addresses.items() if variable in told}


OURS = sorted(name for name, service in SERVICES.items() if "build" in service)


@pytest.mark.parametrize("name", OURS)
def test_a_service_waits_for_what_it_needs_and_sees_nothing_else(name: str) -> None:
    service, needs = SERVICES[name], stores_of(name)
    watched = {"watch"} if name not in ONCE else set()
    assert set(service["networks"]) == watched | {net for store in needs for net in SERVICES[store]["networks"]}
    waits = set(service["depends_on"])
    # Who merges or asks needs a graph that was migrated; the API asks the queue at /readyz alone.
    through = {"neo4j"} if "migrate" in waits else set()
    assert waits - ONCE <= needs
    assert needs - waits - through <= ({"redis"} if name == "api" else set())


@pytest.mark.parametrize("name", sorted(WATCHERS))
def test_who_watches_sees_the_parts_and_no_store(name: str) -> None:
    assert SERVICES[name]["networks"] == ["watch"]
    assert {other for other in SERVICES if "watch" in SERVICES[other]["networks"]} == {*OURS, *WATCHERS} - ONCE


def test_the_gateway_needs_the_ledger_alone() -> None:
    assert stores_of("gateway") == {"postgres"}
    assert set(SERVICES["gateway"]["depends_on"]) == {"postgres"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_bounded_and_its_log_turns_over(name: str) -> None:
    service = SERVICES[name]
    assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}
    assert service["mem_limit"]
    assert service["pids_limit"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_secret_is_a_file_that_the_service_is_given(name: str) -> None:
    service = SERVICES[name]
    given = set(service.get("secrets", []))
    named = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
    scripts = {"ledger_password"} if name == "postgres" else set()  # deploy/ledger-role.sh reads it
    assert given == named | scripts
    for variable, value in service.get("environment", {}).items():
        secret = re.search("PASSWORD|AUTH|KEY|SECRET", variable)
        assert not secret or (variable.endswith("_FILE") and value.startswith("/run/secrets/")), variable


def test_every_secret_is_declared_and_made() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert {name: entry["file"] for name, entry in COMPOSE["secrets"].items()} == {
        name: f"./secrets/{name}" for name in used
    }


def test_a_reader_of_reports_gets_no_key_of_pseudonyms_and_no_graph() -> None:
    assert SERVICES["worker"]["secrets"] == ["ledger_password", "redis_password"]


def make_secrets(folder: Path) -> dict[str, str]:
    script = ROOT / "deploy" / "make-secrets.sh"
    shutil.copy(ROOT / ".env.example", folder)
    subprocess.run([script, folder], check=True, capture_output=True)
    return {file.name: file.read_text().strip() for file in (folder / "secrets").iterdir()}


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    assert set(made) == set(COMPOSE["secrets"])
    assert len(set(made.values())) == len(made)
    assert all(len(value) >= 32 for value in made.values())
    assert made["neo4j_auth"] == f"neo4j/{made['neo4j_password']}"
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert (tmp_path / ".env").read_text() == (ROOT / ".env.example").read_text()
    assert make_secrets(tmp_path) == made


def test_secrets_of_an_earlier_release_are_taken_over(tmp_path: Path) -> None:
    """With another key of pseudonyms every patient would become a second one."""
    old = {"NEO4J_PASSWORD": "n" * 20, "REDIS_PASSWORD": "r" * 20, "POSTGRES_PASSWORD": "p" * 20}
    old["VLMKG_PSEUDONYM_KEY"] = "k" * 40
    lines = [f"{name}={value}" for name, value in old.items()]
    (tmp_path / ".env").write_text("\n".join([*lines, "VLMKG_ENGINE=rules", ""]))
    made = make_secrets(tmp_path)
    assert (made["neo4j_password"], made["redis_password"]) == ("n" * 20, "r" * 20)
    assert (made["ledger_password"], made["pseudonym_key"]) == ("p" * 20, "k" * 40)
    assert (tmp_path / ".env").read_text() == "VLMKG_ENGINE=rules\n"


def test_the_ledgers_role_owns_its_database_and_nothing_else(tmp_path: Path, postgres_server: PostgresServer) -> None:
    (tmp_path / "password").write_text("it's a secret")
    environment = {
        **os.environ,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres_server.port),
        "POSTGRES_USER": "vlmkg",
        "LEDGER_ROLE": "ward",
        "LEDGER_PASSWORD_FILE": str(tmp_path / "password"),
        "PATH": f"{postgres_server.programs}:{os.environ['PATH']}",
    }
    subprocess.run([ROOT / "deploy" / "ledger-role.sh"], env=environment, check=True)
    ledger = open_ledger(f"postgresql://ward@127.0.0.1:{postgres_server.port}/ward")
    try:
        ledger.ping()
        with ledger.read() as connection:
            role = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = current_user")).one()
        rights = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
        assert [right for right in rights if getattr(role, right)] == []
    finally:
        ledger.close()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_our_own_images_can_do_little(name: str) -> None:
    service = SERVICES[name]
    if "build" in service:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_is_not_always_wanted_has_a_profile() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "worker-gpu": ["gpu"],
        "backup": ["backup"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


def test_only_who_reads_reports_carries_the_model() -> None:
    assert {name for name in OURS if SERVICES[name]["build"]["target"] == "worker"} == {"worker", "worker-gpu"}


def test_several_of_one_service_can_run() -> None:
    """`--scale` needs names that Compose gives, and ports that may be a range."""
    for name in OURS:
        assert "container_name" not in SERVICES[name]
        assert all("${PUBLISH_" in port for port in SERVICES[name].get("ports", []))


def test_images_are_pinned_to_a_version() -> None:
    others = [service["image"] for service in SERVICES.values() if "build" not in service]
    assert sorted(re.findall(r":-([^}]+)", " ".join(others))) == [
        "grafana/grafana:12.1.0",
        "neo4j:5.26-community",
        "postgres:17-bookworm",
        "prom/prometheus:v3.5.0",
        "redis:7",
    ]


def test_volumes_are_declared() -> None:
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    used = {re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume).partition(":")[0] for volume in mounted}
    assert {name for name in used if not name.startswith("./")} == set(COMPOSE["volumes"])
    networks = {network for service in SERVICES.values() for network in service["networks"]}
    assert networks == set(COMPOSE["networks"])


# Whose default is the container of this file; the example shows one elsewhere.
SHOWN_OTHERWISE = {"NEO4J_URI", "CELERY_BROKER_URL", "VLMKG_LEDGER_URL", "VLMKG_BLOB_URL"}


def test_every_variable_has_a_default_and_stands_in_the_example() -> None:
    named = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_TEXT))
    example = (ROOT / ".env.example").read_text()
    assert named <= set(re.findall(r"^#(\w+)=", example, re.MULTILINE))
    assert len(re.findall(r"(?<!\$)\$\{\w+:-[^}]*\}", COMPOSE_TEXT)) == COMPOSE_TEXT.count("${")
    assert not re.findall(r"^\w+=", example, re.MULTILINE), "a copy of the example changes nothing"
    for name, default in re.findall(r"\$\{(\w+):-([^}]+)\}", COMPOSE_TEXT):
        shown = re.search(rf"^#{name}=(.*)$", example, re.MULTILINE)
        assert shown is not None
        if name not in SHOWN_OTHERWISE:
            assert shown[1] == default, name


def test_neo4j_browser_shows_what_the_local_stack_shows() -> None:
    default = "${NEO4J_BROWSER_GUIDE:-http://localhost:8000" + PATH + "}"
    expected = {variable_of(name): value for name, value in server_settings(default).items()}
    assert expected.items() <= SERVICES["neo4j"]["environment"].items()


def test_every_setting_of_the_example_reaches_our_containers() -> None:
    assert all(service["env_file"] == [{"path": ".env", "required": False}] for service in map(SERVICES.get, OURS))
    code = "".join(file.read_text() for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    example = (ROOT / ".env.example").read_text()
    of_compose = {
        *("VLMKG_PUBLISH", "VLMKG_VERSION", "VLMKG_REVISION", "NEO4J_IMAGE"),
        *("NEO4J_HEAP", "NEO4J_PAGE_CACHE", "NEO4J_TRANSACTION_TIMEOUT", "NEO4J_BROWSER_GUIDE", "AWS_REGION"),
    }
    for name in set(re.findall(r"^#((?:VLMKG|NEO4J|CELERY|AWS)\w+)=", example, re.MULTILINE)) - of_compose:
        assert re.search(rf"\b{name}\b|\b{name.removeprefix('VLMKG_').lower()}\b", code), name


def test_who_gives_signs_of_life_is_probed_without_other_packages() -> None:
    """The command line's imports cost half a second of processor time, in each container, every 30 s."""
    probe = ["CMD", "python", "-S", "-m", "ingest.heartbeat_probe"]
    probed = {name for name in OURS if SERVICES[name].get("healthcheck", {}).get("test") == probe}
    assert probed == {"gateway", "worker", "worker-gpu", "merge"}


def test_the_commands_and_their_options_are_ours() -> None:
    commands = [service["command"] for service in SERVICES.values() if service.get("command", [""])[0] == "vlmkg"]
    commands += [json.loads(line) for line in re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)]
    assert len(commands) == 8
    for _, *words in commands:
        context, rest = vlmkg.make_context("vlmkg", list(words)), words
        while isinstance(context.command, click.Group):
            left = [*context._protected_args, *context.args]
            if not left:
                break  # a group that is a command itself: worker, gateway
            _, command, rest = context.command.resolve_command(context, left)
            assert command is not None
            context = command.make_context(command.name, list(rest), parent=context)


def test_every_setting_is_one_that_the_code_reads() -> None:
    set_here = {
        name.removesuffix("_FILE") for service in map(SERVICES.get, OURS) for name in service["environment"]
    } - {"VLMKG_READY"} | {"VLMKG_READY_FILE"}
    set_here |= set(re.findall(r"\b(VLMKG_\w+)=", DOCKERFILE))
    code = "".join(file.read_text() for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    assert len(set_here) > 10
    for name in set_here:
        assert re.search(rf"\b{name}\b", code), name
