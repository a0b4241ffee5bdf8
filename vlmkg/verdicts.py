"""What persons say of what an engine read: the words that readers' sheets (training.review) and the service share."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a reader says of what was read."""

    CORRECT = "correct"
    WRONG = "wrong"
    CANNOT_TELL = "cannot tell"


class ReviewState(StrEnum):
    """What the verdicts on a finding come to (docs/decisions/0089-verdicts-follow-the-fact.md)."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CONTESTED = "contested"
    UNDECIDED = "undecided"
