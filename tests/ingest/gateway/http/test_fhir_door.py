"""FHIR R4 by a real client."""

import json

import pytest

from ingest.gateway.door import Reception
from ingest.ledger.states import State
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, PATIENT, bundle, diagnostic_report
from tests.ingest.gateway.http.conftest import OpenHttp, open_http

FHIR = {"Content-Type": "application/fhir+json"}


def transaction(*resources: dict, **request: str) -> dict:
    found = bundle(*resources)
    entries = [entry | {"request": {"method": "POST", **request}} for entry in found["entry"]]
    return found | {"type": "transaction", "entry": entries}


async def post(http: OpenHttp, path: str, content: object, **headers: str):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await http.client.post(path, content=raw, headers=FHIR | headers)


async def test_a_report_is_created_once(http: OpenHttp):
    response = await post(http, "/fhir/DiagnosticReport", diagnostic_report())
    assert response.status_code == 201
    (event,) = http.events()
    assert event.state == State.RECEIVED
    name = response.json()["id"]
    assert response.headers["location"] == f"{http.base}/fhir/DiagnosticReport/{name}/_history/{event.id}"
    assert (await post(http, "/fhir/DiagnosticReport", diagnostic_report())).status_code == 200
    assert len(http.events()) == 1


async def test_an_imaging_study(http: OpenHttp):
    response = await post(http, "/fhir/ImagingStudy", IMAGING_STUDY | {"subject": {"reference": "Patient/p1"}})
    assert response.status_code == 201


async def test_if_none_exist(http: OpenHttp):
    report = diagnostic_report()
    identifier = report["identifier"][0]
    condition = {"If-None-Exist": f"identifier={identifier.get('system', '')}|{identifier['value']}"}
    first = await post(http, "/fhir/DiagnosticReport", report, **condition)
    changed = report | {"status": "amended"}
    second = await post(http, "/fhir/DiagnosticReport", changed, **condition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == first.headers["location"]
    assert len(http.events()) == 1
    assert (await post(http, "/fhir/DiagnosticReport", changed)).status_code == 201
    unknown = await post(http, "/fhir/DiagnosticReport", report, **{"If-None-Exist": "status=final"})
    assert (unknown.status_code, unknown.json()["issue"][0]["code"]) == (400, "not-supported")


async def test_a_transaction_is_one_message(http: OpenHttp):
    response = await post(http, "/fhir", transaction(diagnostic_report(), IMAGING_STUDY, PATIENT))
    assert (response.status_code, response.json()["type"]) == (200, "transaction-response")
    entries = [entry["response"]["status"] for entry in response.json()["entry"]]
    assert entries == ["201 Created", "201 Created", "200 OK"]
    assert len(http.events()) == 1


async def test_a_transaction_of_what_is_there_already_stores_nothing(http: OpenHttp):
    identifier = diagnostic_report()["identifier"][0]
    condition = {"ifNoneExist": f"identifier={identifier.get('system', '')}|{identifier['value']}"}
    first = await post(http, "/fhir", transaction(diagnostic_report(), **condition))
    second = await post(http, "/fhir", transaction(diagnostic_report(conclusion="Other."), **condition))
    assert first.json()["entry"][0]["response"]["status"] == "201 Created"
    assert second.json()["entry"][0]["response"]["status"] == "200 OK"
    assert len(http.events()) == 1


LABORATORY = diagnostic_report(
    category=[{"coding": [{"code": "LAB"}]}], code={"text": "Blood count"}, imagingStudy=[], conclusion="Normal."
)


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/fhir/DiagnosticReport", b"{", 400, "structure"),
        ("/fhir/DiagnosticReport", b'{"resourceType": "DiagnosticReport", "status": 3}', 400, "structure"),
        ("/fhir/DiagnosticReport", PATIENT, 400, "invalid"),
        ("/fhir/DiagnosticReport", LABORATORY, 422, "business-rule"),
        ("/fhir", b"[]", 400, "structure"),
        ("/fhir", PATIENT, 400, "not-supported"),
        ("/fhir", bundle(diagnostic_report()) | {"type": "history"}, 400, "not-supported"),
        ("/fhir", transaction(diagnostic_report(), method="DELETE"), 400, "not-supported"),
        ("/fhir", transaction(PATIENT), 422, "not-supported"),
    ],
)
async def test_what_is_not_done_has_an_outcome(http: OpenHttp, path, content, status, code):
    response = await post(http, path, content)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/fhir+json")
    assert response.json()["issue"][0]["code"] == code
    assert all(event.state == State.REFUSED for event in http.events())


