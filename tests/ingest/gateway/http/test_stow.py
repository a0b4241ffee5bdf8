"""STOW-RS by a real client."""

import asyncio
import base64

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import blobs
from ingest.gateway.door import Reception
from ingest.gateway.http.multipart import MalformedError, Part, PartTooLargeError, read_parts
from ingest.ledger.states import State
from ingest.receiving.space import Space
from tests.ingest.formats.dicom_files import CT, film, part10, report
from tests.ingest.gateway.http.conftest import OpenHttp, open_http

BOUNDARY = "synthetic-boundary"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def multipart(*contents: bytes, kind: str = "application/dicom") -> bytes:
    parts = (f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n" for content in contents)
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def body(boundary: str, content: bytes, headers: str, line_end: str = "\r\n", preamble: str = "") -> bytes:
    """One instance as a client may write it."""
    lines = f"{preamble}--{boundary}{line_end}{headers}{line_end}".encode()
    return lines + content + f"{line_end}--{boundary}--{line_end}".encode()


async def store(http: OpenHttp, *contents: bytes, path: str = "/dicomweb/studies") -> httpx2.Response:
    return await http.client.post(path, content=multipart(*contents), headers={"Content-Type": RELATED})


def named(response: httpx2.Response, tag: str) -> list[str]:
    return [item["00081155"]["Value"][0] for item in response.json().get(tag, {"Value": []})["Value"]]


async def test_instances_are_stored_as_they_came(http: OpenHttp):
    sent = [part10(film()), part10(report())]
    response = await store(http, *sent, path="/dicomweb/studies/1.2.3")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/dicom+json")
    assert named(response, "00081199") == ["1.2.3.1", "1.2.3.9"]
    events = sorted(http.events(), key=lambda event: event.external_id)
    assert [event.external_id for event in events] == ["1.2.3.1", "1.2.3.9"]
    assert [blobs.get(http.reception.receiver.blobs, event.blob_key) for event in events] == sent


async def test_the_same_study_in_many_instances(http: OpenHttp):
    sent = [part10(film(SOPInstanceUID=f"1.2.3.{number}")) for number in range(40)]
    assert (await store(http, *sent)).status_code == 200
    assert len(http.events()) == 40


async def test_some_fail_and_the_others_are_stored(http: OpenHttp):
    sent = [part10(film()), b"no dicom", part10(film(SOPClassUID=CT, SOPInstanceUID="1.2.3.5"))]
    response = await store(http, *sent)
    assert response.status_code == 202
    assert named(response, "00081199") == ["1.2.3.1"]
    failed = response.json()["00081198"]["Value"]
    assert [item["00081197"]["Value"][0] for item in failed] == [0xC000, 0x0122]
    assert sorted(event.state for event in http.events()) == [State.RECEIVED, State.REFUSED, State.REFUSED]


async def test_all_fail(http: OpenHttp):
    assert (await store(http, b"no dicom")).status_code == 409


async def test_instances_of_another_study_are_not_taken(http: OpenHttp):
    response = await store(http, part10(film()), path="/dicomweb/studies/1.2.4")
    assert response.status_code == 409
    assert response.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    assert [event.reason for event in http.events()] == ["identity_mismatch"]


HEADERS = "Content-Type: application/dicom{0}"


@pytest.mark.parametrize(
    "parameters",
    [
        'type="application/dicom"; boundary="{0}"',
        "type=application/dicom; boundary={0}",
        "boundary={0}",
        "BOUNDARY={0}; TYPE=Application/DICOM",
        'boundary="{0}";type="application/dicom";transfer-syntax="1.2.840.10008.1.2.1"',
        'type="application/dicom"; start="<1>"; boundary={0}; charset=utf-8',
    ],
)
@pytest.mark.parametrize("boundary", ["-" * 27 + "f0d9ae2_'+./9e8", "x" * 200])
async def test_forms_of_the_content_type(http: OpenHttp, parameters, boundary):
    kind = f"multipart/related; {parameters.format(boundary)}"
    content = body(boundary, part10(film()), HEADERS.format("\r\n"))
    response = await http.client.post("/dicomweb/studies", content=content, headers={"Content-Type": kind})
    assert response.status_code == 200


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
@pytest.mark.parametrize(
    "headers",
    [
        "Content-Type: application/dicom{0}",
        "content-type:application/dicom;transfer-syntax=1.2.840.10008.1.2.1{0}Content-Length: 12{0}",
        "Content-ID: <1>{0}Content-Type: application/octet-stream{0}Content-Transfer-Encoding: binary{0}",
        "",
    ],
)
@pytest.mark.parametrize("preamble", ["", "{0}for readers without MIME{0}"])
async def test_forms_of_a_part(http: OpenHttp, headers, line_end, preamble):
    raw = part10(film()) + b"\r"
    content = body(BOUNDARY, raw, headers.format(line_end), line_end, preamble.format(line_end))
    response = await http.client.post("/dicomweb/studies", content=content, headers={"Content-Type": RELATED})
    assert response.status_code == 200
    assert blobs.get(http.reception.receiver.blobs, http.events()[0].blob_key) == raw


@pytest.mark.parametrize("accept", ["application/dicom+json", "*/*", "application/json", "application/dicom+xml"])
@pytest.mark.parametrize("path", ["/dicomweb/studies", "/dicomweb/studies/"])
async def test_forms_of_a_request(http: OpenHttp, path, accept):
    headers = {"Content-Type": RELATED, "Accept": accept}
    response = await http.client.post(path, content=multipart(part10(film())), headers=headers)
    assert response.status_code == 200


async def test_a_part_in_base64(http: OpenHttp):
    headers = "Content-Type: application/dicom\r\nContent-Transfer-Encoding: base64\r\n"
    content = body(BOUNDARY, base64.encodebytes(part10(film())), headers)
    response = await http.client.post("/dicomweb/studies", content=content, headers={"Content-Type": RELATED})
    assert response.status_code == 200


async def test_a_boundary_beyond_the_limit_is_not_supported(http: OpenHttp):
    kind = f"multipart/related; type=application/dicom; boundary={'x' * 201}"
    response = await http.client.post("/dicomweb/studies", content=b"", headers={"Content-Type": kind})
    assert response.status_code == 415


async def test_an_instance_alone(http: OpenHttp):
    response = await http.client.post(
        "/dicomweb/studies", content=part10(film()), headers={"Content-Type": "application/dicom"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "kind", "content", "status"),
    [
        ("/dicomweb/studies", "application/json", b"{}", 415),
        ("/dicomweb/studies", "multipart/related; type=application/dicom+json; boundary=b", b"--b--", 415),
        ("/dicomweb/studies", "multipart/related; type=application/dicom", b"--b--", 415),
        ("/dicomweb/studies", RELATED, multipart(), 400),
        ("/dicomweb/studies", RELATED, b"nothing of the kind", 400),
        ("/dicomweb/studies", RELATED, body(BOUNDARY, b"abc", "Content-Transfer-Encoding: base64\r\n"), 400),
        ("/dicomweb/studies", RELATED, multipart(part10(film()))[:-20], 400),
        ("/dicomweb/studies/..%2f..%2fetc%2fx", RELATED, multipart(part10(film())), 404),
        ("/dicomweb/studies/1.2.x", RELATED, multipart(part10(film())), 400),
    ],
)
async def test_requests_that_are_not_understood(http: OpenHttp, path, kind, content, status):
    response = await http.client.post(path, content=content, headers={"Content-Type": kind})
    assert response.status_code == status


async def test_parts_of_another_type_fail(http: OpenHttp):
    content = multipart(part10(film()), kind="image/jpeg")
    response = await http.client.post("/dicomweb/studies", content=content, headers={"Content-Type": RELATED})
    assert response.status_code == 409


async def test_a_body_over_the_limit_is_not_read(reception: Reception, monkeypatch):
    async with open_http(reception, monkeypatch, VLMKG_HTTP_MAX_BODY="1") as http:
        assert (await store(http, bytes(1024 * 1024))).status_code == 413

        async def chunks():
            for _ in range(20):
                yield bytes(100_000)

        headers = {"Content-Type": RELATED}
        assert (await http.client.post("/dicomweb/studies", content=chunks(), headers=headers)).status_code == 413


async def test_a_body_that_stops_is_given_up(http: OpenHttp, monkeypatch):
    monkeypatch.setattr("ingest.http_connections.STALL_S", 0.2)

    async def chunks():
        yield multipart(part10(film()))[:100]
        await asyncio.sleep(3)
        yield b""

    response = await http.client.post("/dicomweb/studies", content=chunks(), headers={"Content-Type": RELATED})
    assert response.status_code == 400


async def test_a_full_disk(reception: Reception, monkeypatch, tmp_path):
    full = Reception(reception.receiver, reception.threads, Space([tmp_path], 1 << 60))
    async with open_http(full, monkeypatch) as http:
        assert (await store(http, part10(film()))).status_code == 507
        assert http.events() == []


@settings(max_examples=80)
@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(1, 9), st.binary(max_size=20))
async def test_parts_are_found_however_the_body_is_cut(contents, step, preamble):
    body = preamble + b"\r\n" + multipart(*contents)
    pieces = [body[start : start + step] for start in range(0, len(body), step)]
    found = [part async for part in read_parts(_each(pieces), BOUNDARY, 1000)]
    assert found == [Part("application/dicom", content) for content in contents]


@settings(max_examples=80)
@given(st.lists(st.binary(max_size=80) | st.sampled_from([f"--{BOUNDARY}".encode(), b"\r\n", b"\r\n\r\n", b"--"])))
async def test_any_body_ends_in_parts_or_in_an_error(pieces):
    try:
        async for part in read_parts(_each(pieces), BOUNDARY, 50):
            assert len(part.content) <= 50 + 16 * 1024
    except (MalformedError, PartTooLargeError):
        return


async def test_a_part_without_end_is_not_kept_in_memory():
    with pytest.raises(PartTooLargeError):
        async for _ in read_parts(_each([f"--{BOUNDARY}\r\n\r\n".encode(), *[bytes(1000)] * 1000]), BOUNDARY, 5000):
            pass


async def _each(pieces):
    for piece in pieces:
        yield piece
