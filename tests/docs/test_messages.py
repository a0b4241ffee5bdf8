"""Errors that a user can act on are raised with a remedy."""

import ast
from collections.abc import Iterator

from tests.docs.pages import ROOT

PACKAGES = ("api", "graph", "ingest", "stack", "training", "vlmkg")
BASE = "VlmkgError"

TREES = {
    path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}


def _plain_errors() -> frozenset[str]:
    """Names of the error classes that are called with a message and a remedy: those without their own constructor."""
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {BASE}
    while True:
        more = {
            node.name
            for node in classes
            if any(isinstance(base, ast.Name) and base.id in found for base in node.bases)
            and not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
        }
        if more <= found:
            return frozenset(found)
        found |= more


def _without_remedy(errors: frozenset[str]) -> Iterator[str]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors):
                continue
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if len(given) < 2 or (isinstance(given[1], ast.Constant) and not given[1].value):
                yield f"{path}:{node.lineno}"


def test_the_error_classes_are_found() -> None:
    assert {"UsageError", "RefusedError", "OutageError", "UnfitTargetError", "LocalServerError"} <= _plain_errors()


def test_every_error_is_raised_with_a_remedy() -> None:
    assert list(_without_remedy(_plain_errors())) == []
