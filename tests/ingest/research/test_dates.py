"""Times of a patient: moved, and yet as far apart as they were."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ingest.research.dates import CENTURY, moved, moved_birth_year, offset_of
from ingest.research.project import Project

PROJECT = Project("one", b"k" * 64)
OTHER = Project("two", b"l" * 64)
ZONES = st.timezones()
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=ZONES)  # noqa: DTZ001
PATIENTS = st.text(min_size=1)


@given(PATIENTS, st.lists(MOMENTS, min_size=2))
def test_intervals_and_order_stay_to_the_microsecond(patient: str, moments: list[datetime]) -> None:
    offset = offset_of(PROJECT, patient)
    there = [moved(moment, offset) for moment in moments]
    for before, after in zip(moments, there, strict=True):
        assert after is not None
        assert after - before == there[0] - moments[0]  # type: ignore[operator]
        assert after.tzinfo is UTC
        assert CENTURY <= after - before < 2 * CENTURY


@given(PATIENTS, PATIENTS)
def test_patients_and_projects_have_offsets_of_their_own(one: str, other: str) -> None:
    assert (offset_of(PROJECT, one) == offset_of(PROJECT, other)) == (one == other)
    assert offset_of(PROJECT, one) != offset_of(OTHER, one)
    assert offset_of(PROJECT, one) % timedelta(days=1)  # not even the hour of the day stays


@given(PATIENTS, st.integers(0, 120), st.lists(MOMENTS, min_size=1))
def test_ages_are_kept_to_a_year_and_none_over_89_is_told(patient: str, age: int, moments: list[datetime]) -> None:
    offset = offset_of(PROJECT, patient)
    born = max(moment.year for moment in moments) - age
    year = moved_birth_year(born, moments, offset)
    assert year is not None
    for moment in moments:
        there = moved(moment, offset)
        assert there is not None
        told = there.year - year
        if age > 89:
            assert told >= 300
        else:
            assert abs(told - (moment.astimezone(UTC).year - born)) <= 1


def test_a_birth_year_without_any_time_is_not_told() -> None:
    assert moved_birth_year(1950, [], CENTURY) is None
    assert moved_birth_year(None, [datetime(2020, 1, 1, tzinfo=UTC)], CENTURY) is None


def test_what_passes_the_last_year_is_left_out() -> None:
    assert moved(datetime(9990, 1, 1, tzinfo=UTC), CENTURY) is None
    assert moved(None, CENTURY) is None


def test_the_zone_goes() -> None:
    summer = datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert moved(summer, CENTURY) == summer + CENTURY
    assert moved(summer, CENTURY).isoformat().endswith("+00:00")  # type: ignore[union-attr]
