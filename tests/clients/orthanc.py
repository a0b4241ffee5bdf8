"""Orthanc as a child process on ports of its own: an archive that sends to the stack."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.fixtures.ports import free_port

TITLE = "ORTHANC"
DOOR = "VLMKG"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
LIMIT_S = 60.0


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc, asked over its REST interface."""

    http: httpx2.Client

    def load(self, content: bytes) -> str:
        """Give it one object. Returns its id there."""
        return str(self._post("/instances", content).json()["ID"])

    def echo(self) -> None:
        """C-ECHO to the door."""
        self._post("/modalities/door/echo", b"{}")

    def send(self, *ids: str) -> int:
        """C-STORE these objects to the door. Returns the number of those that failed."""
        body = {"Resources": list(ids), "Synchronous": True, "Permissive": True}
        return int(self._post("/modalities/door/store", json.dumps(body).encode()).json()["FailedInstancesCount"])

    def stow(self, *ids: str) -> None:
        """STOW-RS these objects to the door. Raises httpx2.HTTPStatusError where it fails."""
        body = {"Resources": list(ids), "Synchronous": True}
        self._post("/dicom-web/servers/door/stow", json.dumps(body).encode())

    def commit(self, *instances: tuple[str, str]) -> dict[str, Any]:
        """Ask the door for storage commitment of class and instance UIDs. Returns what came of it."""
        body = {"DicomInstances": [list(instance) for instance in instances]}
        path = self._post("/modalities/door/storage-commitment", json.dumps(body).encode()).json()["Path"]
        deadline = time.monotonic() + LIMIT_S
        while (found := self.http.get(path).json())["Status"] == "Pending":
            assert time.monotonic() < deadline, "no report came"
            time.sleep(0.2)
        return dict(found)

    def _post(self, path: str, content: bytes) -> httpx2.Response:
        response = self.http.post(path, content=content)
        response.raise_for_status()
        return response


@contextmanager
def running(program: str, folder: Path, dicom_port: int, door: list[str], web: str, key: str) -> Iterator[Orthanc]:
    """Orthanc, with the stack's DICOM door and its DICOMweb address as peers called `door`."""
    port = free_port()
    settings = {
        "Name": "sender",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": port,
        "DicomPort": dicom_port,
        "DicomAet": TITLE,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)] if PLUGIN.exists() else [],
        "DicomModalities": {
            "door": {"AET": DOOR, "Host": door[0], "Port": int(door[1]), "AllowStorageCommitment": True}
        },
        "DicomWeb": {
            "Enable": True,
            "Root": "/dicom-web/",
            "Servers": {"door": {"Url": f"{web}/", "HttpHeaders": {"Authorization": f"Bearer {key}"}}},
        },
    }
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("w") as log:
        process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=log)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S, trust_env=False) as http:
            _wait(http)
            yield Orthanc(http)
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def _wait(http: httpx2.Client) -> None:
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            http.get("/system").raise_for_status()
        except httpx2.HTTPError:
            assert time.monotonic() < deadline, "Orthanc does not answer"
            time.sleep(0.1)
        else:
            return
