"""How many connections the HTTP door keeps, and for how long one that asks nothing."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from ingest.gateway.door import Reception
from ingest.gateway.http import connections
from tests.ingest.formats.dicom_files import film, part10
from tests.ingest.formats.fhir.test_parser import diagnostic_report
from tests.ingest.gateway.http.conftest import OpenHttp, open_http
from tests.ingest.gateway.http.test_fhir_door import post
from tests.ingest.gateway.http.test_stow import store


async def connected(http: OpenHttp) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(http.base)
    return await asyncio.open_connection(address.hostname, address.port)


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionError:
        return True


async def test_too_many_are_told_so_and_many_more_are_closed(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    async with open_http(reception, monkeypatch, VLMKG_HTTP_CONNECTIONS="2") as http:
        silent = [await connected(http) for _ in range(3)]
        response = await http.client.get("/fhir/metadata", headers={"Connection": "close"})
        assert response.status_code == 503
        silent += [await connected(http) for _ in range(2)]
        assert await ended(silent[4][0])
        for _, writer in silent:
            writer.close()
        async with asyncio.timeout(10):
            while (await http.client.get("/fhir/metadata")).status_code == 503:
                await asyncio.sleep(0.02)


async def test_a_fast_sender_is_slowed_down(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    async with open_http(reception, monkeypatch, VLMKG_HTTP_RATE="10") as http:
        started = time.monotonic()
        for number in range(8):
            resource = diagnostic_report(identifier=[{"system": "urn:north", "value": f"R{number}"}])
            assert (await post(http, "/fhir/DiagnosticReport", resource)).status_code == 201
        instances = [part10(film(SOPInstanceUID=f"1.2.3.{number}")) for number in range(8)]
        assert (await store(http, *instances)).status_code == 200
        # A second's worth goes at once, of requests and instances together.
        assert time.monotonic() - started > 0.4


async def test_one_that_asks_nothing_is_let_go(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "FIRST_REQUEST_S", 0.2)
    async with open_http(reception, monkeypatch) as http:
        assert (await http.client.get("/fhir/metadata")).status_code == 200
        reader, writer = await connected(http)
        writer.write(b"POST /fhir HTTP/1.1\r\n")
        assert await ended(reader)
        writer.close()
        # One that has asked stays.
        assert (await http.client.get("/fhir/metadata")).status_code == 200
