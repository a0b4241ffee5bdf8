"""Real senders: dcmtk's echoscu and storescu, also over mutual TLS; Orthanc as a sender."""

import asyncio
import json
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

from ingest.gateway.door import Reception
from ingest.ledger.states import State
from tests.fixtures.ports import free_port
from tests.ingest.formats.dicom_files import film, part10, report
from tests.ingest.gateway.dicom.peer import OpenDicom, open_dicom


def installed(program: str) -> str:
    """The program's path. Skips, visibly, where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


async def run(*command: str) -> tuple[int, str]:
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A film in two encodings and a report."""
    contents = [part10(film()), part10(film(SOPInstanceUID="1.2.3.2"), "1.2.840.10008.1.2"), part10(report())]
    paths = [tmp_path / f"{number}.dcm" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


async def test_echoscu(dicom: OpenDicom):
    code, said = await run(installed("echoscu"), "-aec", "ANY", *map(str, dicom.address))
    assert code == 0, said


async def test_a_peer_that_echoes_without_end_waits(dicom: OpenDicom):
    """So that it does not take the interpreter from those who send.

    pynetdicom's client may take an answer for a request, now and then, and wait for ever: hence this one.
    """
    started = time.monotonic()
    code, said = await run(installed("echoscu"), "--repeat", "50", "-aec", "ANY", *map(str, dicom.address))
    assert code == 0, said
    assert time.monotonic() - started > 1


async def test_storescu(dicom: OpenDicom, files):
    code, said = await run(installed("storescu"), "-R", *map(str, dicom.address), *files)
    assert code == 0, said
    assert [(event.external_id, event.state) for event in dicom.events()] == [
        ("1.2.3.1", State.RECEIVED),
        ("1.2.3.2", State.RECEIVED),
        ("1.2.3.9", State.RECEIVED),
    ]


async def test_storescu_over_mutual_tls(reception: Reception, monkeypatch, tmp_path, files):
    certificate, key = make_certificate(tmp_path)
    settings = {
        "VLMKG_TLS_CERTIFICATE": str(certificate),
        "VLMKG_TLS_KEY": str(key),
        "VLMKG_TLS_CLIENT_CA": str(certificate),
    }
    async with open_dicom(reception, monkeypatch, **settings) as door:
        command = [installed("storescu"), "-R", "+tls", str(key), str(certificate), "+cf", str(certificate)]
        code, said = await run(*command, *map(str, door.address), *files)
        assert code == 0, said
        assert len(door.events()) == 3
        # Without a certificate of its own nobody gets in; a peer that says nothing keeps nobody out.
        _, silent = await asyncio.open_connection(*door.address)
        code, _ = await run(installed("storescu"), "-R", "+tla", "-ic", *map(str, door.address), *files)
        assert code != 0
        assert len(door.events()) == 3
        code, said = await run(*command, *map(str, door.address), *files)
        assert code == 0, said
        silent.close()


async def test_orthanc_as_a_sender(dicom: OpenDicom, tmp_path, files):
    program = installed("Orthanc")
    port, dicom_port = free_port(), free_port()
    settings = {
        "StorageDirectory": str(tmp_path / "orthanc"),
        "IndexDirectory": str(tmp_path / "orthanc"),
        "HttpPort": port,
        "DicomPort": dicom_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [],
        "DicomModalities": {"door": ["VLMKG", *dicom.address]},
    }
    configuration = tmp_path / "orthanc.json"
    configuration.write_text(json.dumps(settings))
    server = subprocess.Popen([program, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for _ in range(200):
                try:
                    await client.get("/system")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.1)
            ids = []
            for file in files:
                response = await client.post("/instances", content=Path(file).read_bytes())
                ids.append(response.json()["ID"])
            assert (await client.post("/modalities/door/echo", content=b"{}")).status_code == 200
            assert (await client.post("/modalities/door/store", content=json.dumps(ids).encode())).status_code == 200
    finally:
        server.terminate()
        server.wait(20)
    assert sorted(event.external_id for event in dicom.events()) == ["1.2.3.1", "1.2.3.2", "1.2.3.9"]
    assert {event.state for event in dicom.events()} == {State.RECEIVED}


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, good for both ends."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(
        [installed(command[0]), *command[1:], "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    assert ssl.create_default_context(cafile=certificate)
    return certificate, key
