"""A page costs the page: its work does not grow with how common a concept is. Read off PROFILE on the real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import Driver

from benchmarks.synthetic_graph import synthetic_graph
from graph.reads.findings import finding_page
from graph.reads.patients import patient_page
from graph.reads.query_builder import ReadQuery
from graph.reads.selection import Page, Selection
from graph.reads.studies import StudyOrder, study_page
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.graph.reads.small_graph import write

FIRST = 10
COMMON = FindingWhere(concept=ConceptWhere(code="RID34539"))
RARE = FindingWhere(concept=ConceptWhere(code="no such code"))
NODE = (
    Selection("mentionId"),
    Selection("locations", "k1", (Selection("text"),)),
    Selection("study", "k2", (Selection("modality"),)),
)


@pytest.fixture(scope="module")
def common(neo4j_server: Neo4jServer, neo4j_driver: Driver) -> Driver:
    """2,000 findings of 200 studies of 40 patients, about 300 of them a pleural effusion that is not negated."""
    empty(neo4j_server, neo4j_driver)
    write(neo4j_driver, list(synthetic_graph(40)))
    return neo4j_driver


def rows_of(plan: dict[str, Any]) -> Iterator[tuple[str, int]]:
    yield plan["operatorType"], plan.get("rows", 0)
    for child in plan.get("children", ()):
        yield from rows_of(child)


def most_rows(driver: Driver, query: ReadQuery, ending: str = "") -> int:
    """The most rows that an operator of the plan made, of those whose name ends so."""
    with driver.session() as session:
        plan = session.run("PROFILE " + query.text, query.parameters).consume().profile
    assert plan is not None
    return max((rows for name, rows in rows_of(plan) if name.partition("@")[0].endswith(ending)), default=0)


@pytest.mark.parametrize("after", ["", "2018", "~", "~/8"])
def test_a_page_of_a_common_concept_is_read_off_the_index_in_order(common: Driver, after: str) -> None:
    """Two presences, each with one row more than the page, wherever the page begins."""
    query = finding_page(COMMON, Page(FIRST, after), NODE)
    assert 0 < most_rows(common, query, "IndexSeek") <= 2 * (FIRST + 1)
    assert most_rows(common, query) <= 3 * (FIRST + 1)


def test_a_page_of_all_findings_walks_their_order(common: Driver) -> None:
    """Half of them are negated and are stepped over."""
    assert most_rows(common, finding_page(None, Page(FIRST), NODE)) <= 6 * (FIRST + 1)


def test_a_page_of_all_studies_walks_their_order(common: Driver) -> None:
    query = study_page(None, Page(FIRST), (Selection("studyKey"),))
    assert most_rows(common, query) <= 2 * (FIRST + 1)


def test_a_page_of_the_newest_studies_walks_backwards(common: Driver) -> None:
    query = study_page(None, Page(FIRST), (Selection("studyKey"),), StudyOrder.NEWEST_FIRST)
    assert most_rows(common, query) <= 2 * (FIRST + 1)


def test_patients_of_a_common_concept_are_met_on_a_walk(common: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.reads.anchors.RARE", 20)
    query = patient_page(PatientWhere(has_finding=COMMON), Page(FIRST), (Selection("patientId"),))
    assert most_rows(common, query, "IndexSeekByRange") <= 2 * (FIRST + 1)


def test_patients_and_studies_of_a_rare_concept_are_looked_up(common: Driver) -> None:
    """No patient and no study is looked at in vain."""
    for query in (
        patient_page(PatientWhere(has_finding=RARE), Page(FIRST), (Selection("patientId"),)),
        study_page(StudyWhere(has_finding=RARE), Page(FIRST), (Selection("studyKey"),)),
    ):
        assert most_rows(common, query, "IndexSeekByRange") == 0
        assert most_rows(common, query) <= 2


def test_no_value_is_part_of_the_text(common: Driver) -> None:
    """The text of a question is the same whatever is asked for, so its plan is made once."""

    def text(code: str, first: int, after: str) -> str:
        where = FindingWhere(concept=ConceptWhere(code=code, name=code), modifier=code, patient_id=None)
        return finding_page(where, Page(first, after), NODE).text

    assert text("'; MATCH (n) DETACH DELETE n //", 1, "a") == text("RID1", 200, "")
    with pytest.raises(ValueError, match="letters and digits"):
        Selection("study", "k`}")
