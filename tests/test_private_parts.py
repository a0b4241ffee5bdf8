"""Private parts of other libraries are used in adapter modules alone, each with a test and a bound on the version."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("vlmkg", "ingest", "graph", "api", "training", "stack")
ADAPTERS = {
    "ingest/gateway/dicom/connections.py": ("pynetdicom", "tests/ingest/gateway/dicom/test_pynetdicom_parts.py"),
    "ingest/http_connections.py": ("uvicorn", "tests/ingest/test_uvicorn_parts.py"),
    "vlmkg/model/transformers_parts.py": ("transformers", "tests/vlmkg/model/test_transformers_parts.py"),
}
"""Module: the library, and the test that names what is relied on."""

DOCUMENTED = {"_replace", "_asdict", "_mapping", "_fields", "_exit", "_make"}
"""Names with an underscore that the standard library and SQLAlchemy document."""
OURS = {"self", "cls", "super"}


def private_uses(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of each private attribute of something else, and of each private name that is imported."""
    own = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= set(re.findall(r"self\.(_[a-z]\w*)", source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, one.name) for one in node.names if re.match("_[a-z]", one.name))
        elif isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr) and node.attr not in DOCUMENTED | own:
            holder = node.value.func if isinstance(node.value, ast.Call) else node.value
            if not (isinstance(holder, ast.Name) and holder.id in OURS):
                yield node.lineno, node.attr


def test_no_other_module_uses_private_parts() -> None:
    found = [
        f"{name}:{line} {used}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if (name := path.relative_to(ROOT).as_posix()) not in ADAPTERS
        for line, used in private_uses(path.read_text(encoding="utf-8"))
        if not (package == "api" and used in {"_schema", "_raw_info"})  # Strawberry's
    ]
    assert found == []


@pytest.mark.parametrize(("line", "used"), [("a._b", "_b"), ("a.b()._c", "_c"), ("from x import _y", "_y")])
def test_a_private_part_is_found(line: str, used: str) -> None:
    assert list(private_uses(line)) == [(1, used)]
    assert list(private_uses("self._a; other._a; super()._b(); row._mapping; import _thread")) == []


@pytest.mark.parametrize(("module", "library", "test"), [(name, *rest) for name, rest in ADAPTERS.items()])
def test_each_adapter_has_its_test_and_its_library_a_close_bound(module: str, library: str, test: str) -> None:
    assert (ROOT / module).is_file()
    assert (ROOT / test).is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [one for words in project["optional-dependencies"].values() for one in words if one.startswith(library)]
    assert asked
    assert all(re.search(r",<\d+\.\d+$", one) for one in asked)
