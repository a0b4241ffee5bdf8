"""Spans of a text: half-open ranges of code points."""

from typing import Protocol


class HasSpan(Protocol):
    """Anything with a half-open span."""

    @property
    def start(self) -> int:
        """The first position."""

    @property
    def end(self) -> int:
        """The position after the last one."""


def overlap(one: HasSpan, other: HasSpan) -> bool:
    """Whether the two spans share a position."""
    return one.start < other.end and other.start < one.end