async def test_another_media_type_and_a_body_too_large(http: OpenHttp):
    wrong = await http.client.post("/fhir", content=b"<Bundle/>", headers={"Content-Type": "application/fhir+xml"})
    assert wrong.status_code == 415
    assert (await post(http, "/fhir/DiagnosticReport", bytes(21 * 1024 * 1024))).status_code == 413


async def test_the_capability_statement_needs_no_key_and_states_what_there_is(http: OpenHttp):
    response = await http.client.get("/fhir/metadata", headers={"Authorization": ""})
    assert response.status_code == 200
    found = response.json()
    assert (found["resourceType"], found["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    for resource in found["rest"][0]["resource"]:
        assert (await post(http, f"/fhir/{resource['type']}", b"{")).status_code == 400
    served = await http.client.get("/fhir/DiagnosticReport/1")
    assert (served.status_code, served.json()["resourceType"]) == (405, "OperationOutcome")
    unknown = await post(http, "/fhir/DocumentReference", {"resourceType": "DocumentReference"})
    assert (unknown.status_code, unknown.json()["resourceType"]) == (404, "OperationOutcome")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer vlmkg_unknown", "Basic dTpw"])
async def test_without_a_key_nothing_is_taken(http: OpenHttp, authorization):
    for path in ("/fhir", "/fhir/DiagnosticReport", "/dicomweb/studies"):
        response = await post(http, path, diagnostic_report(), Authorization=authorization)
        assert response.status_code == 401
    assert http.events() == []


async def test_roles_that_only_read_may_not_send(http: OpenHttp):
    from ingest.ledger.access import api_keys
    from ingest.ledger.access.api_keys import Role

    for role in (Role.VIEWER, Role.RESEARCHER):
        key = api_keys.create(http.reception.receiver.ledger, role.value, role)
        response = await post(http, "/fhir/DiagnosticReport", diagnostic_report(), Authorization=f"Bearer {key}")
        assert response.status_code == 403
    assert http.events() == []


async def test_a_key_that_was_revoked_sends_no_more(http: OpenHttp):
    from ingest.ledger.access import api_keys

    assert (await post(http, "/fhir/DiagnosticReport", diagnostic_report())).status_code == 201
    key = http.client.headers["Authorization"].removeprefix("Bearer ")
    api_keys.revoke(http.reception.receiver.ledger, api_keys.key_id(key))
    assert (await post(http, "/fhir/DiagnosticReport", diagnostic_report())).status_code == 401


async def test_without_keys_on_loopback_alone(reception: Reception, monkeypatch):
    from vlmkg.errors import UsageError

    async with open_http(reception, monkeypatch, VLMKG_AUTH="off") as http:
        assert (await post(http, "/fhir/DiagnosticReport", diagnostic_report(), Authorization="")).status_code == 201
    monkeypatch.setenv("VLMKG_GATEWAY_HOST", "0.0.0.0")
    with pytest.raises(UsageError, match="loopback"):
        async with open_http(reception, monkeypatch):
            pass


async def test_addresses_that_may_not_send(reception: Reception, monkeypatch):
    async with open_http(reception, monkeypatch, VLMKG_GATEWAY_ALLOW="10.0.0.0/8") as http:
        assert (await post(http, "/fhir/DiagnosticReport", diagnostic_report())).status_code == 403
