"""Which verdicts count, which facts they are about, and the review state. Pure functions of the rows of reviews.

A mention's id belongs to one extraction. A verdict is about a fact: a statement about these words of this text, or
about this film. It applies to every extraction with the same statement
(docs/decisions/0089-verdicts-follow-the-fact.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vlmkg.schema import Presence
from vlmkg.spans import overlap
from vlmkg.verdicts import ReviewState, Verdict


@dataclass(frozen=True, slots=True)
class FindingPosition:
    """A finding's position: code points `start` to `end` of a report's text, or a film, which has no span.

    `source` is the reportKey, or the SOPInstanceUID of a `film`.
    """

    source: str
    film: bool
    start: int
    end: int

    def touches(self, other: "FindingPosition") -> bool:
        """Whether the two overlap in the same text, or are in the same film."""
        if (self.source, self.film) != (other.source, other.film):
            return False
        return self.film or overlap(self, other)


@dataclass(frozen=True, slots=True)
class Assertion:
    """The content of a finding. `place_codes` are sorted."""

    presence: Presence
    concept_code: str
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A finding as a verdict refers to it: its patient, position and content."""

    patient_id: str
    place: FindingPosition
    claim: Assertion

    def is_about(self, other: "Statement") -> bool:
        """Whether both are about the same words or, in a film, the same concept."""
        same_words = not self.place.film or self.claim.concept_code == other.claim.concept_code
        return self.patient_id == other.patient_id and self.place.touches(other.place) and same_words


@dataclass(frozen=True, slots=True)
class Review:
    """One row: a reviewer's verdict on a statement. `verdict` None: it withdraws the earlier one.

    `presence` is the right presence; `may_read`: the reviewer may read report texts. `words`, `section` and
    `concept_name` describe the statement for people.
    """

    id: int
    at: datetime
    reviewer: str
    may_read: bool
    verdict: Verdict | None
    presence: Presence | None
    note: str | None
    statement: Statement
    words: str
    section: str
    concept_name: str
    extraction_id: str
    mention_id: str


@dataclass(frozen=True, slots=True)
class FoundReview:
    """A review at a finding's position. `holds`: it is about the finding's content, not about another reading."""

    review: Review
    holds: bool


def standing(reviews: Iterable[Review]) -> list[Review]:
    """The verdicts that count: each reviewer's latest verdict on each fact, unless it was withdrawn."""
    left: dict[tuple[str, str], list[Review]] = {}
    for review in sorted(reviews, key=lambda one: one.id):
        whose = review.reviewer, review.statement.place.source
        mine = [one for one in left.get(whose, ()) if not _ends(review, one)]
        left[whose] = mine if review.verdict is None else [*mine, review]
    return sorted((one for mine in left.values() for one in mine), key=lambda one: one.id)


def about(counting: Iterable[Review], finding: Statement) -> list[FoundReview]:
    """The standing verdicts at the finding's position, oldest first."""
    return [
        FoundReview(review, review.statement.claim == finding.claim)
        for review in counting
        if review.statement.is_about(finding)
    ]


def state_of(found: Sequence[FoundReview]) -> ReviewState:
    """The review state of the verdicts that hold. Only reviewers who may read the report confirm or reject."""
    holding = [one.review for one in found if one.holds]
    readers = {review.verdict for review in holding if review.may_read}
    others = {review.verdict for review in holding if not review.may_read}
    if {Verdict.CORRECT, Verdict.WRONG} <= readers:
        return ReviewState.CONTESTED
    if Verdict.WRONG in readers:
        return ReviewState.REJECTED
    if Verdict.WRONG in others:
        return ReviewState.CONTESTED
    if Verdict.CORRECT in readers:
        return ReviewState.CONFIRMED
    return ReviewState.UNDECIDED if holding else ReviewState.UNREVIEWED


def _ends(later: Review, earlier: Review) -> bool:
    """Whether a reviewer's later review replaces or withdraws their earlier one."""
    if not later.statement.is_about(earlier.statement):
        return False
    return later.verdict is None or later.statement.claim == earlier.statement.claim
