"""docs/graphql.md tells of every code, setting, role, and question."""

from pathlib import Path

import pytest

from api.errors import Code
from api.oidc.settings import OidcSettings
from api.schema import build_schema
from api.settings import ApiSettings
from ingest.ledger.access.api_keys import Role

DOCS = (Path(__file__).parents[2] / "docs/graphql.md").read_text()
SCHEMA = build_schema(ApiSettings())._schema


@pytest.mark.parametrize("code", list(Code))
def test_codes(code: Code) -> None:
    assert f"`{code}`" in DOCS


FIELDS = [*ApiSettings.model_fields.values(), *OidcSettings.model_fields.values()]


@pytest.mark.parametrize("name", [str(field.validation_alias) for field in FIELDS])
def test_settings(name: str) -> None:
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("role", list(Role))
def test_roles(role: Role) -> None:
    assert role in DOCS


def test_questions() -> None:
    roots = (SCHEMA.query_type, SCHEMA.mutation_type)
    names = {name for root in roots if root is not None for name in root.fields}
    assert [name for name in sorted(names) if f"`{name}" not in DOCS] == []


def test_every_type_is_described() -> None:
    ours = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]
    assert [type_.name for type_ in ours if not type_.description and not type_.name.endswith("Edge")] == []
