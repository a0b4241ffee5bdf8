"""The parts of a report, and where its text stands: in a part that is read, or set aside for a reason."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """What a heading opens. FINDINGS, IMPRESSION and ADDENDUM are read; of the others the value is the reason."""

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
    """Findings that the final ones in the same report replace."""
    LANGUAGE = "language"
    """A paragraph, or a report, in another language than English."""


READ = frozenset({Part.FINDINGS, Part.IMPRESSION, Part.ADDENDUM})


class Stretch(NamedTuple):
    """A stretch `text[start:end]` (half-open, code points) and its part: read under that name, or set aside."""

    start: int
    end: int
    part: Part


@dataclass(frozen=True, slots=True)
class SetAside:
    """A stretch `text[start:end]` (half-open, code points) that no engine reads, and the reason: a `Part`'s value."""

    start: int
    end: int
    reason: str
