"""docs/graphql.md lists every field of every filter of the schema, and no other."""

import re

import pytest

from tests.docs.pages import ROOT

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
