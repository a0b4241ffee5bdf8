"""Times of a patient moved by one offset: intervals and order stay, the day, the hour and the year do not.

The offset is between 100 and 200 years, so nobody takes a moved time for a real one, and the first and last days of the
feed betray nobody. It is as fine as a microsecond: the minute of an hour would name a study to whoever has the list of
a day's studies.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ingest.research.project import Project

CENTURY = timedelta(days=36_525)
OLDEST = 89
"""Years. Safe Harbor lets no greater age be told, only `90 or older`."""
OVER_OLDEST = 300
"""The age that everybody older than OLDEST has at the first study of the copy, so that no real age is among theirs."""


def offset_of(project: Project, patient_id: str) -> timedelta:
    """How far a patient's times are moved."""
    microseconds = project.number("shift", patient_id) % (CENTURY // timedelta(microseconds=1))
    return CENTURY + timedelta(microseconds=microseconds)


def moved(moment: datetime | None, offset: timedelta) -> datetime | None:
    """The moved time in UTC: a zone's summer time would tell the season. None where it passes the year 9999."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) + offset
    except OverflowError:
        return None


def moved_birth_year(birth_year: int | None, moments: Sequence[datetime], offset: timedelta) -> int | None:
    """The birth year that goes with the moved times: ages at studies are those of the live graph, or one year off.

    `moments` are all times of the patient in the copy. Whoever may have passed OLDEST at the last of them seems
    OVER_OLDEST at the first. None where no time is known: the year would tell no age, and might be the real one.
    """
    there = [time for moment in moments if (time := moved(moment, offset))]
    if birth_year is None or not there:
        return None
    if max(moment.year for moment in moments) - birth_year > OLDEST:
        return min(there).year - OVER_OLDEST
    middle = moved(datetime(birth_year, 7, 1, tzinfo=UTC), offset)
    return middle.year if middle else None
