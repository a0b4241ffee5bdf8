"""Orthanc sends films and reports and asks for storage commitment; the graph says what it sent."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.clients import orthanc
from tests.clients.conftest import Stack
from tests.clients.orthanc import Orthanc
from tests.fixtures.ports import free_port
from tests.ingest.formats.dicom_files import (
    BASIC_TEXT_SR,
    DX,
    container,
    film,
    part10,
    predecessor,
    report,
    text_item,
)
from tests.stack.running import Up

pytestmark = [pytest.mark.clients, pytest.mark.timeout(400)]

FINDINGS = ("121070", "DCM", "Findings")
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
LEFT = "Small left pleural effusion. No pneumothorax."
RIGHT = "Small right pleural effusion. No pneumothorax."


@dataclass(frozen=True)
class Sent:
    """A study of one patient, as the archive has it."""

    patient: str
    study: str

    def film(self, **fields: Any) -> bytes:
        return part10(film(**self._named(f"{self.study}.1"), **fields))

    def report(self, words: str, instance: str, **fields: Any) -> bytes:
        return part10(report(container(FINDINGS, text_item(words)), **self._named(instance), **fields))

    def _named(self, instance: str) -> dict[str, str]:
        return {
            "PatientID": self.patient,
            "IssuerOfPatientID": "ARCHIVE",
            "StudyInstanceUID": self.study,
            "SeriesInstanceUID": f"{instance}.1",
            "SOPInstanceUID": instance,
            "AccessionNumber": f"A{self.patient}",
        }


@pytest.fixture(scope="module")
def dicom_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, dicom_port: int) -> Iterator[Stack]:
    """A stack that knows where the archive listens for reports of storage commitment."""
    data = tmp_path_factory.mktemp("orthanc-stack") / "var"
    up = Up(data, VLMKG_DICOM_COMMITMENT_PEERS=f"{orthanc.TITLE}=127.0.0.1:{dicom_port}")
    try:
        assert up.ready(), "\n".join(up.said)
        yield Stack(json.loads((data / "run" / "endpoints.json").read_text()))
    finally:
        up.end()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, stack: Stack, dicom_port: int) -> Iterator[Orthanc]:
    program = shutil.which("Orthanc")
    if program is None:
        pytest.skip("Orthanc is not installed: make test-clients")
    folder = tmp_path_factory.mktemp("orthanc")
    door = stack.host_and_port("dicom")
    with orthanc.running(program, folder, dicom_port, door, stack.addresses["dicomweb"], stack.key) as running:
        yield running


def test_c_store_and_commitment(archive: Orthanc, stack: Stack) -> None:
    study = Sent("orthanc-1", "1.2.826.0.1.3680043.10.2.1")
    ids = [archive.load(study.film()), archive.load(study.report(LEFT, f"{study.study}.2"))]
    archive.echo()
    assert archive.send(*ids) == 0
    committed = archive.commit((DX, f"{study.study}.1"), (BASIC_TEXT_SR, f"{study.study}.2"))
    assert committed["Status"] == "Success"
    assert len(committed["Success"]) == 2
    said = stack.patient(study.patient, "ARCHIVE")
    assert said is not None
    assert (said.studies, said.images, said.statuses) == (1, 1, ["F"])
    assert said.findings >= {("effusion", "PRESENT"), ("pneumothorax", "ABSENT")}


def test_what_was_never_sent_is_not_committed(archive: Orthanc) -> None:
    committed = archive.commit((DX, "1.2.826.0.1.3680043.10.2.99"))
    assert committed["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in committed["Failures"]] == ["1.2.826.0.1.3680043.10.2.99"]


def test_a_correction_a_resend_and_what_comes_along(archive: Orthanc, stack: Stack) -> None:
    study = Sent("orthanc-2", "1.2.826.0.1.3680043.10.2.2")
    first = archive.load(study.report(LEFT, f"{study.study}.2"))
    keys = archive.load(study.report("Key images", f"{study.study}.3", SOPClassUID=KEY_OBJECTS))
    assert archive.send(keys, first, first) == 0
    before = [predecessor(f"{study.study}.2", study.study)]
    changed = study.report(RIGHT, f"{study.study}.4", PredecessorDocumentsSequence=before, ContentTime="130000")
    assert archive.send(archive.load(changed)) == 0
    said = stack.patient(study.patient, "ARCHIVE")
    assert said is not None
    assert [RIGHT in text for text in said.texts] == [True]


def test_stow(archive: Orthanc, stack: Stack) -> None:
    if not orthanc.PLUGIN.exists():
        pytest.skip("Orthanc's DICOMweb plugin is not installed: make test-clients")
    study = Sent("orthanc-3", "1.2.826.0.1.3680043.10.2.3")
    archive.stow(archive.load(study.film()), archive.load(study.report(LEFT, f"{study.study}.2")))
    said = stack.patient(study.patient, "ARCHIVE")
    assert said is not None
    assert (said.studies, said.images) == (1, 1)
    assert ("effusion", "PRESENT") in said.findings


def test_a_bad_object_by_stow_is_a_failure_to_the_archive(archive: Orthanc) -> None:
    if not orthanc.PLUGIN.exists():
        pytest.skip("Orthanc's DICOMweb plugin is not installed: make test-clients")
    study = Sent("orthanc-4", "1.2.826.0.1.3680043.10.2.4")
    with pytest.raises(httpx2.HTTPStatusError):
        archive.stow(archive.load(study.report(LEFT, f"{study.study}.2", SOPClassUID=KEY_OBJECTS)))
