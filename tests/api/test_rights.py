"""Who may see and do what: one matrix, which also shows that nothing leaks and nothing is written where refused."""

import json
from typing import Any

import pytest

from api.rights import NEEDED_BY_ARGUMENT, NEEDED_BY_FIELD
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import Role
from ingest.ledger.events import events
from tests.api.conftest import SUBMIT, Api, submission

VIEWER, RESEARCHER, OPERATOR, ADMIN = Role
EVERYONE = {VIEWER, RESEARCHER, OPERATOR, ADMIN}
IDENTIFYING = EVERYONE - {RESEARCHER}
OPERATING = {OPERATOR, ADMIN}

FIELDS = [
    ("{ findings { edges { node { text concept { name } } } } }", EVERYONE),
    ("{ patients { edges { node { patientId studies { totalCount } } } } }", EVERYONE),
    ("{ studies { edges { node { studyKey accession startedAt reports { reportId version } } } } }", EVERYONE),
    ("{ concepts(search: \"lung\") { code } checkpoint { engine } unmappedTerms { term } }", EVERYONE),
    ("{ event(id: 1) { state reason source } }", EVERYONE),
    ('{ cohort(where: {}) { patients { count } } }', EVERYONE),
    ('{ cohortCypher(where: {}) }', EVERYONE),
    ("{ studies { edges { node { studyUid } } } }", IDENTIFYING),
    ("{ studies { edges { node { images { sopInstanceUid } } } } }", IDENTIFYING),
    ("{ studies { edges { node { reports { text } } } } }", IDENTIFYING),
    ("{ findings { edges { node { report { text } } } } }", IDENTIFYING),
    ("{ findings { edges { node { suggests { study { ...s } } } } } } fragment s on Study { studyUid }", IDENTIFYING),
    ("{ studies { edges { node { reports { setAside { start end reason } } } } } }", EVERYONE),
    ("{ studies { edges { node { reports { setAside { text } } } } } }", IDENTIFYING),
    ("{ findings { edges { node { report { setAside { reason text } } } } } }", IDENTIFYING),
    ('{ node(id: "Study:x") { ... on Study { studyUid } } }', IDENTIFYING),
    ('{ node(id: "Event:1") { id ... on Event { externalId } } }', IDENTIFYING),
    ("{ event(id: 1) { externalId } }", IDENTIFYING),
    ('{ study(studyUid: "1.2.1") { studyKey } }', IDENTIFYING),
    ('{ patient(identifier: {authority: "TESTS", value: "anna"}) { patientId } }', IDENTIFYING),
    ('mutation { reviewFinding(id: "Finding:x", verdict: WRONG) { finding { reviews { verdict } } } }', EVERYONE),
    ("{ findings { edges { node { review reviews { reviewer verdict } } } } }", EVERYONE),
    ("{ findings { edges { node { reviews { note } } } } }", IDENTIFYING),
    ("{ caller { name role rights } }", EVERYONE),
    ("{ findings { edges { node { reviewedByMe } } } reviewAgreement { pairs { kappa } } }", EVERYONE),
    ("{ studies(first: 2) { edges { node { mentions { mentionId text relations { target type } } } } } }", EVERYONE),
    ('{ film(studyKey: "x", sopInstanceUid: "1.2") { base64 } }', IDENTIFYING),
    ('{ missedFindings(studyKey: "x") { text } }', IDENTIFYING),
    ('mutation { markMissed(input: {reportKey: "x", start: 0, end: 1, presence: PRESENT}) { text } }', IDENTIFYING),
    ('mutation { withdrawMissed(id: "99") { text } }', IDENTIFYING),
    ("{ events { edges { node { state } } } }", OPERATING),
    ("{ rejections { edges { node { reason } } } }", OPERATING),
    ("{ eventPayload(id: 1) { size text } }", OPERATING),
    ("{ eventParts(id: 1) { text parts { name } } }", {ADMIN}),
    ("mutation { replayEvent(id: 99) { replayed } }", OPERATING),
    ("{ findings { edges { node { text } } } events { totalCount } }", OPERATING),
]  # fmt: skip


def audited(api: Api) -> list[audit.AuditEntry]:
    with api.ledger.read() as connection:
        return audit.entries(connection, limit=1_000)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("query", "allowed"), FIELDS)
def test_the_matrix(hospital: Api, query: str, allowed: set[Role], role: Role) -> None:
    before = audited(hospital)
    answer = hospital.ask(query, role)
    written = audited(hospital)[: -len(before) or None]
    if role in allowed:
        assert "errors" not in answer, answer
        assert [entry.outcome for entry in written] in (["ok"], [])
        return
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], answer["data"]) == ("FORBIDDEN", None)
    assert [(entry.outcome, entry.patients) for entry in written] == [("FORBIDDEN", ())]
    assert written[0].actor == f"{role}-key"


@pytest.mark.parametrize("role", list(Role))
def test_only_operators_submit_and_nothing_is_stored_of_others(hospital: Api, role: Role) -> None:
    def stored() -> int:
        with hospital.ledger.read() as connection:
            return events.count(connection)

    before = stored()
    answer = hospital.ask(SUBMIT, role, input=submission(f"by-{role}", "FINDINGS: Clear lungs."))
    if role in OPERATING:
        assert answer["data"]["submitReport"]["event"]["state"] == "RECEIVED"
        assert stored() == before + 1
    else:
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert stored() == before


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}],
)
@pytest.mark.parametrize(
    "query", [query for query, _ in FIELDS] + ["{ __typename }", "{ __schema { types { name } } }"]
)
def test_no_key_no_data(hospital: Api, query: str, headers: dict[str, str]) -> None:
    response = hospital.post({"query": query}, role=None, **headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "data" not in response.json()


def test_a_researcher_sees_no_identifier_and_no_text_in_any_answer(hospital: Api) -> None:
    """All that a researcher is let to ask for at once, looked through for what a sender gave us."""
    query = """{ findings(where: {presence: [PRESENT, UNCERTAIN, ABSENT]}) { edges { node { id text
        study { id studyKey accession modality bodyPart startedAt images { view digest } extraction { extractionId }
                reports { reportKey reportId status issuedAt textDigest } }
        patient { id patientId sex birthYear } report { reportId } } } }
      event(id: 1) { id source detail studyKeys } }"""
    answer = json.dumps(hospital.data(query, RESEARCHER))
    for original in ("anna", "bert", "carl", "1.2.1", "1.2.4", "A-1", '"a1"', "FINDINGS", "1950-06-07"):
        assert original not in answer


def test_every_rule_names_what_the_schema_has(api: Api) -> None:
    """A renamed field must not slip out of its rule."""
    types: Any = api.data("{ __schema { types { name fields { name args { name } } } } }")["__schema"]["types"]
    fields = {(t["name"], f["name"]): {a["name"] for a in f["args"]} for t in types for f in t["fields"] or []}
    assert set(NEEDED_BY_FIELD) <= set(fields)
    assert all(argument in fields[type_, field] for type_, field, argument in NEEDED_BY_ARGUMENT)


def test_a_key_that_was_taken_away_works_a_few_seconds_at_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.callers.REMEMBERED_S", 0.0)
    from ingest.ledger.storage.tables import api_keys

    assert api.ask("{ __typename }", VIEWER) == {"data": {"__typename": "Query"}}
    with api.ledger.write() as connection:
        connection.execute(api_keys.delete())
    assert api.code("{ __typename }", VIEWER) == "UNAUTHENTICATED"
