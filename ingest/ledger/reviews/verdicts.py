"""Which verdicts count, of which facts they are, and what they come to. Pure functions of the rows of reviews.

A mention's id is that of one extraction. A verdict is of a fact: that this is said of these words of this text, or of
this film. So it holds for whatever extraction says the same of them (docs/decisions/0089-verdicts-follow-the-fact.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vlmkg.schema import Presence
from vlmkg.verdicts import ReviewState, Verdict


@dataclass(frozen=True, slots=True)
class FindingPosition:
    """Where a finding stands: code points `start` to `end` of a report's text, or in a film, which has no span.

    `source` is the reportKey, or the SOPInstanceUID of a `film`.
    """

    source: str
    film: bool
    start: int
    end: int

    def touches(self, other: "FindingPosition") -> bool:
        """Whether the two share words of one text, or are of one film."""
        if (self.source, self.film) != (other.source, other.film):
            return False
        return self.film or (self.start < other.end and other.start < self.end)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a finding says. `place_codes` are sorted."""

    presence: Presence
    concept_code: str
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A finding as a verdict means it: whose, where, and what it says."""

    patient_id: str
    place: FindingPosition
    claim: Assertion

    def is_about(self, other: "Statement") -> bool:
        """Whether both are of the same words. In a film, which has no words, of the same concept."""
        same_words = not self.place.film or self.claim.concept_code == other.claim.concept_code
        return self.patient_id == other.patient_id and self.place.touches(other.place) and same_words


@dataclass(frozen=True, slots=True)
class Review:
    """One row: who said what of which statement, when. `verdict` None: they take back what they said of its words.

    `presence` is what the finding should say; `may_read`: the reviewer may read report texts. `words`, `section` and
    `concept_name` tell a person what the statement was.
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
class Found:
    """A review at a finding's words. `holds`: it is of what the finding says, else of another reading there."""

    review: Review
    holds: bool


def standing(reviews: Iterable[Review]) -> list[Review]:
    """The verdicts that count: of each reviewer the latest of each fact, unless it was taken back."""
    left: dict[tuple[str, str], list[Review]] = {}
    for review in sorted(reviews, key=lambda one: one.id):
        whose = review.reviewer, review.statement.place.source
        mine = [one for one in left.get(whose, ()) if not _ends(review, one)]
        left[whose] = mine if review.verdict is None else [*mine, review]
    return sorted((one for mine in left.values() for one in mine), key=lambda one: one.id)


def about(counting: Iterable[Review], finding: Statement) -> list[Found]:
    """Those of the standing verdicts that stand at the finding's words, the oldest first."""
    return [
        Found(review, review.statement.claim == finding.claim)
        for review in counting
        if review.statement.is_about(finding)
    ]


def state_of(found: Sequence[Found]) -> ReviewState:
    """What the verdicts that hold come to. Only reviewers who may read the report confirm or reject."""
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
    """Whether a reviewer's later word replaces their earlier one, or takes it back."""
    if not later.statement.is_about(earlier.statement):
        return False
    return later.verdict is None or later.statement.claim == earlier.statement.claim
