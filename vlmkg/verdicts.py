"""Verdicts of persons on readings, shared by readers' sheets (training.review) and the service."""

from enum import StrEnum


class Verdict(StrEnum):
    """A person's verdict on a finding or triplet."""

    CORRECT = "correct"
    WRONG = "wrong"
    CANNOT_TELL = "cannot tell"


class ReviewState(StrEnum):
    """The state of a finding's reviews (docs/decisions/0089-verdicts-follow-the-fact.md)."""

    UNREVIEWED = "unreviewed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CONTESTED = "contested"
    UNDECIDED = "undecided"
