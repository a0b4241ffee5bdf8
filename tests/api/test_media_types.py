"""An answer comes in the media type that the client prefers, with the status that belongs to it."""

from itertools import permutations
from typing import Any

import pytest

from api.errors import Code
from api.media_types import MediaType, accepted_type, status_of
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api, Serve
from tests.fixtures.neo4j_server import Outage

JSON, GRAPHQL = MediaType.JSON, MediaType.GRAPHQL
BOTH = (JSON.value, GRAPHQL.value)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("APPLICATION/GraphQL-Response+JSON", GRAPHQL),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL),
        ("application/graphql-response+json,application/json;q=0.9", GRAPHQL),
        ("application/json;q=0.9 , application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, application/graphql+json, application/json, text/event-stream", GRAPHQL),
        ("application/json, application/graphql-response+json", JSON),
        ("application/graphql-response+json;q=0.5, */*;q=0.8", JSON),
        ("application/graphql-response+json;q=0.5, */*;q=0.1", GRAPHQL),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/graphql-response+json;q=0", JSON),
        ("application/graphql-response+json;q=nan", JSON),
        ("application/graphql-response+json;q=-1", JSON),
        ("application/graphql-response+json;q=", JSON),
        ("application/json;q=0, application/graphql-response+json;q=0.001", GRAPHQL),
        ("application/graphql-response+json; profile=x; Q=1.0, application/json;q=0.999", GRAPHQL),
        ("text/html", JSON),
        (",;,", JSON),
    ],
)
def test_what_a_client_accepts(accept: str | None, expected: MediaType) -> None:
    assert accepted_type([] if accept is None else [accept]) is expected


def test_the_greater_weight_is_preferred_wherever_it_stands() -> None:
    weights = ("1", "1.000", "0.9", "0.51", "0.5", "0.001")
    for heavier, lighter in ((a, b) for a in weights for b in weights if float(a) > float(b)):
        for preferred, other in permutations(BOTH):
            ranges = [f"{preferred};q={heavier}", f"{other}; q={lighter}", "text/html"]
            for order in permutations(ranges):
                assert accepted_type([", ".join(order)]) == preferred
                assert accepted_type(order) == preferred, "several headers are one list"


def test_every_code_has_a_status_of_an_error() -> None:
    assert {status_of(code) // 100 for code in Code} == {4, 5}


def posted(api: Api, query: str, accept: str, role: Role | None = Role.ADMIN, **variables: Any) -> Any:
    return api.post({"query": query, "variables": variables}, role, Accept=accept)


REFUSED = [
    ("{ findings {", {}, Role.ADMIN, 400),
    ("{ fndings { totalCount } }", {}, Role.ADMIN, 400),
    ("query ($n: Int!) { findings(first: $n) { totalCount } }", {"n": "x"}, Role.ADMIN, 400),
    ("query A { __typename } query B { __typename }", {}, Role.ADMIN, 400),
    ("subscription { eventUpdates(id: 1) { id } }", {}, Role.ADMIN, 400),
    ("{ findings { edges { node { report { text } } } } }", {}, Role.RESEARCHER, 403),
    ("{ patients(first: 200) { edges { node { findings(first: 200) { totalCount } } } } }", {}, Role.ADMIN, 400),
]


@pytest.mark.parametrize(("query", "variables", "role", "status"), REFUSED)
def test_what_is_not_run_has_no_data_and_a_status_of_its_own(
    hospital: Api, query: str, variables: dict[str, Any], role: Role, status: int
) -> None:
    as_graphql = posted(hospital, query, GRAPHQL, role, **variables)
    assert as_graphql.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    as_json = posted(hospital, query, JSON, role, **variables)
    assert (as_json.status_code, as_json.headers["content-type"]) == (200, "application/json")
    assert as_json.json() == {"data": None, **as_graphql.json()}
    assert (as_graphql.status_code, set(as_graphql.json())) == (status, {"errors"})


def test_what_is_run_answers_200_with_data_even_where_a_field_fails(hospital: Api) -> None:
    for query, data in (
        ("{ findings(first: 1) { totalCount } }", dict),
        ('{ findings(after: "no-cursor") { totalCount } }', type(None)),
    ):
        response = posted(hospital, query, GRAPHQL)
        assert response.status_code == 200
        assert isinstance(response.json()["data"], data)
        assert response.json() == posted(hospital, query, JSON).json()


def test_who_is_not_let_in_is_told_in_the_same_type(hospital: Api) -> None:
    for accept in BOTH:
        response = posted(hospital, "{ __typename }", accept, role=None)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert response.headers["content-type"].partition(";")[0] == accept
        broken = hospital.client.post(
            "/graphql",
            content=b"{",
            headers={
                "Accept": accept,
                "Content-Type": "application/json",
                "Authorization": f"Bearer {hospital.keys[Role.ADMIN]}",
            },
        )
        assert (broken.status_code, broken.headers["content-type"].partition(";")[0]) == (400, accept)


def test_an_operation_that_is_cut_off_is_504(serve: Serve) -> None:
    response = posted(serve(VLMKG_API_TIMEOUT=0.001), "{ findings { totalCount } }", GRAPHQL)
    assert (response.status_code, set(response.json())) == (504, {"errors"})
    assert response.json()["errors"][0]["extensions"] == {"code": "TIMEOUT"}


def test_an_operation_that_meets_an_outage_has_run(serve: Serve, outage: Outage) -> None:
    api = serve(login=outage.settings)
    outage.road.break_off()
    response = posted(api, "{ findings { totalCount } }", GRAPHQL)
    assert (response.status_code, response.json()["data"]) == (200, None)
    assert response.json()["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
