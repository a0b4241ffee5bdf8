"""How many connections the HTTP door keeps, and for how long one that asks nothing."""

import asyncio
import contextlib
import gzip
import json
import time
from urllib.parse import urlsplit

import pytest

from ingest import http_connections as connections
from ingest.gateway.door import Reception
from ingest.gateway.http.body import MOST_MEMBERS, BodyDamagedError, BodyTooLargeError, unpacked
from ingest.ledger.events.events import list_events
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


async def test_too_many_are_told_so(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    async with open_http(reception, monkeypatch, VLMKG_HTTP_CONNECTIONS="2") as http:
        busy = [await asking(http) for _ in range(2)]
        response = await http.client.get("/fhir/metadata", headers={"Connection": "close"})
        assert response.status_code == 503
        for _, writer in busy:
            writer.close()
        async with asyncio.timeout(10):
            while (await http.client.get("/fhir/metadata")).status_code == 503:
                await asyncio.sleep(0.02)


async def asking(http: OpenHttp) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection with a request in hand: its body does not come."""
    reader, writer = await connected(http)
    key = http.client.headers["authorization"]
    writer.write(
        f"POST /fhir HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\nContent-Type: application/fhir+json\r\n"
        "Content-Length: 1000\r\n\r\n".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.2)
    return reader, writer


async def test_connections_that_rest_give_way(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    async with open_http(reception, monkeypatch, VLMKG_HTTP_CONNECTIONS="3") as http:
        silent = [await connected(http) for _ in range(20)]
        await asyncio.sleep(0.1)
        response = await http.client.get("/fhir/metadata", headers={"Connection": "close"})
        assert response.status_code == 200
        for _, writer in silent:
            writer.close()


async def test_an_address_has_its_share_of_the_connections(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    """However many one address opens, and whatever they ask, another is served."""
    settings = {"VLMKG_HTTP_CONNECTIONS": "6", "VLMKG_HTTP_PEER_CONNECTIONS": "2"}
    async with open_http(reception, monkeypatch, **settings) as http:
        busy = [await asking(http) for _ in range(2)]
        more = [await connected(http) for _ in range(4)]
        assert [await ended(reader) for reader, _ in more] == [True] * 4
        address = urlsplit(http.base)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, local_addr=("127.0.0.2", 0))
        writer.write(b"GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for _, one in [*busy, *more, (reader, writer)]:
            one.close()


async def test_the_headers_of_each_request_have_their_time(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    """A byte now and then does not prolong it, on a connection that was answered before either."""
    monkeypatch.setattr(connections, "HEADERS_S", 0.5)
    async with open_http(reception, monkeypatch) as http:
        reader, writer = await connected(http)
        writer.write(b"GET /fhir/metadata HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 8 and not reader.at_eof():
                writer.write(b"G" if time.monotonic() - started < 0.1 else b"E")
                await writer.drain()
                await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0.1))])
                await asyncio.sleep(0)
                if writer.is_closing():
                    break
        assert time.monotonic() - started < 5
        writer.close()


async def test_without_keys_a_door_answers_to_names_of_this_machine_alone(
    reception: Reception, monkeypatch: pytest.MonkeyPatch
):
    async with open_http(reception, monkeypatch, VLMKG_AUTH="off") as http:
        for host, status in [("evil.example", 400), ("evil.example:80", 400), ("localhost:1", 200), ("127.0.0.1", 200)]:
            assert (await http.client.get("/fhir/metadata", headers={"Host": host})).status_code == status
        assert (await http.client.get("/fhir/metadata", headers={"Host": "[::1]:8090"})).status_code == 200
    async with open_http(reception, monkeypatch, VLMKG_AUTH="on") as http:
        assert (await http.client.get("/fhir/metadata", headers={"Host": "doors.example"})).status_code == 200


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
    monkeypatch.setattr(connections, "HEADERS_S", 0.2)
    async with open_http(reception, monkeypatch) as http:
        assert (await http.client.get("/fhir/metadata")).status_code == 200
        reader, writer = await connected(http)
        writer.write(b"POST /fhir HTTP/1.1\r\n")
        assert await ended(reader)
        writer.close()
        # One that has asked stays.
        assert (await http.client.get("/fhir/metadata")).status_code == 200


async def test_a_body_that_comes_byte_by_byte_is_given_up(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    """Each byte comes in time: without a least speed the connection would be held for as long as its sender likes."""
    monkeypatch.setattr(connections, "STALL_S", 0.5)
    async with open_http(reception, monkeypatch) as http:
        reader, writer = await asking(http)
        started = time.monotonic()
        while time.monotonic() - started < 10 and not reader.at_eof() and not reader._buffer:
            with contextlib.suppress(OSError):
                writer.write(b"x")
            await asyncio.sleep(0.05)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        assert time.monotonic() - started < 5
        writer.close()


async def test_a_body_that_is_read_slowly_is_not_too_slow(monkeypatch: pytest.MonkeyPatch):
    """The receiver waits for the disk between the parts: that is not the sender's fault."""
    monkeypatch.setattr(connections, "STALL_S", 0.2)

    async def parts():
        for _ in range(4):
            yield b"x"

    found = []
    async for part in connections.in_time(parts()):
        found.append(part)
        await asyncio.sleep(0.15)
    assert found == [b"x"] * 4


async def test_answers_do_not_wait_for_acknowledgements_of_the_network(http: OpenHttp):
    """The head and the body of an answer are two packets. With Nagle's algorithm the second one takes 40 ms more."""
    address = urlsplit(http.base)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    taken = []
    for _ in range(30):
        started = time.monotonic()
        writer.write(b"GET /fhir/metadata HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        taken.append(time.monotonic() - started)
    writer.close()
    assert min(taken[10:]) < 0.03


def test_gzip_of_many_members_is_read_in_proportion() -> None:
    """Each member was asked for what follows it in the whole body: 20 MB of empty ones would have taken minutes."""
    raw = [b"FINDINGS: clear. " * number for number in range(3000)]
    assert unpacked(b"".join(map(gzip.compress, raw)), 1 << 30) == b"".join(raw)
    empty = gzip.compress(b"")
    assert unpacked(empty * MOST_MEMBERS, 100) == b""
    started = time.process_time()
    with pytest.raises(BodyDamagedError):
        unpacked(empty * 1_000_000, 100)
    assert time.process_time() - started < 5
    with pytest.raises(BodyTooLargeError):
        unpacked(gzip.compress(b"x" * 1001), 1000)
    assert unpacked(gzip.compress(b"x" * 1000), 1000) == b"x" * 1000
    for broken in (b"", b"x", gzip.compress(b"abc")[:-1], gzip.compress(b"abc") + b"x"):
        with pytest.raises(BodyDamagedError):
            unpacked(broken, 1000)


SIMPLE = ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"})
"""Headers that a page of another site can send without asking this server before."""


@pytest.mark.parametrize("headers", SIMPLE, ids=["none", "text", "form"])
@pytest.mark.parametrize("path", ["/fhir/DiagnosticReport", "/fhir", "/fhir/$process-message", "/dicomweb/studies"])
async def test_a_page_of_another_site_leaves_no_message(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str]
):
    """A browser on this machine sends it to localhost, where no key is needed; it must not become a report."""
    async with open_http(reception, monkeypatch, VLMKG_AUTH="off") as http:
        body = json.dumps(diagnostic_report()).encode()
        response = await http.client.post(path, content=body, headers={"Origin": "https://evil.example", **headers})
        assert response.status_code == 415
    with reception.receiver.ledger.read() as connection:
        assert list_events(connection, limit=1) == []
