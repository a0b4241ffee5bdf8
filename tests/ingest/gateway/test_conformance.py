"""The pages say what the doors do."""

import re
from pathlib import Path

import pytest

from ingest.errors import Reason
from ingest.event_warnings import EventWarning
from ingest.formats.dicom.sop_classes import COMPANIONS, DOCUMENTS, IMAGES, NOT_READ, REPORTS
from ingest.formats.fhir.message import CLINICAL
from ingest.formats.fhir.parser import words_of
from ingest.gateway.dicom.commitment_reports import PUSH_MODEL
from ingest.gateway.dicom.door import VERIFICATION
from ingest.gateway.dicom.settings import DicomSettings
from ingest.gateway.dicom.storage import ELEMENTS_DISCARDED, STATUSES
from ingest.gateway.folder.settings import FolderSettings
from ingest.gateway.http.outcomes import REFUSALS
from ingest.gateway.http.settings import HttpSettings
from ingest.gateway.mllp.acknowledgement import ACCEPTED, Code, Outcome
from ingest.gateway.mllp.replies import NOT_NOW, REJECTED, TOO_LARGE, UNENDED
from ingest.gateway.mllp.settings import MllpSettings
from ingest.gateway.settings import GatewaySettings

FORMATS = Path(__file__).parents[3] / "ingest" / "formats"
PAGES = Path(__file__).parents[3] / "docs" / "conformance"
DICOM = (PAGES / "dicom.md").read_text()
FHIR = (PAGES / "fhir.md").read_text()
GATEWAY = (PAGES / "gateway.md").read_text()
HL7 = (PAGES / "hl7.md").read_text()


SERVICES = {VERIFICATION: "Verification", PUSH_MODEL: "Storage Commitment Push Model"}


def test_the_sop_classes():
    listed = dict(re.findall(r"^\| (1\.2\.840\.10008\.[0-9.]+) \| ([^|]+) \|$", DICOM, re.MULTILINE))
    assert listed == {**SERVICES, **IMAGES, **REPORTS, **DOCUMENTS}
    kept = re.findall(r"^\| (1\.2\.840\.10008\.[0-9.]+) \| (.+) \| (B006|0122) \|$", DICOM, re.MULTILINE)
    assert {(uid, name) for uid, name, answer in kept if answer == "B006"} == set(COMPANIONS.items())
    assert {(uid, name) for uid, name, answer in kept if answer == "0122"} == set(NOT_READ.items())


def test_the_statuses_of_storage():
    rows = dict(re.findall(r"^\| ([0ABC][0-9]{3}) \| (.+) \| [a-z]+ \|$", DICOM, re.MULTILINE))
    assert rows.keys() == {
        "0000",
        "A700",
        f"{ELEMENTS_DISCARDED:04X}",
        *(f"{status:04X}" for status in STATUSES.values()),
    }
    for reason, status in STATUSES.items():
        if reason.value in {"unreadable", "identity_mismatch", "too_large"}:
            assert f"`{reason.value}`" in rows[f"{status:04X}"]


def test_the_outcomes_of_fhir():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9]{3}) \| ([a-z-]+) \|$", FHIR, re.MULTILINE)
    assert {reason: (int(status), code) for reason, status, code in rows} == {
        reason.value: refusal for reason, refusal in REFUSALS.items()
    }


def test_the_answers_of_mllp():
    """Each row of the table is an answer that the door gives, and each of its answers has a row."""
    rows = re.findall(r"^\| (A[AER]) \| ([0-9]*) ?\| (.+) \|$", HL7, re.MULTILINE)
    given = [ACCEPTED, UNENDED, NOT_NOW, TOO_LARGE, *REJECTED.values()]
    assert sorted((code, condition) for code, condition, _ in rows) == sorted(map(as_told, given))
    for reason, outcome in REJECTED.items():
        ((code, condition, _),) = (row for row in rows if f"`{reason}`" in row[2])
        assert (code, condition) == as_told(outcome)


def as_told(outcome: Outcome) -> tuple[str, str]:
    """MSA-1 and ERR-3; an acceptance has no error."""
    condition = "" if outcome.code is Code.ACCEPT else outcome.condition.value[0].decode()
    return f"A{outcome.code.value.decode()}", condition


@pytest.mark.parametrize(("parser", "page"), [("hl7", HL7), ("dicom", DICOM), ("fhir", FHIR)])
def test_every_reason_of_a_parser_is_told(parser, page):
    files = [FORMATS / "cleaning.py", *FORMATS.glob(f"{parser}/*.py")]
    names = {name for file in files for name in re.findall(r"\bReason\.([A-Z_]+)", file.read_text())}
    assert len(names) > 2
    assert {Reason[name].value for name in names if f"`{Reason[name].value}`" not in page} == set()


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        (MllpSettings, HL7),
        (DicomSettings, DICOM),
        (HttpSettings, DICOM),
        (GatewaySettings, GATEWAY),
        (FolderSettings, GATEWAY),
    ],
)
def test_every_setting_is_told(settings, page):
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        assert f"`{field.validation_alias or (prefix + name).upper()}" in page


@pytest.mark.parametrize("settings", [MllpSettings, DicomSettings, GatewaySettings, FolderSettings])
def test_defaults_are_those_of_the_code(settings):
    """Where a table has a column for the default, or a limit names it in parentheses."""
    pages = HL7 + DICOM + GATEWAY
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        variable = field.validation_alias or (prefix + name).upper()
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            told = re.search(rf"`{variable}` (?:\| ([0-9]+)|\(([0-9]+))", pages)
            assert told, variable
            assert float(told[1] or told[2]) == float(field.default), variable


def warnings_of(*patterns: str) -> set[str]:
    """The codes of the warnings that these files of the formats give."""
    sources = [file.read_text() for pattern in patterns for file in FORMATS.glob(pattern)]
    return {EventWarning[name].value for source in sources for name in re.findall(r"EventWarning\.([A-Z_]+)", source)}


def untold(codes: set[str], *pages: str) -> set[str]:
    return {code for code in codes if not any(f"`{code}`" in page for page in pages)}


def test_the_warnings_of_fhir():
    codes = warnings_of("fhir/*.py") | {f"{name}_unread" for name in map(words_of, CLINICAL)}
    assert len(codes) > 25
    assert untold(codes, FHIR) == set()


def test_every_warning_of_dicom_is_told():
    codes = warnings_of("dicom/*.py")
    assert len(codes) > 15
    assert untold(codes, DICOM) == set()


def test_every_warning_of_hl7_and_of_markup_is_told():
    codes = warnings_of("hl7/*.py", "markup/*.py", "future_times.py", "../ledger/**/*.py")
    assert len(codes) > 25
    assert untold(codes, HL7, (PAGES / "markup.md").read_text()) == set()
