"""Times and dates as the standards write them. What can't be read is None: a wrong clock must not lose a report."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_HL7 = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,6}))?)?)?)?)?)?"
    r"([+-][0-9]{4})?"
)
_FHIR = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_YEARS = range(1850, 2200)


def hl7_time(value: str, zone: tzinfo = UTC) -> datetime | None:
    """An HL7 v2 TS or DTM (chapter 2A) in UTC. `zone` is that of values without an offset."""
    match = _HL7.fullmatch(value.partition("^")[0].strip())
    return _time(match, zone) if match else None


def hl7_offset(value: str) -> tzinfo | None:
    """The offset that an HL7 time carries; None where it carries none, or one that no clock has.

    MSH-7's is the default of its message.
    """
    match = _HL7.fullmatch(value.partition("^")[0].strip())
    try:
        return _offset(match[8]) if match and match[8] else None
    except ValueError:
        return None


def hl7_date(value: str) -> date | None:
    """The day of an HL7 date or time, such as a date of birth. None without a day."""
    match = re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})", value.strip())
    return _date(*match.groups()) if match else None


def fhir_time(value: str) -> datetime | None:
    """A FHIR R4 date, dateTime or instant (2.24) in UTC; a partial one is its first moment."""
    match = _FHIR.fullmatch(value)
    return _time(match, UTC) if match else None


def fhir_date(value: str) -> date | None:
    """A FHIR R4 date with its day; None for a year or month alone."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", value)
    return _date(*match.groups()) if match else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if int(year) in _YEARS else None
    except ValueError:
        return None


def _time(match: re.Match[str], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    if int(year) not in _YEARS:
        return None
    try:
        return datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(offset) if offset else zone,
        ).astimezone(UTC)
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        raise ValueError("no such offset")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
