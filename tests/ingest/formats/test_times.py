from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from ingest.formats.times import fhir_date, fhir_time, hl7_date, hl7_offset, hl7_time


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("202603", datetime(2026, 3, 1, tzinfo=UTC)),
        ("20260301", datetime(2026, 3, 1, tzinfo=UTC)),
        ("202603011015", datetime(2026, 3, 1, 10, 15, tzinfo=UTC)),
        ("20260301101530.25", datetime(2026, 3, 1, 10, 15, 30, 250000, UTC)),
        ("20260301101530-0600", datetime(2026, 3, 1, 16, 15, 30, tzinfo=UTC)),
        (" 20260301101530+0530^S ", datetime(2026, 3, 1, 4, 45, 30, tzinfo=UTC)),
        ("", None),
        ("20261301", None),
        ("20260230", None),
        ("20260301256000", None),
        ("00010101", None),
        ("99990101", None),
        ("20260301101530+9900", None),
        ("1 Mar 2026", None),
        ("２０２６", None),
    ],
)
def test_hl7_times(value, expected):
    assert hl7_time(value) == expected


def test_a_time_without_offset_is_in_the_zone_given():
    assert hl7_time("20260701120000", ZoneInfo("America/Chicago")) == datetime(2026, 7, 1, 17, tzinfo=UTC)
    assert hl7_offset("20260701120000-0600") == timezone(timedelta(hours=-6))
    assert hl7_offset("20260701120000") is None
    assert hl7_offset("20260701120000+9900") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2012-12-01T12:00:00+01:00", datetime(2012, 12, 1, 11, tzinfo=UTC)),
        ("2012-12-01T12:00:00.123456789Z", datetime(2012, 12, 1, 12, 0, 0, 123456, UTC)),
        ("2012-12", datetime(2012, 12, 1, tzinfo=UTC)),
        ("2012", datetime(2012, 1, 1, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("2012-12-01T25:00:00Z", None),
    ],
)
def test_fhir_times(value, expected):
    assert fhir_time(value) == expected


def test_dates_of_birth():
    assert hl7_date("19741018000000") == date(1974, 10, 18)
    assert hl7_date("1974") == fhir_date("1974") == date(1974, 1, 1)
    assert hl7_date("197410") == fhir_date("1974-10") == date(1974, 10, 1)
    assert hl7_date("0000") is None
    assert hl7_date("19740230") is None
    assert fhir_date("1974-10-18") == date(1974, 10, 18)
    assert fhir_date("1974-13") is None
