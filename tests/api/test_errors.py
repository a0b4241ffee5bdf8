"""Bad input gets a code and a sentence that helps; never a stack trace, never what was sent."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.ledger.access.api_keys import Role
from tests.api.conftest import SUBMIT, Api

SECRET = "Jane-Doe-4711"
WHERE = "query ($w: FindingWhere) { findings(where: $w) { totalCount } }"
BOTH = f'patientId: "{SECRET}", identifier: {{authority: "a", value: "b"}}'
CASES = [
    ("{ findings { edges { node { text } }", {}, "GRAPHQL_PARSE_FAILED"),
    ("{ fndings { totalCount } }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ("{ findings }", {}, "GRAPHQL_VALIDATION_FAILED"),
    (f'{{ findings(where: {{studiedAfter: "{SECRET}"}}) {{ totalCount }} }}', {}, "GRAPHQL_VALIDATION_FAILED"),
    (f'{{ findings(where: {{presence: "{SECRET}"}}) {{ totalCount }} }}', {}, "GRAPHQL_VALIDATION_FAILED"),
    (f'{{ findings(first: "{SECRET}") {{ totalCount }} }}', {}, "GRAPHQL_VALIDATION_FAILED"),
    (f'{{ findings(after: "{SECRET}") {{ totalCount }} }}', {}, "BAD_CURSOR"),
    (f'{{ node(id: "{SECRET}") {{ id }} }}', {}, "BAD_USER_INPUT"),
    (f"{{ patient({BOTH}) {{ sex }} }}", {}, "BAD_USER_INPUT"),
    ("{ patient { sex } }", {}, "BAD_USER_INPUT"),
    (f'{{ study(studyUid: "{SECRET}", studyKey: "{SECRET}") {{ modality }} }}', {}, "BAD_USER_INPUT"),
    ("{ findings(where: {concept: {}}) { totalCount } }", {}, "BAD_USER_INPUT"),
    ('{ findings(where: {location: {name: " "}}) { totalCount } }', {}, "BAD_USER_INPUT"),
    ("{ patients(where: {noLaterFinding: {}}) { totalCount } }", {}, "BAD_USER_INPUT"),
    (WHERE, {"w": {"presence": [SECRET]}}, "BAD_USER_INPUT"),
    (WHERE, {"w": {"colour": SECRET}}, "BAD_USER_INPUT"),
    (WHERE, {"w": {"minScore": SECRET}}, "BAD_USER_INPUT"),
    (WHERE, {"w": {"studiedAfter": SECRET}}, "BAD_USER_INPUT"),
    (WHERE, {"w": SECRET}, "BAD_USER_INPUT"),
    ("query ($n: Int!) { findings(first: $n) { totalCount } }", {"n": SECRET}, "BAD_USER_INPUT"),
    ("query ($n: Int!) { findings(first: $n) { totalCount } }", {}, "BAD_USER_INPUT"),
    (SUBMIT, {"input": {"reportId": SECRET, "text": [SECRET], "patient": SECRET}}, "BAD_USER_INPUT"),
    (SUBMIT, {"input": {"reportId": SECRET, "text": SECRET, "patient": {"authority": SECRET}}}, "BAD_USER_INPUT"),
    ("query A { __typename } query B { __typename }", {}, "BAD_REQUEST"),
    ("query A { __typename } query B { events { totalCount } }", {}, "BAD_REQUEST"),
    ("fragment f on Finding { text }", {}, "BAD_REQUEST"),
    ("subscription { eventUpdates(id: 1) { id } }", {}, "BAD_REQUEST"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "variables", "expected"), CASES)
def test_bad_input(hospital: Api, query: str, variables: dict[str, Any], expected: str) -> None:
    with capture_logs() as logs:
        answer = hospital.ask(query, **variables)
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {expected}, answer
    assert not any((answer.get("data") or {}).values())
    shown = json.dumps(answer)
    assert "Traceback" not in shown
    assert 'File "' not in shown
    assert all(10 < len(error["message"]) <= 500 for error in answer["errors"])
    assert SECRET not in shown
    assert SECRET not in json.dumps(logs, default=str)


BODIES = [
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b'[{"query": "{ __typename }"}]', "application/json"),
    (b'"query"', "application/json"),
    (b"{}", "application/json"),
    (b'{"query": 1}', "application/json"),
    (b'{"query": " "}', "application/json"),
    (b'{"query": "{ __typename }", "variables": []}', "application/json"),
    (b'{"query": "{ __typename }", "variables": "x"}', "application/json"),
    (b'{"query": "{ __typename }", "operationName": 1}', "application/json"),
    (b'{"query": "{ __typename }", "variables": {"x": "\\ud800"}}', "application/json"),
    (b'{"query": "\xff"}', "application/json"),
    (b"[" * 200_000, "application/json"),
    (b'{"query": "{ __typename }"}', "text/plain"),
    (b"query=%7B__typename%7D", "application/x-www-form-urlencoded"),
    (b'{"query": "{ __typename }"}', ""),
]


@pytest.mark.parametrize(("body", "content_type"), BODIES)
def test_bad_bodies(hospital: Api, body: bytes, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {hospital.keys[Role.ADMIN]}"}
    if content_type:
        headers["Content-Type"] = content_type
    response = hospital.client.post("/graphql", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}


def test_queries_by_get_are_not_taken(hospital: Api) -> None:
    headers = {"Authorization": f"Bearer {hospital.keys[Role.ADMIN]}"}
    response = hospital.client.get("/graphql", params={"query": "{ __typename }"}, headers=headers)
    assert "application/json" not in response.headers["content-type"]
    assert "__typename" not in response.text


def test_what_nobody_foresaw_is_masked_and_logged_without_its_words(
    hospital: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError(SECRET)

    monkeypatch.setattr("api.resolvers.fetch", fail)
    with capture_logs() as logs:
        answer = hospital.ask("{ findings { totalCount } }")
    assert answer["errors"][0]["message"] == "an unexpected error occurred on the server: report it to its operator"
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL_ERROR"}
    (entry,) = [entry for entry in logs if entry["event"] == "api.unforeseen"]
    assert entry["kind"] == "LookupError"
    assert any("fail" in place for place in entry["places"])
    assert SECRET not in json.dumps(logs, default=str)


def test_injection_stays_a_value(hospital: Api) -> None:
    """Words that would end a string or a query are looked for, and not found."""
    for words in ("' OR true //", '" OR 1=1', "`}) DETACH DELETE n //", "\\", '\\"', "*", "a AND b~", "[a TO z]"):
        asked = "findings(where: {concept: {name: $w}}) { totalCount } concepts(search: $w) { name }"
        answer = hospital.data(f"query ($w: String!) {{ {asked} }}", w=words)
        assert answer["findings"] == {"totalCount": 0}
        assert all(words.lower() in concept["name"].lower() for concept in answer["concepts"])
    assert hospital.data("{ findings { totalCount } }")["findings"]["totalCount"] > 0
