"""What `make audit` says of packages that nobody could check."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "supply_chain.py"
GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}
NPM = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 7}}}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("python", "npm", "code"),
    [
        ([GOOD], NPM, 0),
        ([GOOD, BAD], NPM, 1),
        ([GOOD, SKIPPED], NPM, 3),
        ([BAD, SKIPPED], NPM, 1),
        ([GOOD], NPM | {"vulnerabilities": {"d": {"severity": "high"}}}, 1),
        ([GOOD], {"message": "request failed"}, 3),
        ([GOOD], None, 3),
    ],
)
def test_nothing_known_is_said_only_of_what_was_checked(tmp_path: Path, python, npm, code: int) -> None:
    (tmp_path / "audit-service.json").write_text(json.dumps({"dependencies": python}))
    (tmp_path / "audit-npm-web.json").write_text("" if npm is None else json.dumps(npm))
    done = run("audit", tmp_path)
    assert done.returncode == code, done.stdout
    assert ("not said to be safe" in done.stdout) == (SKIPPED in python or code == 3)


def test_each_package_has_its_licence_or_says_that_it_states_none(tmp_path: Path) -> None:
    components = [
        {"name": "a", "version": "1", "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "X\nlong text"}}]},
        {"group": "org", "name": "b", "version": "2", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
        {"name": "c"},
    ]
    (tmp_path / "python.cdx.json").write_text(json.dumps({"components": components}))
    assert run("licences", tmp_path).returncode == 0
    assert (tmp_path / "licences.tsv").read_text().splitlines() == [
        "a\t1\tMIT, X",
        "c\t\tnot stated",
        "org/b\t2\tMIT OR Apache-2.0",
    ]


def test_a_project_of_npm_gets_a_version_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "package.json").write_text('{"name": "p"}')
    (tmp_path / "in" / "package-lock.json").write_text('{"name": "p", "packages": {"": {"name": "p"}}}')
    assert run("versioned", tmp_path / "in", tmp_path / "out").returncode == 0
    lock = json.loads((tmp_path / "out" / "package-lock.json").read_text())
    assert (lock["version"], lock["packages"][""]["version"]) == ("0.0.0", "0.0.0")
