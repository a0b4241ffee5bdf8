"""The Dockerfile, as far as reading it shows: tests/docker builds it."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n((?:(?!^FROM ).*\n)*)", DOCKERFILE, re.MULTILINE))
PARENT = {name: parent for parent, name in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)}
IMAGES = ("service", "worker")


def ancestry(stage: str) -> list[str]:
    """The stages whose layers an image has, the first one first."""
    return [*(ancestry(PARENT[stage]) if PARENT[stage] in STAGES else []), stage]


def test_build_targets_exist() -> None:
    targets = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert targets == set(IMAGES) <= set(STAGES)


def test_base_images_are_arguments() -> None:
    """So that a hospital names them by digest, or in a registry of its own."""
    outside = {parent for parent in PARENT.values() if parent not in STAGES}
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", DOCKERFILE, re.MULTILINE))
    assert outside == {f"${{{name}}}" for name in defaults}
    for service in SERVICES.values():
        if "build" in service:
            arguments = service["build"]["args"]
            assert {name: arguments[name] for name in defaults} == {
                name: f"${{{name}:-{default}}}" for name, default in defaults.items()
            }


def test_images_carry_the_version_of_the_project() -> None:
    for name, service in SERVICES.items():
        if "build" in service:
            assert service["image"].endswith(f":${{VLMKG_VERSION:-{VERSION}}}"), name
            assert service["build"]["args"]["VERSION"] == f"${{VLMKG_VERSION:-{VERSION}}}"
    for image in IMAGES:
        assert f"ARG VERSION={VERSION}\n" in STAGES[image]
        labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", STAGES[image]))
        assert labels == {"title", "description", "licenses", "version", "revision"}


def test_services_of_one_image_build_it_alike() -> None:
    built: dict[str, object] = {}
    for service in SERVICES.values():
        if "build" in service:
            assert built.setdefault(service["image"], service["build"]) == service["build"]
    assert len(built) == 3


def test_images_run_as_nobody_in_particular() -> None:
    assert "useradd --system --uid 10001 " in STAGES["base"]
    for image in IMAGES:
        assert re.findall(r"^USER (.*)$", STAGES[image], re.MULTILINE) == ["10001"]


def test_the_worker_s_image_alone_installs_torch() -> None:
    locked = (ROOT / "requirements" / "service.txt").read_text()
    of = {image: "".join(STAGES[stage] for stage in ancestry(image)) for image in IMAGES}
    assert "requirements/service.txt" in of["service"]
    assert "requirements/model.txt" in of["worker"]
    assert "requirements/model.txt" not in of["service"]
    assert not re.search(r"^(torch|transformers|open-clip-torch)==", locked, re.MULTILINE)


def test_the_code_comes_after_everything_that_is_installed() -> None:
    """One changed line makes the layers after its copy anew, and no other."""
    for image in IMAGES:
        lines = [line for stage in ancestry(image) for line in STAGES[stage].splitlines()]
        code = lines.index("COPY --from=code /code .")
        assert not [line for line in lines[code:] if line.startswith(("RUN", "COPY"))][1:]
        assert all(f"COPY {name} " not in "".join(lines) for name in ("vlmkg", "ingest", "graph", "api", "stack"))


def test_without_cuda_nothing_of_cuda_is_left() -> None:
    """The Dockerfile's own expressions, on the lock file: what is left out, and what the other index gives."""
    left_out, other_index = re.findall(r"grep -oE '([^']+)' /tmp/model.txt", STAGES["model-environment"])
    locked = (ROOT / "requirements" / "model.txt").read_text()
    pinned = re.findall(r"^([a-z0-9-]+==[\w.]+)", locked, re.MULTILINE)
    kept = [one for one in pinned if not re.match(left_out, one)]
    assert not [one for one in kept if re.search("cuda|nvidia|triton|cudnn|nccl", one)]
    assert {"open-clip-torch", "transformers", "numpy"} <= {one.partition("==")[0] for one in kept}
    torch = [one for one in pinned if re.match(other_index, one)]
    assert sorted(one.partition("==")[0] for one in torch) == ["torch", "torchvision"]
    assert len(pinned) - len(kept) > 15


def test_the_build_context_has_what_is_copied() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:].removesuffix("/*.txt") for line in ignored if line[:1] == "!"}
    copies = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    mounts = re.findall(r"--mount=type=bind,source=([\w/.]+),", DOCKERFILE)
    copied = {word for line in copies for word in line.split()} | {name.partition("/")[0] for name in mounts}
    assert copied == sent
    assert all((ROOT / name).exists() for name in {*copied, *mounts})


def test_the_worker_s_image_has_the_checkpoint_that_comes_with_the_project() -> None:
    assert "COPY checkpoints checkpoints\n" in STAGES["worker"]
    # /app is where the packages lie too: vlmkg.default_engine looks for the folder beside them.
    assert "WORKDIR /app\n" in STAGES["base"]


def test_the_service_can_dump_the_ledger() -> None:
    assert "COPY --from=postgres-client /client /usr/local\n" in STAGES["service"]
    assert SERVICES["postgres"]["image"] == SERVICES["backup"]["build"]["args"]["POSTGRES_IMAGE"]


def test_a_changed_readme_installs_no_package_again() -> None:
    """pyproject.toml and README.md come after all that is locked: torch's layer is 6 GB."""
    for image in IMAGES:
        lines = [line for stage in ancestry(image) for line in STAGES[stage].splitlines()]
        project = lines.index("COPY pyproject.toml README.md LICENSE ./")
        assert not [line for line in lines[project:] if "requirements/service" in line or "requirements/model" in line]
