from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import GraphMemoryError
from ingest.errors import OutageError
from ingest.isolation import isolate


@given(st.integers(1, 70), st.sets(st.integers(0, 69)))
def test_just_the_bad_ones_fail_and_all_others_are_done_once(count: int, bad: set[int]) -> None:
    done: list[int] = []

    def work(items: Sequence[int]) -> None:
        if bad & set(items):
            raise ValueError("the report says Mrs Miller")
        done.extend(items)

    faults = isolate(range(count), work)

    assert {fault.item for fault in faults} == bad & set(range(count))
    assert sorted(done) == sorted(set(range(count)) - bad)


def test_a_fault_names_type_and_place_and_nothing_of_the_message() -> None:
    def work(items: Sequence[int]) -> None:
        raise KeyError("Mrs Miller")

    (fault,) = isolate([1], work)

    assert fault.where.startswith("KeyError at ingest/isolation.py:")
    assert "Miller" not in fault.where


def test_an_outage_is_nobodys_fault() -> None:
    tries = 0

    def work(items: Sequence[int]) -> None:
        nonlocal tries
        tries += 1
        raise OutageError("Neo4j does not answer")

    with pytest.raises(OutageError):
        isolate([1, 2, 3, 4], work)
    assert tries == 1


@given(st.integers(1, 70), st.integers(0, 8), st.sets(st.integers(0, 69), max_size=5))
def test_a_graph_without_memory_for_a_group_takes_smaller_ones(count: int, most: int, large: set[int]) -> None:
    """`most` items fit at once, and the large ones not even alone. Nothing is a fault; what fits is done once."""
    done: list[int] = []

    def work(items: Sequence[int]) -> None:
        if len(items) > most or large & set(items):
            raise GraphMemoryError
        done.extend(items)

    fitting = set(range(count)) - large if most else set()
    if fitting == set(range(count)):
        assert isolate(range(count), work) == []
    else:
        with pytest.raises(GraphMemoryError):
            isolate(range(count), work)
    assert sorted(done) == sorted(fitting)


def test_one_bad_of_many_costs_few_tries() -> None:
    tries = 0

    def work(items: Sequence[int]) -> None:
        nonlocal tries
        tries += 1
        if 137 in items:
            raise ValueError

    isolate(range(200), work)

    assert tries <= 2 * 8 + 1
