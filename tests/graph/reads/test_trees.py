"""The random trees and the twin know every field of the where-trees: a filter that they lack is never compared."""

import ast
import dataclasses
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from tests.graph.reads.small_graph import WARNINGS, small_graph

HERE = Path(__file__).parent
NESTING = {"and_", "or_", "not_"}


def built_fields() -> dict[str, set[str]]:
    """The fields by class that `st.builds(CLASS, field=...)` in trees.py gives."""
    found = defaultdict(set)
    for node in ast.walk(ast.parse((HERE / "trees.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.builds":
            found[ast.unparse(node.args[0])] |= {str(keyword.arg) for keyword in node.keywords}
    return found


@pytest.mark.parametrize("where", [ConceptWhere, FindingWhere, StudyWhere, PatientWhere])
def test_every_field_is_drawn_and_answered_by_the_twin(where: Any) -> None:
    names = {field.name for field in dataclasses.fields(where)}
    assert names - built_fields()[where.__name__] - NESTING == set()
    answered = set(re.findall(r"\bwhere\.(\w+)", (HERE / "twin.py").read_text()))
    assert names - answered == set()


def test_trees_nest() -> None:
    assert built_fields()["tree"] == NESTING


def test_the_small_graph_differs_in_what_is_asked_for() -> None:
    subgraphs = small_graph(seed=1)
    findings = [mention for subgraph in subgraphs for mention in subgraph.mentions if mention.finding]
    assert {mention.disputed for mention in findings} == {True, False}
    given = {subgraph.extraction.warnings for subgraph in subgraphs if subgraph.extraction}
    assert {code for codes in given for code in codes} == set(WARNINGS)
    assert () in given
