"""The parts of a message."""

from dataclasses import dataclass

TEXT_SHOWN = 64 * 1024
"""Characters of a message's text that are shown. A longer text is cut."""
MOST_PARTS = 500
LONGEST_VALUE = 500
"""Characters of a part's value."""


@dataclass(frozen=True, slots=True)
class Part:
    """A named stretch of the text: half-open code-point offsets. A part that is missing has none.

    `problem`: the message was refused, or reading stopped, because of it.
    """

    name: str
    value: str
    start: int | None
    end: int | None
    problem: bool = False


@dataclass(frozen=True, slots=True)
class Inspected:
    """The message as text, and its parts in order. `cut`: the text or the list of parts is longer than shown."""

    text: str
    parts: tuple[Part, ...]
    cut: bool


def part(name: str, text: str, start: int, end: int, *, problem: bool = False) -> Part:
    """A part that stands in the text."""
    return Part(name, text[start : min(end, start + LONGEST_VALUE)], start, end, problem)
