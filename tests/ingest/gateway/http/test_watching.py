"""The pages of who watches the gateway: without a key, with nothing of a message, and true."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.errors import OutageError
from ingest.gateway.door import Reception
from ingest.gateway.http.watching import PATHS
from ingest.ledger.storage.database import Ledger
from ingest.receiving.space import Space
from ingest.receiving.submit import receive
from tests.ingest.gateway.http.conftest import OpenHttp, open_http
from tests.ingest.receivers import plain
from tests.ingest.workers.messages import hl7

NO_KEY = {"Authorization": ""}


@pytest.mark.parametrize("path", sorted(PATHS))
async def test_they_need_no_key_and_their_neighbours_do(http: OpenHttp, path: str):
    assert (await http.client.get(path, headers=NO_KEY)).status_code == 200
    for other in (f"{path}/", f"{path}x", f"/fhir{path}", f"/fhir/DiagnosticReport/..{path}", "//metrics"):
        assert (await http.client.get(other, headers=NO_KEY)).status_code in {401, 404}
    assert (await http.client.post(path, headers=NO_KEY)).status_code == 405
    assert http.events() == []


@pytest.mark.parametrize("path", sorted(PATHS))
async def test_an_address_that_may_not_connect_gets_none(reception: Reception, monkeypatch, path: str):
    async with open_http(reception, monkeypatch, VLMKG_GATEWAY_ALLOW="10.0.0.0/8") as opened:
        assert (await opened.client.get(path)).status_code == 403


async def test_metrics_count_refusals_and_warnings_and_name_nobody(http: OpenHttp):
    receiver = http.reception.receiver
    for message in (hl7("r1", patient="p1"), plain("", name="JANE_DOE"), plain("", name="r2")):
        receive(receiver, message)
    page = (await http.client.get("/metrics", headers=NO_KEY)).text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    refused = {event.reason for event in http.events() if event.reason}
    assert {("vlmkg_refused_events", reason): 2.0 for reason in refused}.items() <= found.items()
    assert found["vlmkg_gateway_disk_short",] == 0
    assert "DOE" not in page


async def test_readiness_is_that_messages_are_taken(reception: Reception, monkeypatch, tmp_path):
    full = Reception(reception.receiver, reception.threads, Space([tmp_path], 1 << 60))
    async with open_http(full, monkeypatch) as opened:
        response = await opened.client.get("/readyz", headers=NO_KEY)
        assert (response.status_code, response.json()["ledger"]) == (503, "ok")
        assert (await opened.client.get("/healthz", headers=NO_KEY)).status_code == 200


async def test_a_ledger_that_is_away_makes_it_not_ready_and_leaves_it_alive(http: OpenHttp, monkeypatch):
    def broken(_: Ledger) -> None:
        raise OutageError("the ledger does not respond")

    monkeypatch.setattr(Ledger, "read", broken)
    answers = {path: (await http.client.get(path, headers=NO_KEY)).status_code for path in sorted(PATHS)}
    assert answers == {"/healthz": 200, "/metrics": 503, "/readyz": 503}
