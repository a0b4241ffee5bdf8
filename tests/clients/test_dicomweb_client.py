"""STOW-RS by dicomweb-client: a film and a structured report."""

from pathlib import Path

import pytest

from tests.clients.conftest import Stack, python, steps
from tests.ingest.formats.dicom_files import container, film, part10, report, text_item

pytestmark = [pytest.mark.clients, pytest.mark.timeout(400)]
STUDY = "1.2.826.0.1.3680043.10.1.7"
NAMES = {"PatientID": "dicomweb", "IssuerOfPatientID": "CLIENTS", "StudyInstanceUID": STUDY, "AccessionNumber": "DW1"}


def test_dicomweb_client(stack: Stack, tmp_path: Path) -> None:
    findings = container(("121070", "DCM", "Findings"), text_item("Small left pleural effusion."))
    objects = {
        "film.dcm": film(**NAMES, SOPInstanceUID=f"{STUDY}.1"),
        "report.dcm": report(findings, **NAMES, SOPInstanceUID=f"{STUDY}.2"),
    }
    for name, dataset in objects.items():
        (tmp_path / name).write_bytes(part10(dataset))
    files = [tmp_path / name for name in objects]
    said = steps(*python("by_dicomweb"), stack.addresses["dicomweb"], stack.key, *files)
    assert said["store"] == said["resend"] == "2"
    assert said["raw data"] in {"0 0122", "409"}
    found = stack.patient("dicomweb", "CLIENTS")
    assert found is not None
    assert (found.studies, found.images, len(found.texts)) == (1, 1, 1)
    assert any("effusion" in words and presence == "PRESENT" for words, presence in found.findings)
