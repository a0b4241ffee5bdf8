"""Documents are read once for each text; who may ask, for how much, is looked at each time."""

from typing import Any

import pytest

from api.callers import Caller
from api.context import ApiContext, Services
from api.errors import code_of
from api.operations import LONGEST_REMEMBERED, MOST_REMEMBERED, Operations
from api.schema import build_schema
from api.settings import ApiSettings
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api, Serve

TEXTS = "{ studies { edges { node { reports { text } } } } }"


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def test_a_text_that_one_may_ask_another_may_still_not(hospital: Api) -> None:
    for _ in range(2):
        assert codes(hospital.ask(TEXTS, Role.VIEWER)) == []
        assert codes(hospital.ask(TEXTS, Role.RESEARCHER)) == ["FORBIDDEN"]
    assert hospital.post({"query": TEXTS}, role=None).status_code == 401


def test_the_variables_of_one_asking_are_not_those_of_the_next(hospital: Api) -> None:
    query = """query ($n: Int!, $with: Boolean!) {
      findings(first: $n) { edges { node { text presence @include(if: $with) } } } }"""
    for first, shown in ((2, True), (1, False), (3, True)):
        edges = hospital.data(query, n=first, **{"with": shown})["findings"]["edges"]
        assert len(edges) == first
        assert all(("presence" in edge["node"]) is shown for edge in edges)
    assert hospital.code(query, n=201, **{"with": True}) == "BAD_USER_INPUT"
    assert hospital.code(query, **{"with": True}) == "BAD_USER_INPUT"


def test_the_operations_of_one_document_are_told_apart(hospital: Api) -> None:
    document = "query A { findings { totalCount } } query B { patients { totalCount } }"
    for name, field in (("A", "findings"), ("B", "patients"), ("A", "findings")):
        answer = hospital.post({"query": document, "operationName": name}).json()
        assert list(answer["data"]) == [field]
    for name in (None, "C"):
        assert codes(hospital.post({"query": document, "operationName": name}).json()) == ["BAD_REQUEST"]


def test_a_limit_holds_at_the_second_asking_too(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_ALIASES=1, VLMKG_API_MAX_COST=100, VLMKG_API_MAX_TOKENS=40)
    for query, code in (
        ("{ a: __typename b: __typename }", "ALIAS_LIMIT"),
        ("{ findings(first: 101) { totalCount } }", "COST_LIMIT"),
        (f"{{ {'findings ' * 50} }}", "TOKEN_LIMIT"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ findings", "GRAPHQL_PARSE_FAILED"),
        ("subscription { eventUpdates(id: 1) { state } }", "BAD_REQUEST"),
    ):
        assert [codes(api.ask(query)) for _ in range(2)] == [[code], [code]]


def test_every_error_of_a_document_is_told(api: Api) -> None:
    assert codes(api.ask("{ nothing nobody }")) == ["GRAPHQL_VALIDATION_FAILED"] * 2


@pytest.fixture(scope="module")
def operations() -> Operations:
    return Operations(build_schema(ApiSettings())._schema, max_tokens=1_000_000)


async def ask(operations: Operations, query: str) -> Any:
    services: Any = Services(ApiSettings(), None, None)  # type: ignore[arg-type]
    context = ApiContext(services, Caller("a", Role.VIEWER), None)
    return await operations.run(query, {}, context)


async def test_no_more_is_remembered_than_fits(operations: Operations) -> None:
    for number in range(MOST_REMEMBERED + 10):
        result = await ask(operations, f"query Q{number} {{ __typename }}")
        assert (result.data, result.errors) == ({"__typename": "Query"}, None)
    long = f"{{ __typename }} #{'x' * LONGEST_REMEMBERED}"
    assert (await ask(operations, long)).errors is None
    (error,) = (await ask(operations, "{ nothing }")).errors
    assert code_of(error) == "GRAPHQL_VALIDATION_FAILED"
    assert len(operations.remembered) == MOST_REMEMBERED
    assert operations.remembered[-1] == f"query Q{MOST_REMEMBERED + 9} {{ __typename }}"


async def test_what_is_asked_again_stays(operations: Operations) -> None:
    await ask(operations, "query Old { __typename }")
    for number in range(MOST_REMEMBERED - 1):
        await ask(operations, f"query R{number} {{ __typename }}")
        await ask(operations, "query Old { __typename }")
    await ask(operations, "query Another { __typename }")
    assert "query Old { __typename }" in operations.remembered
