"""Each benchmark can be started: nothing that it needs was renamed or removed."""

import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks"
NEEDS = {"fuzz": "atheris"}


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("[a-z]*.py")))
def test_a_benchmark_is_imported(name: str) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    importlib.import_module(f"benchmarks.{name}")
