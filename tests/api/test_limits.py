"""Each limit at its bound and one past it."""

import time
from typing import Any

import pytest
from graphql import get_introspection_query

from api.guard import COHORT, TOTAL, USUAL_LIST
from graph.reads.cohorts import BREAKDOWN
from ingest.ledger.access import audit
from tests.api.conftest import Api, Serve
from vlmkg.vocabulary.closure import ancestors, parents
from vlmkg.vocabulary.loader import load_vocabulary

PAGE = "{{ findings(first: {first}) {{ edges {{ node {{ text }} }} }} }}"


def code(answer: Any) -> Any:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


@pytest.mark.parametrize(
    ("first", "expected"), [(0, None), (200, None), (201, "BAD_USER_INPUT"), (-1, "BAD_USER_INPUT")]
)
def test_rows_of_a_page(api: Api, first: int, expected: str | None) -> None:
    assert code(api.ask(PAGE.format(first=first))) == expected
    nested = f"{{ patients(first: 1) {{ edges {{ node {{ studies(first: {first}) {{ totalCount }} }} }} }} }}"
    assert code(api.ask(nested)) == expected
    assert code(api.ask(f"{{ concepts(first: {first}) {{ code }} }}")) == expected
    assert code(api.ask(f"{{ events(first: {first}) {{ totalCount }} }}")) == expected


def nested_pages(outer: int, inner: int) -> str:
    findings = f"findings(first: {inner}) {{ edges {{ node {{ text }} }} }}"
    return f"{{ patients(first: {outer}) {{ edges {{ node {{ {findings} }} }} }} }}"


def test_cost(api: Api) -> None:
    assert code(api.ask(nested_pages(200, 50))) is None
    answer = api.ask(nested_pages(200, 51))
    assert answer["errors"][0]["extensions"] == {"code": "COST_LIMIT", "cost": 10_200, "limit": 10_000}
    answer = api.ask(nested_pages(200, 200))
    assert answer["errors"][0]["extensions"]["cost"] == 40_000


def test_cost_is_added_over_root_fields_and_variables_count(api: Api) -> None:
    query = """query ($n: Int!) {{ {fields} }}"""
    page = "{{ edges {{ node {{ findings(first: $n) {{ totalCount }} }} }} }}".format()
    two = query.format(fields=f"a: patients(first: 100) {page} b: patients(first: 100) {page}")
    assert code(api.ask(two, n=50)) is None
    assert code(api.ask(two, n=51)) == "COST_LIMIT"


def test_cost_of_lists_without_pages(serve: Serve) -> None:
    """Ten rows each: two lists inside one another in a page of two."""
    api = serve(VLMKG_API_MAX_COST=200)
    query = "{{ findings(first: {n}) {{ edges {{ node {{ suggests {{ suggests {{ text }} }} }} }} }} }}"
    assert code(api.ask(query.format(n=2))) is None
    assert code(api.ask(query.format(n=3))) == "COST_LIMIT"


NOTHING_INSIDE = [
    ("patients(first: 0) {{ edges {{ node {{ findings(first: {n}) {{ edges {{ node {{ text }} }} }} }} }} }}", 1),
    ("patients(first: {n}) {{ edges {{ node {{ findings(first: 0) {{ edges {{ node {{ text }} }} }} }} }} }}", 1),
    ("patients(first: {n}) {{ edges {{ node {{ studies(first: 0) {{ totalCount }} }} }} }}", TOTAL),
    ("patients(first: {n}) {{ edges {{ node {{ studies {{ totalCount }} }} }} }}", TOTAL),
    ("patients(first: {n}) {{ edges {{ node {{ timeline(first: 0) {{ startedAt }} }} }} }}", 1),
    ("concepts(first: {n}) {{ name }}", 1),
]


@pytest.mark.parametrize(("field", "each"), NOTHING_INSIDE)
def test_a_page_of_no_rows_costs_what_the_graph_does_for_it(serve: Serve, field: str, each: int) -> None:
    """The graph looks for one row and for what is in it, to know whether there is any; and a total counts all rows."""
    api = serve(VLMKG_API_MAX_COST=100 * each)
    assert code(api.ask(f"{{ {field.format(n=100)} }}")) is None
    assert code(api.ask(f"{{ {field.format(n=101)} }}")) == "COST_LIMIT"


