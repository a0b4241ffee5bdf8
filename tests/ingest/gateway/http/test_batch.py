"""Batch Bundles by a real client: each entry is answered for itself."""

import threading

from ingest.gateway.door import Reception
from ingest.gateway.http import conditions
from ingest.ledger import study_facts
from ingest.ledger.states import State
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, PATIENT, diagnostic_report
from tests.ingest.gateway.http.conftest import OpenHttp
from tests.ingest.gateway.http.test_fhir_door import LABORATORY, post, transaction


def batch(*resources: dict, **request: str) -> dict:
    return transaction(*resources, **request) | {"type": "batch"}


def report(number: int, **fields: object) -> dict:
    """A report of a study of its own."""
    identifier = [{"system": "urn:north:reports", "value": f"R{number}"}]
    return diagnostic_report(identifier=identifier, imagingStudy=[], **fields)


async def statuses(http: OpenHttp, content: dict) -> list[str]:
    response = await post(http, "/fhir", content)
    assert (response.status_code, response.json()["type"]) == (200, "batch-response")
    return [entry["response"]["status"] for entry in response.json()["entry"]]


def patients_of(reception: Reception) -> set[str]:
    with reception.receiver.ledger.read() as connection:
        found = study_facts.load_many(connection, study_facts.all_study_keys(connection))
    return {study.patient.patient_id for study in found.values()}


async def test_each_entry_is_stored_by_itself_with_its_patient(http: OpenHttp):
    sent = batch(report(1), PATIENT, report(2), IMAGING_STUDY)
    assert await statuses(http, sent) == ["201 Created", "200 OK", "201 Created", "201 Created"]
    assert [event.state for event in http.events()] == [State.RECEIVED] * 3
    assert await statuses(http, sent) == ["200 OK"] * 4
    assert len(http.events()) == 3
    # The same patient in a transaction: a batch does not make another one of them.
    before = patients_of(http.reception)
    await post(http, "/fhir", transaction(report(3), PATIENT))
    assert patients_of(http.reception) == before
    assert len(before) == 1


async def test_one_that_fails_does_not_take_others_along(http: OpenHttp):
    good, bad = report(1), report(2, status=3)
    response = await post(http, "/fhir", batch(good, bad, LABORATORY, PATIENT | {"id": "nobody"}))
    answers = [entry["response"] for entry in response.json()["entry"]]
    assert [answer["status"].split()[0] for answer in answers] == ["201", "400", "422", "422"]
    codes = [answer["outcome"]["issue"][0]["code"] for answer in answers[1:]]
    assert codes == ["structure", "business-rule", "not-supported"]
    assert sorted(event.state for event in http.events()) == [State.RECEIVED, State.REFUSED, State.REFUSED]


async def test_what_is_asked_otherwise(http: OpenHttp):
    assert await statuses(http, batch(report(1), method="DELETE")) == ["405 Method Not Allowed"]
    assert await statuses(http, batch(report(1), ifNoneExist="status=final")) == ["400 Bad Request"]
    broken = batch(report(1)) | {"entry": [7, {"resource": report(1)}, {"request": {"method": "POST"}}]}
    assert await statuses(http, broken) == ["400 Bad Request"] * 3
    assert http.events() == []


async def test_if_none_exist_is_asked_for_each(http: OpenHttp):
    condition = {"ifNoneExist": "identifier=urn:north:reports|R1"}
    assert await statuses(http, batch(report(1), **condition)) == ["201 Created"]
    assert await statuses(http, batch(report(1, conclusion="Other."), **condition)) == ["200 OK"]
    assert len(http.events()) == 1


async def test_many_share_commits(http: OpenHttp):
    assert await statuses(http, batch(*(report(number) for number in range(150)))) == ["201 Created"] * 150


async def test_a_condition_that_is_asked_again_and_again_is_looked_up_once(http: OpenHttp, monkeypatch):
    """What it finds may be as large as a message: each look reads it whole."""
    condition = {"ifNoneExist": "identifier=urn:north:reports|R1"}
    assert await statuses(http, batch(report(1))) == ["201 Created"]
    read, raw_of = [], conditions.raw_of

    def noted(*arguments):
        read.append(threading.current_thread().name)
        return raw_of(*arguments)

    monkeypatch.setattr(conditions, "raw_of", noted)
    assert await statuses(http, batch(*[report(1)] * 100, **condition)) == ["200 OK"] * 100
    response = await post(http, "/fhir", transaction(*[report(1)] * 20, **condition))
    assert response.status_code == 200
    assert len(read) == 2
    assert all(name.startswith("large") for name in read), "other senders' keys are checked in the common threads"
