"""Questions compiled to Cypher answer as the brute-force twin does, page by page and in total."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from neo4j import Driver

from graph.reads import anchors
from graph.reads.findings import finding_page, finding_total
from graph.reads.patients import patient_page, patient_total
from graph.reads.query_builder import ReadQuery
from graph.reads.selection import Page, Selection
from graph.reads.studies import StudyOrder, study_page, study_total
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from graph.records import StudySubgraph
from tests.graph.reads import twin
from tests.graph.reads.small_graph import small_graph, write
from tests.graph.reads.trees import finding_trees, patient_trees, study_trees
from vlmkg.schema import Presence

EXAMPLES = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Small:
    """A driver to a graph that holds just these studies."""

    def __init__(self, driver: Driver, subgraphs: list[StudySubgraph]) -> None:
        self.driver = driver
        self.subgraphs = subgraphs
        self.concepts = twin.concepts_of(subgraphs)

    def ask(self, query: ReadQuery) -> list[dict[str, object]]:
        with self.driver.session() as session:
            record = session.run(query.text, query.parameters).single(strict=True)
            rows: list[dict[str, object]] = record["rows"]
            return rows

    def all_pages(self, page_of: Callable[[Page], ReadQuery], name: str, first: int = 3) -> list[object]:
        found: list[object] = []
        after = ""
        while True:
            rows = self.ask(page_of(Page(first, after)))
            assert len(rows) <= first + 1
            found.extend(row["node"][name] for row in rows[:first])  # type: ignore[index]
            if len(rows) <= first:
                return found
            after = str(rows[first - 1]["key"])


@pytest.fixture
def small(empty_graph: Driver) -> Small:
    subgraphs = small_graph(seed=1)
    write(empty_graph, subgraphs)
    return Small(empty_graph, subgraphs)


MENTION, STUDY, PATIENT = (Selection("mentionId"),), (Selection("studyKey"),), (Selection("patientId"),)


@EXAMPLES
@given(where=finding_trees)
def test_findings(small: Small, where: FindingWhere) -> None:
    expected = twin.asked_findings(small.subgraphs, small.concepts, where)
    assert small.all_pages(lambda page: finding_page(where, page, MENTION), "mentionId") == expected
    assert small.ask(finding_total(where)) == [{"total": len(expected)}]


@EXAMPLES
@given(where=study_trees)
def test_studies(small: Small, where: StudyWhere) -> None:
    expected = twin.asked_studies(small.subgraphs, small.concepts, where)
    assert small.all_pages(lambda page: study_page(where, page, STUDY), "studyKey") == expected
    assert small.ask(study_total(where)) == [{"total": len(expected)}]
    newest = small.all_pages(lambda page: study_page(where, page, STUDY, StudyOrder.NEWEST_FIRST), "studyKey")
    assert newest == newest_first(small, expected)


def newest_first(small: Small, expected: list[str]) -> list[str]:
    """Known times backwards, then unknown ones, by key backwards."""
    started = {one.study.study_key: one.study.started_at for one in small.subgraphs}
    known = [key for key in expected if started[key] is not None]
    return [*known[::-1], *[key for key in expected if started[key] is None][::-1]]


@EXAMPLES
@given(where=study_trees)
def test_newest_studies_of_common_concepts_are_found_by_the_other_way(small: Small, where: StudyWhere) -> None:
    rare, anchors.RARE = anchors.RARE, 1
    try:
        newest = small.all_pages(lambda page: study_page(where, page, STUDY, StudyOrder.NEWEST_FIRST), "studyKey")
    finally:
        anchors.RARE = rare
    assert newest == newest_first(small, twin.asked_studies(small.subgraphs, small.concepts, where))


@EXAMPLES
@given(where=patient_trees)
def test_patients(small: Small, where: PatientWhere) -> None:
    expected = twin.asked_patients(small.subgraphs, small.concepts, where)
    assert small.all_pages(lambda page: patient_page(where, page, PATIENT), "patientId") == expected
    assert small.ask(patient_total(where)) == [{"total": len(expected)}]


@EXAMPLES
@given(where=patient_trees)
def test_patients_of_common_concepts_are_found_by_the_other_way(small: Small, where: PatientWhere) -> None:
    """With the bound at 1 every concept is a common one, so pages come from the ordered walk."""
    rare, anchors.RARE = anchors.RARE, 1
    try:
        pages = small.all_pages(lambda page: patient_page(where, page, PATIENT), "patientId")
    finally:
        anchors.RARE = rare
    assert pages == twin.asked_patients(small.subgraphs, small.concepts, where)


def test_all_without_a_tree(small: Small) -> None:
    """And no negated finding among them."""
    expected = twin.asked_findings(small.subgraphs, small.concepts, None)
    assert expected
    assert small.all_pages(lambda page: finding_page(None, page, MENTION), "mentionId") == expected
    shown = small.all_pages(lambda page: finding_page(None, page, (Selection("presence"),)), "presence")
    assert set(shown) == {"present", "uncertain"}


@pytest.mark.parametrize(
    "where",
    [
        FindingWhere(concept=ConceptWhere(name="effusion")),
        FindingWhere(not_=FindingWhere(concept=ConceptWhere(name="effusion"))),
        FindingWhere(or_=(FindingWhere(laterality=("left",)), FindingWhere(min_score=0.5))),
        FindingWhere(and_=(FindingWhere(concept=ConceptWhere(code="RID34539")),)),
        FindingWhere(patient_id="patient-1-0"),
    ],
)
def test_negated_findings_come_out_only_when_presence_is_asked_for(small: Small, where: FindingWhere) -> None:
    shown = small.all_pages(lambda page: finding_page(where, page, (Selection("presence"),)), "presence")
    assert shown
    assert "absent" not in shown
    absent = FindingWhere(and_=(where,), presence=(Presence.ABSENT,))
    found = small.all_pages(lambda page: finding_page(absent, page, (Selection("presence"),)), "presence")
    assert set(found) <= {"absent"}
