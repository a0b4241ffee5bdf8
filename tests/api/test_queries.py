"""The questions that the API is there for, over a small hospital."""

from typing import Any

import pytest

from ingest.ledger.access.api_keys import Role
from tests.api.conftest import Api

EFFUSION = {"concept": {"name": "pleural effusion"}}
ABSENT = {**EFFUSION, "presence": ["ABSENT"]}

FINDINGS = """
query ($where: FindingWhere, $first: Int! = 20, $after: String) {
  findings(where: $where, first: $first, after: $after) {
    totalCount
    edges {
      cursor
      node {
        id text presence laterality severity score witness modifiers studiedAt
        concept { code name system }
        locations { text concept { name } }
        study { studyKey studyUid modality startedAt pairing }
        patient { patientId sex birthYear }
        report { reportId version status current text }
        span { start end section }
      }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def nodes(page: Any) -> list[Any]:
    return [edge["node"] for edge in page["edges"]]


def test_a_finding_with_all_that_belongs_to_it(hospital: Api) -> None:
    page = hospital.data(FINDINGS, where=EFFUSION)["findings"]
    assert page["totalCount"] == 2
    first, second = nodes(page)
    assert (first["presence"], first["laterality"], first["witness"]) == ("PRESENT", "LEFT", "RULES")
    assert first["concept"] == {"code": "RID34539", "name": "pleural effusion", "system": "radlex"}
    assert "Small" in first["modifiers"]
    assert first["study"]["studyUid"] == "1.2.1"
    assert first["studiedAt"] == first["study"]["startedAt"] == "2024-01-01T08:00:00Z"
    assert (second["study"]["startedAt"], second["study"]["modality"]) == ("2024-03-01T08:00:00Z", "DX")
    assert first["patient"]["birthYear"] == 1950
    report, span = first["report"], first["span"]
    assert (report["version"], report["status"], report["current"]) == (1, "F", True)
    assert report["text"][span["start"] : span["end"]] == first["text"]
    assert span["section"] == "findings"


def test_negated_findings_come_out_when_asked_for(hospital: Api) -> None:
    page = hospital.data(FINDINGS, where=ABSENT)["findings"]
    assert page["totalCount"] == 2
    assert {node["presence"] for node in nodes(page)} == {"ABSENT"}
    everything = hospital.data(FINDINGS)["findings"]
    assert {node["presence"] for node in nodes(everything)} <= {"PRESENT", "UNCERTAIN"}


def test_pages_follow_one_another(hospital: Api) -> None:
    whole = nodes(hospital.data(FINDINGS)["findings"])
    seen: list[Any] = []
    after = None
    while True:
        page = hospital.data(FINDINGS, first=1, after=after)["findings"]
        seen += nodes(page)
        info = page["pageInfo"]
        assert page["totalCount"] == len(whole)
        assert info["hasPreviousPage"] == (after is not None)
        assert info["startCursor"] == info["endCursor"] == page["edges"][0]["cursor"]
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    assert seen == whole
    assert len(seen) > 2


def test_a_page_of_none_tells_the_total(hospital: Api) -> None:
    page = hospital.data("{ findings(first: 0) { totalCount edges { cursor } pageInfo { hasNextPage } } }")["findings"]
    assert page["edges"] == []
    assert page["totalCount"] > 2
    assert page["pageInfo"] == {"hasNextPage": True}


PATIENTS = """
query ($where: PatientWhere) {
  patients(where: $where) {
    totalCount
    edges { node { patientId studies { edges { node { studyUid } } } } }
  }
}
"""


@pytest.mark.parametrize(
    ("where", "uids"),
    [
        ({"hasFinding": EFFUSION}, [["1.2.1", "1.2.2"], ["1.2.3", "1.2.4"]]),
        ({"hasFinding": EFFUSION, "noLaterFinding": ABSENT}, [["1.2.3", "1.2.4"]]),
        ({"not": {"hasFinding": EFFUSION}}, [["1.2.5"]]),
        ({"hasFinding": {**EFFUSION, "location": {"name": "left lung"}}}, [["1.2.1", "1.2.2"], ["1.2.3", "1.2.4"]]),
    ],
)
def test_patients(hospital: Api, where: Any, uids: list[list[str]]) -> None:
    page = hospital.data(PATIENTS, where=where)["patients"]
    found = [[study["studyUid"] for study in nodes(patient["studies"])] for patient in nodes(page)]
    assert sorted(found) == uids
    assert page["totalCount"] == len(uids)


def test_a_patient_by_identifier_and_by_pseudonym(hospital: Api) -> None:
    by_identifier = hospital.data(
        """{ patient(identifier: {authority: "TESTS", value: "anna"}) {
               id patientId
               timeline { startedAt study { studyUid } findings { text presence } }
               present: findings(where: {presence: PRESENT}) { totalCount edges { node { text } } }
               absent: findings(first: 1, where: {presence: ABSENT}) {
                 totalCount edges { node { text } } pageInfo { hasNextPage } } } }"""
    )["patient"]
    assert [entry["study"]["studyUid"] for entry in by_identifier["timeline"]] == ["1.2.1", "1.2.2"]
    assert all(f["presence"] != "ABSENT" for entry in by_identifier["timeline"] for f in entry["findings"])
    assert [node["text"] for node in nodes(by_identifier["present"])] == ["effusion", "clear"]
    assert by_identifier["absent"]["totalCount"] == 3
    assert len(by_identifier["absent"]["edges"]) == 1
    assert by_identifier["absent"]["pageInfo"] == {"hasNextPage": True}
    again = hospital.data(
        "query ($id: String!) { patient(patientId: $id) { patientId } }", id=by_identifier["patientId"]
    )
    assert again["patient"]["patientId"] == by_identifier["patientId"]
    assert hospital.data('{ patient(identifier: {authority: "OTHER", value: "anna"}) { patientId } }') == {
        "patient": None
    }


def test_nested_pages_go_on_where_they_ended(hospital: Api) -> None:
    query = """query ($after: String) { patient(identifier: {authority: "TESTS", value: "anna"}) {
        studies(first: 1, after: $after) { edges { node { studyUid } } pageInfo { hasNextPage endCursor } } } }"""
    first = hospital.data(query)["patient"]["studies"]
    second = hospital.data(query, after=first["pageInfo"]["endCursor"])["patient"]["studies"]
    assert [node["studyUid"] for node in nodes(first) + nodes(second)] == ["1.2.1", "1.2.2"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_study_by_uid_with_its_reports_and_its_reading(hospital: Api) -> None:
    study = hospital.data(
        """{ study(studyUid: "1.2.1") { studyKey accession modality pairing startedAt
               reports { reportKey status text } images { sopInstanceUid }
               extraction { engine checkpoint engineDigest modalities outOfDomain createdAt }
               findings(where: {presence: [PRESENT, ABSENT]}) { totalCount edges { node { text presence } } }
               patient { patientId } } }"""
    )["study"]
    assert study["accession"] not in {None, "A-1"}
    assert study["reports"][0]["text"].startswith("FINDINGS")
    assert (study["extraction"]["engine"], study["extraction"]["modalities"]) == ("rules", ["text"])
    assert study["findings"]["totalCount"] == 2
    key = study["studyKey"]
    assert hospital.data("query ($k: String!) { study(studyKey: $k) { studyUid } }", k=key) == {
        "study": {"studyUid": "1.2.1"}
    }


def test_what_suggests_pneumonia(hospital: Api) -> None:
    page = hospital.data(
        """{ findings(where: {suggests: {concept: {name: "pneumonia"}}}) { edges { node {
               text suggests { text presence suggestedBy { text } } } } } }"""
    )["findings"]
    (opacity,) = nodes(page)
    assert opacity["text"] == "Opacity"
    assert opacity["suggests"] == [{"text": "pneumonia", "presence": "UNCERTAIN", "suggestedBy": [{"text": "Opacity"}]}]


def test_aliases_of_one_field_do_not_mix(hospital: Api) -> None:
    page = hospital.data(
        """{ findings(where: {concept: {code: "RID34539"}}, first: 1) { edges { node {
               a: study { uid: studyUid } b: study { when: startedAt }
               one: concept { code } two: concept { name children { name } } } } } }"""
    )["findings"]
    (node,) = nodes(page)
    assert node["a"] == {"uid": "1.2.1"}
    assert node["b"] == {"when": "2024-01-01T08:00:00Z"}
    assert node["one"] == {"code": "RID34539"}
    assert node["two"]["name"] == "pleural effusion"


def test_fragments_and_skipped_fields(hospital: Api) -> None:
    answer = hospital.data(
        """query ($no: Boolean!) {
             findings(where: {concept: {code: "RID34539"}}, first: 1) { edges { ...edge } }
           }
           fragment edge on FindingEdge { node { ...finding study { ...study } patient @skip(if: true) { sex } } }
           fragment finding on Finding { text ... on Node { id } study { studyUid } report @include(if: $no) { text } }
           fragment study on Study { modality __typename }""",
        no=False,
    )
    (node,) = nodes(answer["findings"])
    assert set(node) == {"text", "id", "study"}
    assert node["study"] == {"studyUid": "1.2.1", "modality": "CR", "__typename": "Study"}


def test_every_object_is_had_again_by_its_id(hospital: Api) -> None:
    page = hospital.data("{ findings(first: 1) { edges { node { id study { id patient { id } } concept { id } } } } }")
    (node,) = nodes(page["findings"])
    ids = [node["id"], node["study"]["id"], node["study"]["patient"]["id"], node["concept"]["id"], "Event:1"]
    for one in ids:
        found = hospital.data(
            """query ($id: ID!) { node(id: $id) { __typename id ... on Finding { text } ... on Study { studyUid }
               ... on Patient { sex } ... on Concept { name } ... on Event { state } } }""",
            id=one,
        )["node"]
        assert found["id"] == one
        assert found["__typename"] == one.partition(":")[0]
        assert len(found) == 3
    assert hospital.data('{ node(id: "Finding:none") { id } }') == {"node": None}


def test_concepts(hospital: Api) -> None:
    found = hospital.data('{ concepts(search: "PLEURAL effusion", first: 3) { code name } }')["concepts"]
    assert found[0] == {"code": "RID34539", "name": "pleural effusion"}
    concept = hospital.data(
        '{ concept(code: "RID1326") { name parents { name } ancestors { code } parts { name } children { name } } }'
    )["concept"]
    assert concept["name"] == "left lung"
    assert {"name": "lung"} in concept["parents"]
    assert {"code": "RID1301"} in concept["ancestors"]
    assert {"name": "lower lobe of left lung"} in concept["parts"]
    assert hospital.data('{ concept(code: "no such code") { name } }') == {"concept": None}


def test_descendants_and_parts_are_taken_in(hospital: Api) -> None:
    query = "query ($where: FindingWhere) { findings(where: $where) { totalCount } }"
    total = lambda where: hospital.data(query, where=where)["findings"]["totalCount"]  # noqa: E731
    assert total({"concept": {"name": "effusion"}}) == 2
    assert total({"concept": {"name": "effusion", "includeDescendants": False}}) == 0
    assert total({**EFFUSION, "location": {"name": "thorax"}}) == 2
    assert total({"location": {"name": "right lung"}, "concept": {"name": "opacity"}}) == 1


def test_the_engine_in_use(hospital: Api) -> None:
    found = hospital.data("{ checkpoint { engine checkpoint engineDigest studies otherEngines } }")["checkpoint"]
    assert (found["engine"], found["checkpoint"], found["studies"], found["otherEngines"]) == ("rules", None, 5, 0)


def test_cohorts_hide_small_counts(hospital: Api) -> None:
    query = """query ($where: CohortWhere!) { cohort(where: $where) { patients { count suppressed } studies { count }
                 byConcept { key name patients { count suppressed } studies { count suppressed } }
                 byLocation { name } byMonth { key } } }"""
    found = hospital.data(query, role=Role.RESEARCHER, where={"finding": EFFUSION})["cohort"]
    assert found["patients"] == {"count": None, "suppressed": True}
    assert found["byConcept"] == [
        {
            "key": "RID34539",
            "name": "pleural effusion",
            "patients": {"count": None, "suppressed": True},
            "studies": {"count": None, "suppressed": True},
        }
    ]
    assert [month["key"] for month in found["byMonth"]] == ["2024-03", "2024-01"]
