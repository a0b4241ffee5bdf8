"""Questions that need a graph of their own."""

from typing import Any

from tests.api.conftest import Api


def test_an_empty_graph_answers(api: Api) -> None:
    answer = api.data("{ checkpoint { engine } findings { totalCount edges { cursor } } unmappedTerms { term } }")
    assert answer == {"checkpoint": None, "findings": {"totalCount": 0, "edges": []}, "unmappedTerms": []}


def test_unmapped_terms(api: Api) -> None:
    api.submit("x", "FINDINGS: Quadrangular zigzagopathy in the left lung.")
    api.work()
    terms = api.data("{ unmappedTerms(first: 5) { term mentions } }")["unmappedTerms"]
    assert all(term["mentions"] >= 1 for term in terms)


def test_cohorts_tell_counts_that_are_large_enough(serve: Any) -> None:
    api = serve(VLMKG_MIN_CELL=2)
    for number in range(2):
        api.submit(f"r{number}", "FINDINGS: Left pleural effusion.", f"p{number}")
    api.work()
    query = """{ cohort(where: {patient: {hasFinding: {concept: {name: "effusion"}}}}) {
                 patients { count suppressed } byConcept { name patients { count } } byMonth { key } } }"""
    found = api.data(query)["cohort"]
    assert found["patients"] == {"count": 2, "suppressed": False}
    assert {"name": "pleural effusion", "patients": {"count": 2}} in found["byConcept"]
    assert found["byMonth"] == []
    none = api.data('{ cohort(where: {finding: {concept: {code: "no"}}}) { patients { count suppressed } } }')
    assert none["cohort"]["patients"] == {"count": 0, "suppressed": False}