def test_no_depth_of_empty_pages_is_free(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_COST=199)
    studies = "studies(first: 0) {{ edges {{ node {{ findings(first: {n}) {inner} }} }} }}"
    deep = f"patients(first: 0) {{{{ edges {{{{ node {{{{ {studies} }}}} }}}} }}}}"
    inner = "{ edges { node { text } } }"
    assert code(api.ask(f"{{ {deep.format(n=199, inner=inner)} }}")) is None
    assert code(api.ask(f"{{ {deep.format(n=200, inner=inner)} }}")) == "COST_LIMIT"


def test_a_cohort_costs_what_it_looks_at(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_COST=2 * COHORT + BREAKDOWN)
    one, more = "cohort(where: {}) { patients { count } }", "cohort(where: {}) { byMonth { key } }"
    assert code(api.ask(f"{{ a: {one} b: {more} }}")) is None
    assert code(api.ask(f"{{ a: {more} b: {more} }}")) == "COST_LIMIT"


def test_long_lists_count_the_rows_at_which_they_are_cut(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_COST=400)
    query = "{{ concepts(first: {n}) {{ children {{ name }} }} }}"
    assert code(api.ask(query.format(n=2))) is None
    assert code(api.ask(query.format(n=3))) == "COST_LIMIT"


def test_every_list_without_pages_counts_at_least_its_usual_rows() -> None:
    """The short lists of the vocabulary are short: no concept has many parents, and few have many ancestors."""
    codes = [concept.code for concept in load_vocabulary().concepts]
    assert max(len(parents(code)) for code in codes) <= USUAL_LIST
    assert max(len(ancestors(code)) for code in codes) <= 2 * USUAL_LIST
    assert sum(len(ancestors(code)) for code in codes) <= USUAL_LIST * len(codes)


def test_depth(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_DEPTH=5)
    assert code(api.ask("{ findings { edges { node { study { modality } } } } }")) is None
    assert code(api.ask("{ findings { edges { node { study { patient { sex } } } } } }")) == "DEPTH_LIMIT"


def test_depth_inside_fragments(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_DEPTH=5)
    query = "{ findings { edges { ...e } } } fragment e on FindingEdge { node { study { patient { sex } } } }"
    assert code(api.ask(query)) == "DEPTH_LIMIT"


def test_the_deepest_sensible_question_is_answered(api: Api) -> None:
    query = """{ patients(first: 10) { edges { node { studies { edges { node { findings(first: 5) { edges { node {
                 concept { ancestors { name } } } } } } } } } } } }"""
    assert code(api.ask(query)) is None


def test_aliases(serve: Serve) -> None:
    api = serve(VLMKG_API_MAX_ALIASES=3)
    aliased = " ".join(f"a{number}: __typename" for number in range(3))
    assert code(api.ask(f"{{ {aliased} }}")) is None
    assert code(api.ask(f"{{ {aliased} more: __typename }}")) == "ALIAS_LIMIT"


def test_tokens(serve: Serve) -> None:
    """`{`, two words and `}`."""
    api = serve(VLMKG_API_MAX_TOKENS=4)
    assert code(api.ask("{ __typename __typename }")) is None
    assert code(api.ask("{ __typename __typename __typename }")) == "TOKEN_LIMIT"


def test_fragments_that_multiply(api: Api) -> None:
    """Each doubles the one below it: a few hundred words for thousands of fields."""
    levels = [
        f"fragment f{level} on Concept {{ a: parents {{ ...f{level + 1} }} b: children {{ ...f{level + 1} }} }}"
        for level in range(12)
    ]
    query = '{ concept(code: "RID3") { ...f0 } } ' + " ".join(levels) + " fragment f12 on Concept { name }"
    assert code(api.ask(query)) == "COST_LIMIT"


def test_nodes_of_a_where_tree(api: Api) -> None:
    query = "query ($where: FindingWhere) { findings(where: $where) { totalCount } }"
    assert code(api.ask(query, where={"or": [{"minScore": 0.5}] * 49})) is None
    assert code(api.ask(query, where={"or": [{"minScore": 0.5}] * 50})) == "COST_LIMIT"


def test_a_where_tree_that_is_too_deep_for_any_stack(api: Api) -> None:
    where: Any = {}
    for _ in range(400):
        where = {"not": where}
    answer = api.ask("query ($where: FindingWhere) { findings(where: $where) { totalCount } }", where=where)
    assert code(answer) == "BAD_USER_INPUT"


def test_time(serve: Serve) -> None:
    api = serve(VLMKG_API_TIMEOUT=0.001)
    assert code(api.ask("{ findings { totalCount } }")) == "TIMEOUT"
    assert code(serve(VLMKG_API_TIMEOUT=20).ask("{ findings { totalCount } }")) is None


