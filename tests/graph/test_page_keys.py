"""The order of pages, spelt out in one string."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.page_keys import page_key

moments = st.datetimes(timezones=st.just(UTC)) | st.none()


@given(moments, st.text("0123456789abcdef", min_size=1), moments, st.text("0123456789abcdef", min_size=1))
def test_keys_sort_by_time_then_key_with_unknown_times_last(
    one: datetime | None, one_key: str, other: datetime | None, other_key: str
) -> None:
    late = datetime.max.replace(tzinfo=UTC)
    expected = (one is None, one or late, one_key) < (other is None, other or late, other_key)
    assert (page_key(one, one_key) < page_key(other, other_key)) == expected


def test_the_zone_does_not_matter() -> None:
    moment = datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert page_key(moment, "k") == "2023-12-31T23:00:00.000000Z/k"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        page_key(datetime(2024, 1, 1), "k")  # noqa: DTZ001
