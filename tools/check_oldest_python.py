"""Finds calls that Python 3.11.2 lacks. Debian 12 ships that version, and the project promises to run on it.

`ruff` and `mypy` know minor versions alone. Python added the names below in a later patch release of 3.11.

    .venv/bin/python tools/check_oldest_python.py FILE_OR_FOLDER ...
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("vlmkg", "ingest", "graph", "api", "training", "stack", "benchmarks", "tests", "tools")

NEWER_ARGUMENTS = {("extractall", "filter"), ("extract", "filter"), ("unpack_archive", "filter")}
"""(function or method, keyword argument), since 3.11.4."""

NEWER_NAMES = {
    "tarfile": {
        "AbsoluteLinkError", "AbsolutePathError", "FilterError", "LinkOutsideDestinationError",
        "OutsideDestinationError", "SpecialFileError", "data_filter", "fully_trusted_filter", "tar_filter",
    },
    "email.utils": {"supports_strict_parsing"},
}  # fmt: skip
"""Names of standard modules, since 3.11.4 and later."""


def find(source: str) -> Iterator[tuple[int, str]]:
    """(line, message) of each use of something newer than Python 3.11.2."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for keyword in node.keywords:
                if (name, keyword.arg) in NEWER_ARGUMENTS:
                    yield node.lineno, f"{name}({keyword.arg}=...) needs a newer Python than 3.11.2"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in NEWER_NAMES.get(node.value.id, ()):
                yield node.lineno, f"{node.value.id}.{node.attr} needs a newer Python than 3.11.2"
        elif isinstance(node, ast.ImportFrom):
            for name in (alias.name for alias in node.names if alias.name in NEWER_NAMES.get(node.module or "", ())):
                yield node.lineno, f"{node.module}.{name} needs a newer Python than 3.11.2"


def main(places: list[str]) -> int:
    """Print each use that was found. Returns 1 if there is one, else 0."""
    found = 0
    for place in [Path(place) for place in places] or [ROOT / folder for folder in FOLDERS]:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for line, message in find(path.read_text(encoding="utf-8")):
                found += 1
                print(f"{path}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
