"""The pages say what the doors do."""

import re
from pathlib import Path

import pytest

from ingest.formats.dicom_kinds import IMAGES, REPORTS
from ingest.gateway.dicom.door import VERIFICATION
from ingest.gateway.dicom.settings import DicomSettings
from ingest.gateway.dicom.storage import STATUSES
from ingest.gateway.http.outcomes import REFUSALS
from ingest.gateway.http.settings import HttpSettings

PAGES = Path(__file__).parents[3] / "docs" / "conformance"
DICOM = (PAGES / "dicom.md").read_text()
FHIR = (PAGES / "fhir.md").read_text()


def test_the_sop_classes():
    listed = dict(re.findall(r"^\| (1\.2\.840\.10008\.[0-9.]+) \| (.+) \|$", DICOM, re.MULTILINE))
    assert listed == {VERIFICATION: "Verification", **IMAGES, **REPORTS}


def test_the_statuses_of_storage():
    rows = dict(re.findall(r"^\| ([0AC][0-9]{3}) \| (.+) \| [a-z]+ \|$", DICOM, re.MULTILINE))
    assert rows.keys() == {"0000", "A700", *(f"{status:04X}" for status in STATUSES.values())}
    for reason, status in STATUSES.items():
        if reason.value in {"unreadable", "identity_mismatch", "too_large"}:
            assert f"`{reason.value}`" in rows[f"{status:04X}"]


def test_the_outcomes_of_fhir():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9]{3}) \| ([a-z-]+) \|$", FHIR, re.MULTILINE)
    assert {reason: (int(status), code) for reason, status, code in rows} == {
        reason.value: refusal for reason, refusal in REFUSALS.items()
    }


@pytest.mark.parametrize("settings", [DicomSettings, HttpSettings])
def test_every_setting_is_told(settings):
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        assert f"`{field.validation_alias or (prefix + name).upper()}" in DICOM
