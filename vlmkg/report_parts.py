"""The parts of a report: those that are read, and those that are set aside for a reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """The part that a heading opens.

    FINDINGS, IMPRESSION and ADDENDUM are read; for the others the value is the reason.
    """

    FINDINGS = "findings"
    IMPRESSION = "impression"
    ADDENDUM = "addendum"
    HEADING = "heading"
    """The heading itself: "FINDINGS:"."""
    INDICATION = "indication"
    HISTORY = "history"
    COMPARISON = "comparison"
    TECHNIQUE = "technique"
    EXAM = "exam"
    """The name of the exam, its date and its number of views."""
    ADVICE = "advice"
    SIGN_OFF = "sign_off"
    ADMINISTRATIVE = "administrative"
    PROVISIONAL = "provisional"
    """Findings that the same report replaces with final ones."""
    LANGUAGE = "language"
    """A paragraph, or a report, in another language than English."""


READ = frozenset({Part.FINDINGS, Part.IMPRESSION, Part.ADDENDUM})


class Stretch(NamedTuple):
    """A stretch `text[start:end]` (half-open, code points) and its part, which is read or set aside."""

    start: int
    end: int
    part: Part


@dataclass(frozen=True, slots=True)
class SetAside:
    """A stretch `text[start:end]` (half-open, code points) that no engine reads, and the reason: a `Part`'s value."""

    start: int
    end: int
    reason: str
