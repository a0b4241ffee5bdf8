"""Parses times and dates of the standards. Invalid ones are None: a wrong time must not lose a report."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_HL7 = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:[T ]?([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]{1,12}))?)?)?)?)?)?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})?",
)
_ISO = re.compile(
    r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,12}))?)?)?"
    r" ?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DAY_FIRST = re.compile(
    r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})(?:,? +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AP])M)?)?",
    re.IGNORECASE,
)
_FHIR = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_YEARS = range(1850, 2200)


def hl7_time(value: str, zone: tzinfo = UTC) -> datetime | None:
    """An HL7 v2 TS or DTM (chapter 2A) in UTC. `zone` is that of values without an offset.

    Other forms are accepted if they are unambiguous: `2026-03-01 10:15`, `01.03.2026`.
    """
    parts = _hl7_parts(value)
    return _time(parts, zone) if parts else None


def hl7_offset(value: str) -> tzinfo | None:
    """The offset of an HL7 time; None if it has none, or an impossible one.

    The offset of MSH-7 is the default of its message.
    """
    parts = _hl7_parts(value)
    try:
        return _offset(parts[7]) if parts and parts[7] else None
    except ValueError:
        return None


def hl7_date(value: str) -> date | None:
    """The day of an HL7 date or time, such as a date of birth; the first day of a bare year or month."""
    value = value.partition("^")[0].strip()
    if match := re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})", value):
        return _date(*match.groups())
    parts = _hl7_parts(value)
    return _date(*parts[:3]) if parts else None


def fhir_time(value: str) -> datetime | None:
    """A FHIR R4 date, dateTime or instant (2.24) in UTC; a partial one gives its first moment."""
    match = _FHIR.fullmatch(value)
    return _time(match.groups(default=""), UTC) if match else None


def fhir_date(value: str) -> date | None:
    """A FHIR R4 date; the first day of a bare year or month."""
    match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", value)
    return _date(*match.groups(default="")) if match else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month or 1), int(day or 1)) if int(year) in _YEARS else None
    except ValueError:
        return None


def _hl7_parts(value: str) -> tuple[str, ...] | None:
    """Year, month, day, hour, minute, second, fraction, offset as written; missing parts are empty."""
    value = value.partition("^")[0].strip()
    if match := _HL7.fullmatch(value):
        return match.groups(default="")
    if match := _ISO.fullmatch(value):
        year, _, *others = match.groups(default="")
        return year, *others
    if match := _DAY_FIRST.fullmatch(value):
        return _day_first(*match.groups(default=""))
    return None


def _day_first(
    first: str, mark: str, second: str, year: str, hour: str, minute: str, second_: str, half: str
) -> tuple[str, ...] | None:
    """Day and month, if dots or a number over 12 show which is which."""
    if mark == "." or int(first) > 12:
        day, month = first, second
    elif int(second) > 12 or first == second:
        day, month = second, first
    else:
        return None
    if half:
        hour = str(int(hour) % 12 + (12 if half.upper() == "P" else 0))
    return year, month, day, hour, minute, second_, "", ""


def _time(parts: tuple[str, ...], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second, fraction, offset = parts
    if int(year) not in _YEARS:
        return None
    clock = int(hour or 0), int(minute or 0), int(second or 0)
    # 24:00 and a leap second mean the beginning of the next day or minute.
    if not (clock <= (24, 0, 0) and clock[1] < 60 and clock[2] <= 60):
        return None
    try:
        at = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            microsecond=int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=_offset(offset) if offset else zone,
        )
        return (at + timedelta(hours=clock[0], minutes=clock[1], seconds=clock[2])).astimezone(UTC)
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
