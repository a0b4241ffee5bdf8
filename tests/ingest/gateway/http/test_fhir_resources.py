"""What the FHIR door answers of resources: their names and versions; and the ways in which they come."""

import asyncio
import gzip
import json

import pytest
from sqlalchemy import select

from ingest.formats.cleaning import RAW_LIMIT
from ingest.ledger.states import State
from ingest.ledger.storage.tables import report_texts, sightings
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, PATIENT, bundle, diagnostic_report
from tests.ingest.gateway.http.conftest import OpenHttp
from tests.ingest.gateway.http.test_fhir_door import FHIR, post, transaction

NAMELESS = diagnostic_report(identifier=None, subject={"identifier": {"system": "urn:north", "value": "7"}})


async def put(http: OpenHttp, path: str, content: object, **headers: str):
    return await http.client.put(path, content=json.dumps(content).encode(), headers=FHIR | headers)


def reports(http: OpenHttp) -> set[str]:
    """The reports that are known, by pseudonym."""
    with http.reception.receiver.ledger.read() as connection:
        return {name for name in connection.execute(select(sightings.c.report_id)).scalars() if name}


async def test_a_create_is_answered_with_the_resource(http: OpenHttp):
    sent = NAMELESS | {"meta": {"profile": ["urn:north:profile"], "versionId": "77"}}
    response = await post(http, "/fhir/DiagnosticReport", sent)
    found, (event,) = response.json(), http.events()
    assert found["id"] != sent["id"]
    assert found["meta"] | {"lastUpdated": ""} == {
        "profile": ["urn:north:profile"], "versionId": str(event.id), "lastUpdated": ""
    }  # fmt: skip
    assert {name: found[name] for name in sent if name not in {"id", "meta"}} == {
        name: sent[name] for name in sent if name not in {"id", "meta"}
    }
    assert response.headers["etag"] == f'W/"{event.id}"'
    again = await post(http, "/fhir/DiagnosticReport", sent)
    assert (again.status_code, again.json()["id"], again.headers["etag"]) == (200, found["id"], f'W/"{event.id}"')


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("return=minimal", None),
        ("respond-async, return=minimal", None),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=representation", "DiagnosticReport"),
        ("handling=strict", "DiagnosticReport"),
    ],
)
async def test_the_sender_says_what_the_answer_holds(http: OpenHttp, prefer, expected):
    response = await post(http, "/fhir/DiagnosticReport", NAMELESS, Prefer=prefer)
    assert response.status_code == 201
    assert (response.json()["resourceType"] if response.content else None) == expected
    assert response.headers["location"]


async def test_what_is_saved_twice_is_one_report(http: OpenHttp):
    """As clients do that take the answer for the resource, change it, and send it back."""
    first = (await post(http, "/fhir/DiagnosticReport", NAMELESS)).json()
    changed = first | {"status": "amended", "conclusion": "Effusion."}
    second = await put(http, f"/fhir/DiagnosticReport/{first['id']}", changed)
    assert second.status_code == 200
    assert second.json()["meta"]["versionId"] != first["meta"]["versionId"]
    third = await put(http, f"/fhir/DiagnosticReport/{first['id']}", second.json() | {"conclusion": "No effusion."})
    assert (third.status_code, len(reports(http)), len(http.events())) == (200, 1, 3)


async def test_a_put_creates_and_then_updates(http: OpenHttp):
    sent = NAMELESS | {"id": "x-1"}
    first = await put(http, "/fhir/DiagnosticReport/x-1", sent)
    same = await put(http, "/fhir/DiagnosticReport/x-1", sent)
    second = await put(http, "/fhir/DiagnosticReport/x-1", sent | {"status": "amended"})
    assert [answer.status_code for answer in (first, same, second)] == [201, 200, 200]
    assert [answer.json()["id"] for answer in (first, same, second)] == ["x-1"] * 3
    assert first.headers["etag"] == same.headers["etag"] != second.headers["etag"]
    assert len(reports(http)) == 1
    other = await put(http, "/fhir/DiagnosticReport/x-2", NAMELESS | {"id": "x-2"})
    assert (other.status_code, len(reports(http))) == (201, 2)


