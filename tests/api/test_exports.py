"""Downloads of a cohort: the findings that it counts and no others, in three forms, for those who may."""

import csv
import io
import json
from typing import Any

import httpx2
import pytest
from fhir.resources.R4B.bundle import Bundle

from api.cohort_cypher import literal
from api.exports import rows
from api.exports.csv_rows import COLUMNS, lines_of
from api.exports.rows import PatientFindings
from ingest.ledger.access import api_keys, audit
from ingest.ledger.access.api_keys import Role
from tests.api.conftest import EFFUSION, Api
from vlmkg import Reader as VlmkgReader

VIEWER, RESEARCHER, OPERATOR, ADMIN = Role
ALL: dict[str, Any] = {}
LEFT = {"finding": {"concept": {"name": "pleural effusion"}, "laterality": ["LEFT"]}}
STAYED = {
    "finding": {"concept": {"name": "pleural effusion"}, "presence": ["PRESENT", "ABSENT"]},
    "patient": {"not": {"hasFinding": {"concept": {"name": "pneumonia"}}}},
}
WENT = {
    "finding": {"concept": {"name": "pleural effusion"}},
    "patient": {
        "not": {
            "hasFinding": {"concept": {"name": "pleural effusion"}},
            "noLaterFinding": {"concept": {"name": "pleural effusion"}, "presence": ["ABSENT"]},
        }
    },
}


def export(api: Api, name: str, where: dict[str, Any], role: Role | None = VIEWER) -> Any:
    headers = {} if role is None else {"Authorization": f"Bearer {api.keys[role]}"}
    return api.client.post(f"/exports/{name}", json={"where": where}, headers=headers)


def table(api: Api, where: dict[str, Any], role: Role = VIEWER) -> list[dict[str, str]]:
    response = export(api, "findings.csv", where, role)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


