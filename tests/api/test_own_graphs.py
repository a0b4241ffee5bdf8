"""Questions that need a graph of their own."""

from pathlib import Path
from typing import Any

from ingest.formats.origin import Format
from ingest.ledger.access import audit
from ingest.receiving.submit import ReceivedMessage, receive
from ingest.settings import receiver_of
from tests.api.conftest import Api
from tests.ingest.formats.hl7.test_admission import MERGE
from tests.ingest.formats.hl7_messages import message
from vlmkg.data_dir import DataDir


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


def test_a_merged_patient_is_found_under_both_numbers(api: Api, tmp_path: Path) -> None:
    """And what was said of a finding before goes along."""
    api.submit("r1", "FINDINGS: Left pleural effusion.", "p1")
    api.submit("r2", "FINDINGS: Cardiomegaly.", "p2")
    api.work()
    asked = """query ($value: String!) { patient(identifier: {authority: "TESTS", value: $value}) { patientId
                 findings(where: {review: [UNREVIEWED, REJECTED]}) { edges { node { id text review } } } } }"""
    given_up = api.data(asked, value="p2")["patient"]
    (finding,) = given_up["findings"]["edges"]
    review = "mutation ($id: ID!) { reviewFinding(id: $id, verdict: WRONG) { finding { id } } }"
    api.data(review, id=finding["node"]["id"])
    receiver = receiver_of(DataDir(tmp_path / "var"))
    receive(receiver, ReceivedMessage(message(MERGE, "PID|1||p1^^^TESTS^MR", "MRG|p2^^^TESTS^MR"), Format.HL7))
    receiver.ledger.close()
    api.work()
    left = api.data(asked, value="p1")["patient"]
    assert api.data(asked, value="p2")["patient"] == left
    assert left["patientId"] != given_up["patientId"]
    shown = {edge["node"]["text"]: edge["node"]["review"] for edge in left["findings"]["edges"]}
    assert shown == {"effusion": "UNREVIEWED", "Cardiomegaly": "REJECTED"}
    by_old = api.data("query ($id: String!) { patient(patientId: $id) { patientId } }", id=given_up["patientId"])
    assert by_old["patient"]["patientId"] == left["patientId"]
    with api.ledger.read() as connection:
        (entry,) = audit.entries(connection, limit=1)
    assert left["patientId"] in entry.patients