async def test_if_match_takes_an_update_of_the_newest_version_alone(http: OpenHttp):
    sent = NAMELESS | {"id": "x-1"}
    first = await put(http, "/fhir/DiagnosticReport/x-1", sent)
    changed = sent | {"status": "amended"}
    second = await put(http, "/fhir/DiagnosticReport/x-1", changed, **{"If-Match": first.headers["etag"]})
    late = await put(
        http, "/fhir/DiagnosticReport/x-1", sent | {"conclusion": "x"}, **{"If-Match": first.headers["etag"]}
    )
    assert [answer.status_code for answer in (first, second, late)] == [201, 200, 412]
    strong = second.headers["etag"].removeprefix("W/")
    for etag in (strong, "*"):
        last = await put(http, "/fhir/DiagnosticReport/x-1", sent | {"conclusion": etag}, **{"If-Match": etag})
        assert last.status_code == 200


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_if_match_of_an_entry(http: OpenHttp, kind):
    first = await put(http, "/fhir/DiagnosticReport/x-1", NAMELESS | {"id": "x-1"})
    statuses = []
    for number, etag in enumerate((first.headers["etag"], first.headers["etag"], 'W/"none"')):
        sent = transaction(NAMELESS | {"id": "x-1", "conclusion": f"Effusion {number}."}) | {"type": kind}
        request = {"method": "PUT", "url": "DiagnosticReport/x-1", "ifMatch": etag}
        sent["entry"][0]["request"] = request
        answer = await post(http, "/fhir", sent)
        statuses.append(answer.json()["entry"][0]["response"]["status"] if kind == "batch" else str(answer.status_code))
    assert [status[:3] for status in statuses] == ["200", "412", "412"]
    assert len(http.events()) == 2


@pytest.mark.parametrize("path", ["/fhir/DiagnosticReport/", "/fhir/DiagnosticReport"])
async def test_a_slash_at_the_end_of_an_address(http: OpenHttp, path):
    assert (await post(http, path, NAMELESS)).status_code == 201


async def test_a_conditional_update(http: OpenHttp):
    where = "/fhir/DiagnosticReport?identifier=urn:north:reports%7CR9"
    assert (await put(http, where, NAMELESS)).status_code == 201
    assert (await put(http, where, NAMELESS | {"status": "amended"})).status_code == 200
    assert len(reports(http)) == 1
    assert (await put(http, "/fhir/DiagnosticReport?status=final", NAMELESS)).status_code == 400
    assert (await put(http, "/fhir/DiagnosticReport", NAMELESS)).status_code == 400


async def test_a_study_by_put(http: OpenHttp):
    study = IMAGING_STUDY | {"id": "s1", "subject": {"identifier": {"system": "urn:north", "value": "7"}}}
    assert (await put(http, "/fhir/ImagingStudy/s1", study)).status_code == 201


@pytest.mark.parametrize(
    ("path", "content", "headers", "status"),
    [
        ("/fhir/DiagnosticReport/a", NAMELESS | {"id": "b"}, {}, 400),
        ("/fhir/DiagnosticReport/a_b", NAMELESS | {"id": "a_b"}, {}, 400),
        ("/fhir/DiagnosticReport/a", PATIENT | {"id": "a"}, {}, 400),
        ("/fhir/DiagnosticReport/a", NAMELESS | {"id": "a"}, {"If-Match": 'W/"1"'}, 412),
        ("/fhir/DiagnosticReport/a", NAMELESS | {"id": "a"}, {"If-Match": "none"}, 412),
        ("/fhir/DiagnosticReport/a", NAMELESS | {"id": "a", "conclusion": None}, {}, 422),
        ("/fhir/Patient/a", PATIENT | {"id": "a"}, {}, 404),
    ],
)
async def test_updates_that_are_not_taken(http: OpenHttp, path, content, headers, status):
    response = await put(http, path, content, **headers)
    assert (response.status_code, response.json()["resourceType"]) == (status, "OperationOutcome")
    assert not reports(http)


async def test_a_report_that_names_neither_itself_nor_a_patient_is_refused(http: OpenHttp):
    response = await post(http, "/fhir/DiagnosticReport", diagnostic_report(identifier=None, subject=None))
    assert (response.status_code, response.json()["issue"][0]["code"]) == (422, "required")