@pytest.mark.parametrize("where", [ALL, LEFT, STAYED, WENT])
@pytest.mark.parametrize("small", [False, True])
def test_a_table_has_what_the_cohort_counts(
    hospital: Api, where: dict[str, Any], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        for name in ("_PATIENTS", "_MORE"):
            text = getattr(rows, name).replace("first: 20,", "first: 1,").replace("first: 100,", "first: 1,")
            monkeypatch.setattr(rows, name, text)
    found = table(hospital, where)
    assert tuple(found[0]) == COLUMNS
    counted = hospital.data(
        "query ($where: CohortWhere!) { cohort(where: $where) { byConcept { key } } }", where=where
    )["cohort"]
    assert {row["conceptCode"] for row in found} == {cell["key"] for cell in counted["byConcept"]}
    tree = where.get("finding", {})
    listed = hospital.data(
        "query ($w: FindingWhere) { findings(first: 200, where: $w) { edges { node { id } } } }", w=tree
    )
    every = {edge["node"]["id"] for edge in listed["findings"]["edges"]}
    ids = [row["findingId"] for row in found]
    assert len(ids) == len(set(ids))
    assert set(ids) == every if "patient" not in where else set(ids) < every or where is STAYED


def test_conditions_on_the_patient_leave_their_findings_out(hospital: Api) -> None:
    people = {row["patientId"] for row in table(hospital, WENT)}
    (anna,) = people
    who = hospital.data('{ patient(identifier: {authority: "TESTS", value: "anna"}) { patientId } }')
    assert who["patient"]["patientId"] == anna


def test_a_bundle_is_fhir_and_tells_denial_from_presence(hospital: Api) -> None:
    response = export(hospital, "fhir.json", STAYED)
    assert response.headers["content-type"] == "application/fhir+json"
    bundle = Bundle.model_validate_json(response.content)
    resources = [entry.resource for entry in bundle.entry]
    observations = [one for one in resources if one.get_resource_type() == "Observation"]
    reports = [one for one in resources if one.get_resource_type() == "DiagnosticReport"]
    assert (len(observations), len(reports)) == (len(table(hospital, STAYED)), 4)
    urls = {entry.fullUrl for entry in bundle.entry}
    assert len(urls) == len(resources)
    assert {result.reference for report in reports for result in report.result} < urls
    said = {one.valueCodeableConcept.coding[0].code for one in observations}
    assert said == {"present", "absent"}
    assert "lungs are clear" not in response.text


def test_radgraph_is_what_extract_writes(hospital: Api) -> None:
    found = json.loads(export(hospital, "radgraph.json", LEFT).text)
    assert list(found.values()) == [VlmkgReader(engine="rules").read(EFFUSION).to_radgraph()] * 2


def test_an_empty_cohort_gives_whole_files(hospital: Api) -> None:
    none = {"finding": {"concept": {"name": "pleural effusion"}, "laterality": ["RIGHT"]}}
    assert table(hospital, none) == []
    assert json.loads(export(hospital, "fhir.json", none).text)["entry"] == []
    assert json.loads(export(hospital, "radgraph.json", none).text) == {}


@pytest.mark.parametrize(
    ("name", "role", "status"),
    [
        *[(name, role, 200) for name in ("findings.csv", "fhir.json") for role in Role],
        *[("radgraph.json", role, 403 if role is RESEARCHER else 200) for role in Role],
        *[(name, None, 401) for name in ("findings.csv", "fhir.json", "radgraph.json")],
        ("other.csv", VIEWER, 400),
    ],
)
def test_who_may_download_what(hospital: Api, name: str, role: Role | None, status: int) -> None:
    response = export(hospital, name, LEFT, role)
    assert response.status_code == status, response.text
    if status != 200:
        assert set(response.json()) == {"errors"}


def test_a_download_ends_when_its_key_is_revoked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can take hours. The stream breaks off without its end, which every client notices."""
    monkeypatch.setattr("api.callers.REMEMBERED_S", 0.0)
    monkeypatch.setattr(rows, "_PATIENTS", rows._PATIENTS.replace("first: 20,", "first: 1,"))
    for number in range(4):
        api.submit(f"r{number}", EFFUSION, f"p{number}")
    api.work()
    asked: list[str] = []
    ask = rows.Asker.ask

    async def and_revoke(self: rows.Asker, query: str, variables: dict[str, Any]) -> Any:
        asked.append(query)
        if len(asked) == 3:
            api_keys.revoke(api.ledger, f"{VIEWER}-key")
        return await ask(self, query, variables)

    monkeypatch.setattr(rows.Asker, "ask", and_revoke)
    with pytest.raises(httpx2.RemoteProtocolError):
        export(api, "findings.csv", ALL)
    assert len(asked) == 3


def test_text_that_no_database_can_hold_is_refused(hospital: Api) -> None:
    where = b'{"where": {"finding": {"concept": {"name": "\\ud800"}}}}'
    headers = {"Authorization": f"Bearer {hospital.keys[VIEWER]}", "Content-Type": "application/json"}
    response = hospital.client.post("/exports/findings.csv", content=where, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


def test_researchers_get_the_keys_of_researchers(hospital: Api) -> None:
    assert {row["studyKey"] for row in table(hospital, LEFT)}.isdisjoint(
        row["studyKey"] for row in table(hospital, LEFT, RESEARCHER)
    )


def test_the_trail_names_every_patient_of_a_download(hospital: Api) -> None:
    patients = {row["patientId"] for row in table(hospital, LEFT, OPERATOR)}
    with hospital.ledger.read() as connection:
        newest = audit.entries(connection, limit=1)[0]
    assert (newest.actor, newest.action, newest.outcome) == ("operator-key", "query patients", "ok")
    assert set(newest.patients) == patients


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"no JSON", "BAD_REQUEST"),
        (b"[]", "BAD_REQUEST"),
        (b'{"where": {"other": 1}}', "BAD_REQUEST"),
        (b'{"where": {"finding": {"concept": {"unknown": 1}}}}', "BAD_USER_INPUT"),
        (b'{"where": {"patient": {"noLaterFinding": {}}}}', "BAD_USER_INPUT"),
    ],
)
def test_what_is_no_question_is_refused(hospital: Api, body: bytes, code: str) -> None:
    headers = {"Authorization": f"Bearer {hospital.keys[VIEWER]}", "Content-Type": "application/json"}
    response = hospital.client.post("/exports/findings.csv", content=body, headers=headers)
    assert response.json()["errors"][0]["extensions"]["code"] == code


CYPHER = "query ($where: CohortWhere!) { cohortCypher(where: $where) }"


@pytest.mark.parametrize("where", [ALL, LEFT, STAYED, WENT, {"finding": {"studiedAfter": "2024-02-15T00:00:00Z"}}])
def test_pasted_cypher_counts_what_the_cohort_counts(hospital: Api, where: dict[str, Any]) -> None:
    text = hospital.data(CYPHER, where=where)["cohortCypher"]
    assert "$" not in text
    with hospital.graph.session() as session:
        (row,) = session.run(text).single(strict=True)["rows"]
    assert row["patients"] == len({one["patientId"] for one in table(hospital, where)})


@pytest.mark.parametrize("value", ['it\'s \\ "quoted"\n', "𝔸ä", ["a", 1, 2.5, True, None], "${p0}"])
def test_a_literal_is_read_as_its_value(hospital: Api, value: Any) -> None:
    with hospital.graph.session() as session:
        assert session.run(f"RETURN {literal(value)} AS value").single(strict=True)["value"] == value


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@cmd", "\tx", 'say "no", twice\n'])
def test_a_cell_is_read_back_and_no_formula(words: str) -> None:
    finding = dict.fromkeys(("laterality", "severity", "score", "review", "witness", "presence", "studiedAt", "id"))
    study = {"studyKey": "s", "modality": None}
    row = {**finding, "text": words, "disputed": True, "concept": None, "study": study}
    patient = {"patientId": "p", "sex": None, "birthYear": 1950}
    (cells,) = csv.reader(io.StringIO(lines_of(PatientFindings(patient, [row])), newline=""))
    shown = dict(zip(COLUMNS, cells, strict=True))
    assert shown["text"] == (words if words.startswith("say") else f"'{words}")
    assert (shown["disputed"], shown["birthYear"], shown["conceptCode"]) == ("true", "1950", "")