def test_size_of_a_request(api: Api) -> None:
    limit = 8 * 1024 * 1024
    body = '{"query": "{ __typename }"}'
    headers = {"Authorization": f"Bearer {next(iter(api.keys.values()))}", "Content-Type": "application/json"}
    fits = api.client.post("/graphql", content=body.ljust(limit), headers=headers)
    assert fits.json() == {"data": {"__typename": "Query"}}
    over = api.client.post("/graphql", content=body.ljust(limit + 1), headers=headers)
    assert (over.status_code, code(over.json())) == (413, "PAYLOAD_TOO_LARGE")


def test_introspection_as_graphiql_asks_for_it(api: Api) -> None:
    assert code(api.ask(get_introspection_query())) is None


def test_introspection_in_circles(api: Api) -> None:
    circle = "fields { type { fields { type { fields { type { fields { name } } } } } } }"
    assert code(api.ask(f"{{ __schema {{ types {{ {circle} }} }} }}")) == "GRAPHQL_VALIDATION_FAILED"


WORDS = 1_024


@pytest.mark.parametrize(
    "query",
    [
        "query ($it: String!) { patient(patientId: $it) { sex } }",
        "query ($it: String!) { study(studyUid: $it) { modality } }",
        'query ($it: String!) { patient(identifier: {authority: "TESTS", value: $it}) { patientId } }',
        "query ($it: String!) { findings(where: {patientId: $it}) { totalCount } }",
        "query ($it: String!) { findings(where: {or: [{concept: {name: $it}}]}) { totalCount } }",
        "query ($it: String!) { concepts(query: $it) { code } }",
    ],
)
def test_words_of_an_argument_are_bounded_before_anything_is_written(api: Api, query: str) -> None:
    with api.ledger.read() as connection:
        before = audit.entries(connection, limit=1)
    assert code(api.ask(query, it="x" * (WORDS + 1))) in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    with api.ledger.read() as connection:
        assert audit.entries(connection, limit=1) == before
    assert code(api.ask(query, it="x" * WORDS)) != "INTERNAL_ERROR"


def test_a_list_is_bounded_before_it_is_coerced(api: Api) -> None:
    query = "query ($it: [String!]!) { findings(where: {modality: $it}) { totalCount } }"
    assert code(api.ask(query, it=["CR"] * 1_000)) is None
    assert code(api.ask(query, it=["CR"] * 1_001)) == "BAD_USER_INPUT"
    started = time.perf_counter()
    assert code(api.ask(query, it=["CR"] * 700_000)) == "BAD_USER_INPUT"
    assert time.perf_counter() - started < 5


def test_values_of_all_variables_are_bounded(api: Api) -> None:
    query = "query ($it: String) { patient(patientId: $it) { sex } }"
    assert code(api.ask(query, it="x", more=[["y"] * 100] * 98)) is None
    assert code(api.ask(query, it="x", more=[["y"] * 100] * 100)) == "BAD_USER_INPUT"


def test_a_look_at_the_schema_costs(api: Api) -> None:
    looks = " ".join(f"a{number}: __schema {{ queryType {{ name }} }}" for number in range(5))
    assert code(api.ask(f"{{ {looks} }}")) is None
    answer = api.ask(f'{{ {looks} last: __type(name: "Study") {{ name }} }}')
    assert answer["errors"][0]["extensions"] == {"code": "COST_LIMIT", "cost": 12_000, "limit": 10_000}


REPEATED = [
    "{{ findings(first: 1) {{ edges {{ node {{ {} }} }} }} }}".format("study { id } " * 400),
    "{{ {} }}".format("findings(first: 1) { edges { node { id } } } " * 100),
    "{{ findings(first: 1) {{ edges {{ node {{ {} }} }} }} }}".format("... on Finding { study { id } } " * 200),
    "{{ caller {{ name }} }} fragment f on Finding {{ {} }}".format("study { id } " * 400),
]


@pytest.mark.parametrize("query", REPEATED)
def test_objects_that_are_repeated(api: Api, query: str) -> None:
    """Validation compares each with each other one: 400 of them held all other requests up for seconds."""
    assert code(api.ask(query)) == "COST_LIMIT"


def test_clients_may_repeat_objects_some_times(api: Api) -> None:
    few = " ".join(["study { id } report { version }"] * 20)
    assert code(api.ask(f"{{ findings(first: 1) {{ edges {{ node {{ {few} }} }} }} }}")) is None
