from hypothesis import given
from hypothesis import strategies as st

from ingest.workers.extract import GROUP
from ingest.workers.queue_top_up import MOST, first_of_groups


def test_one_for_each_group_and_one_for_each_that_runs_alone() -> None:
    queued = [(number, number in {5, 40}) for number in range(70)]

    assert first_of_groups(queued) == [0, 5, 33, 40, 66]


def test_a_single_event_is_a_group() -> None:
    assert first_of_groups([(9, False)]) == [9]
    assert first_of_groups([]) == []


@given(st.lists(st.booleans(), max_size=3000))
def test_enough_to_have_everything_claimed_and_never_more_than_the_bound(solo: list[bool]) -> None:
    found = first_of_groups(enumerate(solo))
    groups = -(-solo.count(False) // GROUP) + solo.count(True)

    assert len(found) == min(groups, MOST)
    assert len(set(found)) == len(found)
