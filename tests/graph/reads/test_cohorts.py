"""Counts over cohorts are those of the brute-force twin, by either way of the graph."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j import Driver

from graph.migrate import migrate, shipped_migrations
from graph.reads import anchors
from graph.reads.cohorts import Breakdown, cohort, cohort_of_findings
from graph.reads.query_builder import ReadQuery
from graph.reads.wheres import NOT_REJECTED, PRESENCE_BY_DEFAULT, ConceptWhere, FindingWhere, PatientWhere
from graph.records import StudySubgraph
from graph.summaries import SINCE, summary_of
from tests.graph.reads import twin
from tests.graph.reads.small_graph import OBSERVATIONS, small_graph, write
from tests.graph.reads.trees import MODALITIES, PATIENTS, TIMES, concepts, finding_trees, nested, patient_trees
from vlmkg.schema import Presence

EXAMPLES = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
EVERYTHING = tuple(Breakdown)
SOME = st.sets(st.sampled_from(EVERYTHING)).map(sorted)

LEAVES = st.builds(
    FindingWhere,
    concept=concepts(OBSERVATIONS, ("effusion", "PNEUM", "zzz")),
    studied_after=st.none() | st.none() | TIMES,
    studied_before=st.none() | st.none() | TIMES,
    modality=st.none() | st.none() | MODALITIES,
    patient_id=st.none() | st.none() | st.none() | PATIENTS,
)
summarised_trees = nested(LEAVES, FindingWhere)
"""Trees that summaries answer."""


class Small:
    """A driver to a graph that holds just these studies."""

    def __init__(self, driver: Driver, subgraphs: list[StudySubgraph]) -> None:
        self.driver = driver
        self.subgraphs = subgraphs
        self.concepts = twin.concepts_of(subgraphs)

    def ask(self, query: ReadQuery) -> list[dict[str, Any]]:
        with self.driver.session() as session:
            rows: list[dict[str, Any]] = session.run(query.text, query.parameters).single(strict=True)["rows"]
            return rows

    def expected(
        self, where: FindingWhere, patient: PatientWhere | None, breakdowns: Collection[Breakdown]
    ) -> dict[str, Any]:
        """The same numbers, counted finding by finding."""
        patients = set(twin.asked_patients(self.subgraphs, self.concepts, patient or PatientWhere()))
        found = [
            one
            for one in twin.findings(self.subgraphs)
            if one.subgraph.patient.patient_id in patients and twin.fits(one, where, self.concepts)
        ]
        sorts: dict[str, dict[str, list[twin.Found]]] = {name: defaultdict(list) for name in EVERYTHING}
        for one in found:
            assert one.mention.finding is not None
            sorts[Breakdown.CONCEPTS][one.mention.finding.concept_code].append(one)
            for place in one.mention.finding.place_codes:
                sorts[Breakdown.LOCATIONS][place].append(one)
            if one.time is not None:
                sorts[Breakdown.MONTHS][f"{one.time:%Y-%m}"].append(one)
        numbers: dict[str, Any] = self._counted(found)
        for name in breakdowns:
            cells = [
                {"key": key, "name": self._name(name, key), **self._counted(of_key)}
                for key, of_key in sorts[name].items()
            ]
            order = (
                (lambda cell: cell["key"])
                if name is Breakdown.MONTHS
                else lambda cell: (-cell["patients"], cell["key"])
            )
            numbers[name.value] = sorted(cells, key=order, reverse=name is Breakdown.MONTHS)
        return numbers

    def _counted(self, found: list[twin.Found]) -> dict[str, int]:
        patients = {one.subgraph.patient.patient_id for one in found}
        return {"patients": len(patients), "studies": len({one.subgraph.study.study_key for one in found})}

    def _name(self, breakdown: Breakdown, key: str) -> str:
        return key if breakdown is Breakdown.MONTHS else self.concepts.names[key][0]


@pytest.fixture(params=[1, 7])
def small(request: pytest.FixtureRequest, empty_graph: Driver) -> Small:
    subgraphs = small_graph(seed=request.param)
    write(empty_graph, subgraphs)
    return Small(empty_graph, subgraphs)


@EXAMPLES
@given(where=finding_trees, patient=st.none() | patient_trees, breakdowns=SOME)
def test_any_cohort(
    small: Small, where: FindingWhere, patient: PatientWhere | None, breakdowns: list[Breakdown]
) -> None:
    expected = small.expected(where, patient, breakdowns)
    assert small.ask(cohort_of_findings(where, patient, breakdowns)) == [expected]
    quick = cohort(where, patient, breakdowns)
    assert quick is None or small.ask(quick) == [expected]


@EXAMPLES
@given(where=summarised_trees, patient=st.none() | patient_trees, breakdowns=SOME)
def test_cohorts_that_summaries_answer(
    small: Small, where: FindingWhere, patient: PatientWhere | None, breakdowns: list[Breakdown]
) -> None:
    quick = cohort(where, patient, breakdowns)
    assert quick is not None
    expected = small.expected(where, patient, breakdowns)
    assert small.ask(quick) == small.ask(cohort_of_findings(where, patient, breakdowns)) == [expected]


@EXAMPLES
@given(where=summarised_trees | finding_trees, patient=st.none() | patient_trees)
def test_cohorts_of_common_concepts_are_counted_on_a_walk(
    small: Small, where: FindingWhere, patient: PatientWhere | None
) -> None:
    """With the bound at 1 every concept is a common one."""
    rare, anchors.RARE = anchors.RARE, 1
    try:
        for query in (cohort(where, patient), cohort_of_findings(where, patient)):
            assert query is None or small.ask(query) == [small.expected(where, patient, EVERYTHING)]
    finally:
        anchors.RARE = rare


EFFUSION = FindingWhere(concept=ConceptWhere(code="RID34539"))


@pytest.mark.parametrize(
    ("where", "summarised"),
    [
        (FindingWhere(), True),
        (EFFUSION, True),
        (FindingWhere(presence=PRESENCE_BY_DEFAULT[::-1]), True),
        (replace(EFFUSION, review=NOT_REJECTED), True),
        (FindingWhere(presence=(Presence.PRESENT,)), False),
        (FindingWhere(presence=tuple(Presence)), False),
        (FindingWhere(not_=FindingWhere(presence=(Presence.ABSENT,))), False),
        (FindingWhere(or_=(EFFUSION, FindingWhere(presence=PRESENCE_BY_DEFAULT))), False),
        (FindingWhere(review=()), False),
        (FindingWhere(laterality=("left",)), False),
        (FindingWhere(suggests=FindingWhere()), False),
    ],
)
def test_summaries_answer_what_they_tell_and_nothing_else(small: Small, where: FindingWhere, summarised: bool) -> None:
    quick = cohort(where, None)
    assert (quick is not None) == summarised
    if quick is not None:
        assert small.ask(quick) == [small.expected(where, None, EVERYTHING)]


def test_no_finding_that_was_rejected_is_summed_up(small: Small) -> None:
    anything = FindingWhere(presence=tuple(Presence))
    assert not all(twin.fits(one, anything, small.concepts) for one in twin.findings(small.subgraphs))
    quick = cohort(FindingWhere(), None)
    assert quick is not None
    assert small.ask(quick) == [small.expected(FindingWhere(), None, EVERYTHING)]


def test_an_empty_graph_counts_nothing(empty_graph: Driver) -> None:
    nothing = {"patients": 0, "studies": 0, "concepts": [], "locations": [], "months": []}
    empty = Small(empty_graph, [])
    for query in (cohort(FindingWhere(), None), cohort_of_findings(FindingWhere(), None)):
        assert query is not None
        assert empty.ask(query) == [nothing]


def test_a_graph_of_an_older_release_is_not_counted_by_what_it_lacks(small: Small) -> None:
    """No row, and so the caller counts the findings; the migration then gives each study what the merge writes."""
    names = "s.assertedConcepts, s.assertedPlaces, s.assertedPlaceConcepts"
    quick, slow = cohort(FindingWhere(), None), cohort_of_findings(FindingWhere(), None)
    assert quick is not None
    with small.driver.session() as session:
        session.run(f"MATCH (s:Study) REMOVE {names}").consume()
        session.run("MATCH (m:Migration {version: $version}) DELETE m", version=SINCE).consume()
    assert small.ask(quick) == []
    expected = [small.expected(FindingWhere(), None, EVERYTHING)]
    assert small.ask(slow) == expected
    assert migrate(small.driver).applied == (shipped_migrations()[SINCE - 1].name,)
    assert small.ask(quick) == expected
    with small.driver.session() as session:
        rows = session.run(f"MATCH (s:Study) RETURN s.studyKey AS key, [{names}] AS lists").data()
    written = {row["key"]: row["lists"] for row in rows}
    assert written == {each.study.study_key: list(summary_of(each.mentions).values()) for each in small.subgraphs}
