"""Shift all times of a patient by one offset: intervals and order are kept; day, hour and year are not.

The offset is between 100 and 200 years, so a shifted time can't be mistaken for a real one, and the first and last days
of the feed identify nobody. It has microseconds: otherwise the minute of the hour would identify a study to people who
have a list of the day's studies.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ingest.research.project import Project

CENTURY = timedelta(days=36_525)
OLDEST = 89
"""Years. Safe Harbor allows no higher age, only `90 or older`."""
OVER_OLDEST = 300
"""The age, at the first study of the copy, of everybody older than OLDEST, so that no real age is shown."""


def offset_of(project: Project, patient_id: str) -> timedelta:
    """The offset of a patient's times."""
    microseconds = project.number("shift", patient_id) % (CENTURY // timedelta(microseconds=1))
    return CENTURY + timedelta(microseconds=microseconds)


def moved(moment: datetime | None, offset: timedelta) -> datetime | None:
    """The shifted time in UTC: a zone's summer time would show the season. None if it is after the year 9999."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) + offset
    except OverflowError:
        return None


def moved_birth_year(birth_year: int | None, moments: Sequence[datetime], offset: timedelta) -> int | None:
    """The birth year for the shifted times: ages at studies are those of the live graph, or one year off.

    `moments` are all times of the patient in the copy. Somebody who may be older than OLDEST at the last of them is
    OVER_OLDEST at the first. None if no time is known: the year would give no age, and might be the real one.
    """
    there = [time for moment in moments if (time := moved(moment, offset))]
    if birth_year is None or not there:
        return None
    if max(moment.year for moment in moments) - birth_year > OLDEST:
        return min(there).year - OVER_OLDEST
    middle = moved(datetime(birth_year, 7, 1, tzinfo=UTC), offset)
    return middle.year if middle else None
