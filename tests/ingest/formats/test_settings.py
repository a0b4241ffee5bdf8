import pytest
from pydantic import ValidationError

from ingest.formats.settings import FormatSettings, format_settings
from vlmkg.errors import UsageError


@pytest.mark.parametrize(
    "setting",
    [
        {"hl7_charset": "klingon"},
        {"hl7_timezone": "Mars/Olympus"},
        {"hl7_timezone": "../etc"},
        {"hl7_accession": "PID-3"},
    ],
)
def test_values_that_can_not_be_used_are_refused(setting):
    with pytest.raises(ValidationError):
        FormatSettings(**setting)


def test_an_error_names_the_variable_and_not_its_value(monkeypatch):
    monkeypatch.setenv("VLMKG_HL7_CHARSET", "klingon")
    format_settings.cache_clear()
    with pytest.raises(UsageError, match="VLMKG_HL7_CHARSET") as caught:
        format_settings()
    format_settings.cache_clear()
    assert "klingon" not in str(caught.value)


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("VLMKG_HL7_CHARSET", "latin-1")
    monkeypatch.setenv("VLMKG_PATIENT_AUTHORITIES", "EPIC, ABC,")
    settings = FormatSettings()
    assert settings.hl7_charset == "iso8859-1"
    assert settings.authorities == ("EPIC", "ABC")