async def test_the_entries_of_a_transaction_have_names_and_versions(http: OpenHttp):
    second = diagnostic_report(identifier=[{"value": "R2"}], id="mine")
    sent = transaction(diagnostic_report(), PATIENT, second)
    sent["entry"][2]["request"] = {"method": "PUT", "url": "DiagnosticReport/mine"}
    response = await post(http, "/fhir", sent, Prefer="return=representation")
    first, patient, last = response.json()["entry"]
    (event,) = http.events()
    assert first["response"]["location"].endswith(f"/DiagnosticReport/{first['resource']['id']}/_history/{event.id}")
    assert (last["resource"]["id"], last["response"]["etag"]) == ("mine", f'W/"{event.id}"')
    assert "location" not in patient["response"]
    plain = await post(http, "/fhir", sent)
    assert [entry["response"]["status"] for entry in plain.json()["entry"]] == ["200 OK"] * 3
    assert not any("resource" in entry for entry in plain.json()["entry"])


@pytest.mark.parametrize("before", ["", "?", "DiagnosticReport?", "http://north/fhir/DiagnosticReport?"])
@pytest.mark.parametrize("separator", ["|", "%7C"])
async def test_what_is_there_already_is_answered_with_the_resource(http: OpenHttp, before, separator):
    condition = {"If-None-Exist": f"{before}identifier=urn:north:reports{separator}R1"}
    first = await post(http, "/fhir/DiagnosticReport", diagnostic_report(), **condition)
    second = await post(http, "/fhir/DiagnosticReport", diagnostic_report(conclusion="Other."), **condition)
    assert (second.status_code, second.headers["location"]) == (200, first.headers["location"])
    assert (second.json()["id"], second.json()["conclusion"]) == (first.json()["id"], "No acute disease.")


HEADER = {
    "resourceType": "MessageHeader",
    "id": "m-1",
    "eventCoding": {"system": "urn:north:events", "code": "report"},
    "source": {"endpoint": "urn:north"},
}


@pytest.mark.parametrize("path", ["/fhir", "/fhir/", "/fhir/Bundle"])
@pytest.mark.parametrize("kind", ["message", "collection", "document"])
async def test_bundles_that_are_no_request_are_one_message(http: OpenHttp, path, kind):
    response = await post(http, path, bundle(HEADER, diagnostic_report(), PATIENT, type=kind))
    assert (response.status_code, response.json()["type"]) == (201, kind)
    assert [event.external_id for event in http.events()] == ["R1"]


async def test_a_transaction_at_the_address_of_bundles(http: OpenHttp):
    response = await post(http, "/fhir/Bundle", transaction(diagnostic_report()))
    assert (response.status_code, response.json()["type"]) == (200, "transaction-response")


async def test_a_message_is_answered_by_a_message(http: OpenHttp):
    sent = bundle(HEADER, diagnostic_report(), type="message")
    for content in (sent, {"resourceType": "Parameters", "parameter": [{"name": "content", "resource": sent}]}):
        response = await post(http, "/fhir/$process-message", content)
        assert (response.status_code, response.json()["type"]) == (200, "message")
        header = response.json()["entry"][0]["resource"]
        assert header["response"] == {"identifier": "m-1", "code": "ok"}
        assert header["eventCoding"] == HEADER["eventCoding"]
        if content is sent:
            assert len(reports(http)) == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (bundle(diagnostic_report(), type="message"), 400),
        (bundle(HEADER, diagnostic_report(), type="collection"), 400),
        (bundle(HEADER, PATIENT, type="message"), 422),
        ({"resourceType": "Parameters"}, 400),
    ],
)
async def test_messages_that_are_not_taken(http: OpenHttp, content, status):
    response = await post(http, "/fhir/$process-message", content)
    assert (response.status_code, response.json()["resourceType"]) == (status, "OperationOutcome")


def words(http: OpenHttp) -> list[str]:
    with http.reception.receiver.ledger.read() as connection:
        return list(connection.execute(select(report_texts.c.text)).scalars())


