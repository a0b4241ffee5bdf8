"""One policy for every count: what is rounded, what is hidden, and what the difference of two questions tells."""

from itertools import pairwise
from typing import Any

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type
from hypothesis import given
from hypothesis import strategies as st

from api.counts import CountPolicy
from api.response_plans import COUNTS, LISTED
from api.schema import SDL
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api, Serve

NUMBERS = st.integers(0, 500)
CELLS = st.integers(1, 20)


@given(NUMBERS, CELLS)
def test_a_rounded_count_is_a_multiple_near_it(number: int, cell: int) -> None:
    policy = CountPolicy(cell, rounded=True)
    told = policy.count(number)
    assert told["suppressed"] == (0 < number < cell)
    for value in (told["count"], policy.total(number)):
        if value is not None:
            assert value % cell == 0
            assert abs(value - number) <= (cell // 2 if number >= cell or not number else cell - 1)


@given(NUMBERS, CELLS)
def test_an_exact_count_is_hidden_or_told(number: int, cell: int) -> None:
    policy = CountPolicy(cell, rounded=False)
    hidden = 0 < number < cell
    assert policy.count(number) == {"count": None if hidden else number, "suppressed": hidden}
    assert policy.total(number) == number


@given(st.integers(2, 20))
def test_the_difference_of_two_cohorts_is_no_person(cell: int) -> None:
    """Whoever asks of n patients and of the same without one learns 0, or a whole cell where a bound lies between."""
    policy = CountPolicy(cell, rounded=True)
    told = [policy.total(number) for number in range(400)]
    differences = [after - before for before, after in pairwise(told)]
    assert set(differences) <= {0, cell}
    assert differences.count(0) > (cell - 2) * differences.count(cell)


@given(st.integers(3, 20), st.data())
def test_what_a_breakdown_leaves_of_its_total_does_not_tell_the_hidden_cell(cell: int, data: st.DataObject) -> None:
    """The complement attack: all studies, less those of each month that is told. Other numbers, with another one in the
    hidden month, would have given the same answer."""
    policy = CountPolicy(cell, rounded=True)
    hidden, shown = data.draw(st.integers(1, cell - 1)), data.draw(st.integers(cell, 500))
    told = policy.total(shown), policy.total(shown + hidden)
    assert [
        (other_hidden, other_shown)
        for other_hidden in range(1, cell)
        for other_shown in range(shown - cell, shown + cell + 1)
        if other_hidden != hidden and (policy.total(other_shown), policy.total(other_shown + other_hidden)) == told
    ]


def test_studies_of_too_few_patients_are_hidden_with_them() -> None:
    for rounded in (True, False):
        told = CountPolicy(5, rounded=rounded).patients_and_studies(1, 70)
        assert told["studies"] == told["patients"] == {"count": None, "suppressed": True}


@pytest.fixture
def many(serve: Serve) -> Api:
    """Thirteen patients with an effusion, twelve with a pneumothorax, of whom eleven have both. One has two studies."""
    api = serve(VLMKG_API_TIMEOUT=100)
    for number in range(14):
        said = ["Small left pleural effusion."] if number != 13 else []
        said += ["Large pneumothorax."] if number in {*range(11), 13} else []
        api.submit(
            f"r{number}", f"FINDINGS: {' '.join(said)}", f"p{number}", startedAt=f"2024-0{1 + number % 2}-01T08:00:00Z"
        )
    api.submit("again", "FINDINGS: Small left pleural effusion.", "p0", startedAt="2024-03-01T08:00:00Z")
    api.work()
    return api


EFFUSION = {"concept": {"name": "pleural effusion"}}
PNEUMOTHORAX = {"concept": {"name": "pneumothorax"}}
NUMBERS_OF = """query ($f: FindingWhere, $p: PatientWhere, $s: StudyWhere) {
  cohort(where: {finding: $f, patient: $p}) { patients { count suppressed } studies { count suppressed }
    byMonth { key patients { count } studies { count } } byConcept { patients { count } studies { count } } }
  findings(where: $f, first: 1) { totalCount }
  patients(where: $p, first: 1) { totalCount edges { node { findings(first: 0) { totalCount } } } }
  studies(where: $s, first: 1) { totalCount } unmappedTerms { mentions } checkpoint { studies } }"""


def numbers(found: Any) -> list[int]:
    """Every number in an answer."""
    if isinstance(found, dict):
        return [one for value in found.values() for one in numbers(value)]
    if isinstance(found, list):
        return [one for value in found for one in numbers(value)]
    return [found] if isinstance(found, int) and not isinstance(found, bool) else []


def test_a_researcher_gets_no_number_that_is_no_multiple(many: Api) -> None:
    asked = {"f": EFFUSION, "p": {"hasFinding": EFFUSION}, "s": {"hasFinding": EFFUSION}}
    exact = many.data(NUMBERS_OF, Role.VIEWER, **asked)
    assert exact["cohort"]["patients"]["count"] == exact["patients"]["totalCount"] == 13
    assert exact["findings"]["totalCount"] == exact["studies"]["totalCount"] == 14
    told = many.data(NUMBERS_OF, Role.RESEARCHER, **asked)
    assert told["cohort"]["patients"]["count"] == told["patients"]["totalCount"] == 15
    assert numbers(told)
    assert all(number % 5 == 0 for number in numbers(told))
    assert [month["patients"]["count"] for month in told["cohort"]["byMonth"]] == [None, 5, 5]


def test_the_subtraction_attack(many: Api) -> None:
    """Two persons have an effusion and no pneumothorax. All with an effusion, less those with both, would tell it."""
    both = {"and": [{"hasFinding": EFFUSION}, {"hasFinding": PNEUMOTHORAX}]}
    alone = {"and": [{"hasFinding": EFFUSION}, {"not": {"hasFinding": PNEUMOTHORAX}}]}
    effusion = '{concept: {name: "pleural effusion"}}'
    for query in (
        f"cohort(where: {{finding: {effusion}, patient: $p}}) {{ patients {{ count }} }}",
        "patients(where: $p) { totalCount }",
    ):
        text = f"query ($p: PatientWhere) {{ {query} }}"
        told = {
            role: [numbers(many.data(text, role, p=where))[0] for where in ({"hasFinding": EFFUSION}, both)]
            for role in (Role.VIEWER, Role.RESEARCHER)
        }
        assert told[Role.VIEWER] == [13, 11]
        assert told[Role.RESEARCHER] == [15, 10]
    hidden = "query ($p: PatientWhere) { cohort(where: {patient: $p}) { patients { count suppressed } } }"
    for role in (Role.VIEWER, Role.RESEARCHER):
        assert many.data(hidden, role, p=alone)["cohort"]["patients"] == {"count": None, "suppressed": True}


def test_every_number_of_the_schema_is_counted_or_is_no_count() -> None:
    """A new field that counts must go through the policy, or be named here for what it is."""
    no_counts = {
        "Report.version", "Image.rows", "Image.columns", "Patient.birthYear", "Span.start", "Span.end", "Event.size",
        "Film.rows", "Film.columns", "Film.shownRows", "Film.shownColumns",
        "Event.attempts", "Event.deliveries", "EventPayload.size", "MessagePart.start", "MessagePart.end",
        "Checkpoint.otherEngines",
        *(f"Agreement.{what}{who}" for what in ("mentions", "relations") for who in ("Both", "Model", "Rules")),
        "Agreement.disputed", "SetAside.start", "SetAside.end",
        "MissedFinding.start", "MissedFinding.end", "MissedRelation.start", "MissedRelation.end",
        # Of verdicts and of messages, not of patients.
        "ReviewAgreement.statements", "ReviewAgreement.twice", "ReviewerCount.statements",
        "PairAgreement.both", "PairAgreement.agreed", "StateCount.count",
    }  # fmt: skip
    found = {
        f"{type_.name}.{name}"
        for type_ in build_schema(SDL.read_text()).type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if get_named_type(field.type).name == "Int"
    }
    counted = (
        {f"{connection}.totalCount" for connection in LISTED} | {".".join(pair) for pair in COUNTS} | {"Count.count"}
    )
    assert found - no_counts <= counted
    assert no_counts <= found
