"""docs/codes.md has every code that an event or a reading can have, once, and no other."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from ingest.errors import Reason
from ingest.event_warnings import EventWarning
from ingest.formats.fhir.message import CLINICAL
from ingest.formats.fhir.parser import words_of
from ingest.ledger.states import DeadReason
from vlmkg.reading_codes import ReadingCode, UnreadReason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "codes.md").read_text()
CODES = [
    *map(str, [*Reason, *DeadReason, *EventWarning, *ReadingCode]),
    *(reason.warning for reason in UnreadReason),
]
GIVEN_BY = frozenset({"ReadingWarning", "Conflict", "ImageError", "UnreadImage"})
"""What is made with a code of a reading."""


def rows() -> list[list[str]]:
    """The cells of the tables below the page's first heading, less their heads."""
    tables = PAGE.partition("## ")[2]
    lines = [line.strip("|").split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in cells] for cells in lines]


def test_each_code_has_one_row_and_each_row_a_code():
    assert Counter(code for first, *_ in rows() for code in re.findall(r"`([a-z_]+)`", first)) == Counter(CODES)


def test_each_row_says_what_happened_and_what_to_do():
    assert [cells[0] for cells in rows() if len(cells) != 3 or not all(cells)] == []


PLACES = [
    ("ingest/formats", EventWarning),
    ("ingest/ledger", EventWarning),
    ("ingest/workers", EventWarning),
    ("vlmkg", ReadingCode),
]


@pytest.mark.parametrize(("folder", "codes"), PLACES)
def test_codes_are_no_words_of_the_code(folder, codes):
    """Each code is written down in its enum alone: elsewhere its member is used, so that none is beside the page."""
    wanted = {code for code in map(str, codes) if "_" in code} - {"set_aside"}  # a key in the output of `vlmkg extract`
    beside = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.value}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.name != "reading_codes.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in wanted
    ]
    assert beside == []


def test_readings_are_warned_of_by_codes_of_the_page():
    """The code is a member of its enum, itself or by a name of the module; no word of its own."""
    given = [
        (file.name, given)
        for folder in ("ingest", "vlmkg")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for given in codes_given(ast.parse(file.read_text()))
    ]
    assert len(given) > 15
    assert [each for each in given if each[1] is not None] == []


def codes_given(module: ast.Module) -> list[str | None]:
    """Of each call that takes a code: the word that it is written as, None where it is a member of an enum or comes
    from elsewhere."""
    words = {
        name.id: value.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        for name, value in pairs(target, node.value)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
    found: list[str | None] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GIVEN_BY:
            given = node.args[node.func.id == "UnreadImage"]
            if isinstance(given, ast.Constant):
                found.append(str(given.value))
            else:
                found.append(words.get(given.id) if isinstance(given, ast.Name) else None)
    return found


def pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.Name, ast.expr]]:
    """The names of an assignment and what each is given."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [(name, each) for name, each in zip(target.elts, value.elts, strict=True) if isinstance(name, ast.Name)]
    return [(target, value)] if isinstance(target, ast.Name) else []


def test_a_code_that_is_a_word_of_its_own_is_found():
    source = (
        'HERE, THERE = "here", CODE.THERE\nReadingWarning(HERE, "")\nReadingWarning(THERE, "")\nImageError("film", "")'
    )
    assert codes_given(ast.parse(source)) == ["here", None, "film"]


def test_each_clinical_resource_has_its_warning():
    assert {f"{words_of(kind)}_unread" for kind in CLINICAL} <= {warning.value for warning in EventWarning}