LETTERS = json.dumps(diagnostic_report(conclusion="Größe 2 cm."), ensure_ascii=False)
LATIN_1 = {"Content-Type": "application/json; charset=iso-8859-1"}


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (LETTERS.encode("utf-8-sig"), {}, 201),
        (LETTERS.encode("utf-16"), {}, 201),
        (LETTERS.encode("latin-1"), LATIN_1, 201),
        (LETTERS.encode(), LATIN_1, 201),
        (LETTERS.encode("latin-1"), {}, 400),
        (LETTERS.encode("latin-1"), {"Content-Type": "application/json; charset=none"}, 400),
    ],
)  # fmt: skip
async def test_json_in_other_sets(http: OpenHttp, raw, headers, status):
    response = await post(http, "/fhir/DiagnosticReport", raw, **headers)
    assert response.status_code == status
    assert words(http) == (["IMPRESSION:\nGröße 2 cm."] if status == 201 else [])


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/fhir+json; fhirVersion=4.0", 201),
        ("application/fhir+json; fhirVersion=4.0.1; charset=UTF-8", 201),
        ("application/fhir+json; fhirVersion=4.3", 201),
        ("text/json", 201),
        ("application/fhir+json; fhirVersion=5.0", 415),
        ("application/fhir+json; fhirVersion=3.0", 415),
        ("application/fhir+xml", 415),
        ("application/xml", 415),
        ("text/plain", 415),
    ],
)
async def test_media_types(http: OpenHttp, kind, status):
    for path in ("/fhir/DiagnosticReport", "/fhir/Bundle", "/fhir/$process-message"):
        response = await post(http, path, diagnostic_report(), **{"Content-Type": kind})
        if path == "/fhir/DiagnosticReport" or status == 415:
            assert response.status_code == status


PLAIN = json.dumps(diagnostic_report()).encode()
PACKED = gzip.compress(PLAIN)


@pytest.mark.parametrize(
    ("packed", "coding", "status"),
    [
        (PACKED, "gzip", 201),
        (gzip.compress(PLAIN[:50]) + gzip.compress(PLAIN[50:]), "GZIP", 201),
        (PACKED, "x-gzip", 201),
        (PLAIN, "identity", 201),
        (PACKED[:-9], "gzip", 400),
        (PACKED + b"x", "gzip", 400),
        (PLAIN, "gzip", 400),
        (gzip.compress(b" " * RAW_LIMIT + PLAIN), "gzip", 413),
        (PACKED, "br", 415),
        (PACKED, "gzip, gzip", 415),
    ],
)
async def test_packed_bodies(http: OpenHttp, packed, coding, status):
    response = await post(http, "/fhir/DiagnosticReport", packed, **{"Content-Encoding": coding})
    assert response.status_code == status
    assert [event.state for event in http.events()] == ([State.RECEIVED] if status == 201 else [])


async def test_of_updates_of_one_version_that_come_together_one_is_done(http: OpenHttp):
    """As single resources, as entries of a batch and as transactions."""
    sent = NAMELESS | {"id": "x-2", "conclusion": "FINDINGS: Clear."}
    etag = (await put(http, "/fhir/DiagnosticReport/x-2", sent)).headers["etag"]
    changed = [sent | {"conclusion": f"FINDINGS: Clear {number}."} for number in range(6)]
    done = await asyncio.gather(
        *(put(http, "/fhir/DiagnosticReport/x-2", one, **{"If-Match": etag}) for one in changed)
    )
    assert sorted(answer.status_code for answer in done) == [200] + [412] * 5
    newest = next(answer for answer in done if answer.status_code == 200).headers["etag"]
    url = "DiagnosticReport/x-2"
    entries = [{"resource": one, "request": {"method": "PUT", "url": url, "ifMatch": newest}} for one in changed]
    whole = await post(http, "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    told = [entry["response"]["status"][:3] for entry in whole.json()["entry"]]
    assert sorted(told) == ["200"] + ["412"] * 5
    newest = next(e["response"]["etag"] for e in whole.json()["entry"] if e["response"]["status"][:3] == "200")
    asked = {"method": "PUT", "url": url, "ifMatch": newest}
    again = [sent | {"conclusion": f"FINDINGS: Clear again {number}."} for number in range(6)]
    entries = [{"resource": one, "request": asked} for one in again]
    bundles = [{"resourceType": "Bundle", "type": "transaction", "entry": [entry]} for entry in entries]
    answers = await asyncio.gather(*(post(http, "/fhir", each) for each in bundles))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
