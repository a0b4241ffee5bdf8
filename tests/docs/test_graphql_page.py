"""docs/graphql.md lists every field of every filter of the schema, and no other; all GraphQL of the docs is valid."""

import re

import pytest
from graphql import build_schema, parse, validate

from tests.docs.pages import PAGES, ROOT

SDL = re.sub(r'""".*?"""', "", (ROOT / "api" / "schema.graphql").read_text(encoding="utf-8"), flags=re.DOTALL)
FILTERS = {
    name: set(re.findall(r"^  (\w+):", fields, re.MULTILINE))
    for name, fields in re.findall(r"^input (\w+Where) \{\n(.*?)^\}", SDL, re.DOTALL | re.MULTILINE)
}
PAGE = (ROOT / "docs" / "graphql.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+Where)` \| (.*) \|$", PAGE, re.MULTILINE))


def test_every_filter_has_its_row() -> None:
    assert len(FILTERS) >= 6
    assert set(ROWS) == set(FILTERS)


@pytest.mark.parametrize("name", FILTERS)
def test_every_field_of_a_filter_is_named(name: str) -> None:
    assert set(re.findall(r"`(\w+)`", ROWS[name])) - set(FILTERS) == FILTERS[name]


def test_every_question_of_the_docs_is_valid() -> None:
    schema = build_schema((ROOT / "api" / "schema.graphql").read_text(encoding="utf-8"))
    shown = [
        (page.name, block)
        for page in PAGES
        for block in re.findall(r"^```graphql\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    ]
    assert shown
    assert [(name, validate(schema, parse(block))) for name, block in shown if validate(schema, parse(block))] == []
