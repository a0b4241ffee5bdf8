"""Overlap of spans, against the definition: a common position."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from vlmkg.spans import overlap


class Span(NamedTuple):
    """A half-open span."""

    start: int
    end: int


spans = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda at: Span(at[0], at[0] + at[1]))


@given(spans, spans)
def test_spans_overlap_if_they_share_a_position(one: Span, other: Span) -> None:
    assert overlap(one, other) == bool(set(range(*one)) & set(range(*other)))
