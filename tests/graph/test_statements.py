"""Every statement of this package against the real server: it parses, and no write walks the graph for its place."""

from types import ModuleType
from typing import Any, LiteralString

import pytest
from neo4j import Driver

from graph import digest, invariants, locks, research_marker, statements, status, vocabulary
from graph.research import target

MODULES: tuple[ModuleType, ...] = (digest, invariants, locks, statements, status, vocabulary, research_marker, target)


def _texts(value: object) -> list[LiteralString]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, tuple):
        return [text for item in value for text in _texts(item)]
    return []


def _statements(module: ModuleType) -> dict[str, LiteralString]:
    """The constants of a module that are Cypher: they begin with one of its words."""
    words = ("MATCH", "UNWIND", "MERGE", "CREATE", "SHOW", "CALL", "RETURN")
    return {
        f"{module.__name__}.{name}[{number}]": text
        for name, value in vars(module).items()
        if name.isupper()
        for number, text in enumerate(_texts(value))
        if text.strip().startswith(words)
    }


ALL = {name: text for module in MODULES for name, text in _statements(module).items()}
WRITES = {name: text for name, text in ALL.items() if name.startswith("graph.statements")}


def _operators(plan: dict[str, Any]) -> list[str]:
    children = [name for child in plan.get("children", []) for name in _operators(child)]
    return [plan["operatorType"].partition("@")[0], *children]


def test_all_statements_are_found() -> None:
    assert len(WRITES) == 29
    assert len(ALL) > len(WRITES) + 25


@pytest.mark.parametrize("name", ALL)
def test_a_statement_parses(empty_graph: Driver, name: str) -> None:
    if ALL[name].startswith("SHOW"):
        assert empty_graph.execute_query(ALL[name], rows=[]).records
        return
    parameters = {"rows": [], "keys": [], "digest": "", "project": "", "fingerprint": "", "properties": {}}
    summary = empty_graph.execute_query("EXPLAIN " + ALL[name], parameters).summary
    assert summary.plan is not None


@pytest.mark.parametrize("name", WRITES)
def test_a_write_finds_its_place_by_an_index(empty_graph: Driver, name: str) -> None:
    summary = empty_graph.execute_query("EXPLAIN " + WRITES[name], rows=[], keys=[]).summary
    assert summary.plan is not None
    operators = _operators(summary.plan)
    assert not [operator for operator in operators if "Scan" in operator], operators
