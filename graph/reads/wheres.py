"""Conditions on findings, studies and patients: immutable trees, compiled to Cypher in predicates.py.

A field that is None is no condition. All conditions of one node must hold (AND); `and_`, `or_` and `not_` nest. `and_ =
()` is always true, `or_ = ()` never.
"""

from dataclasses import dataclass
from datetime import datetime

from vlmkg.schema import Presence, Witness
from vlmkg.verdicts import ReviewState

PRESENCE_BY_DEFAULT = (Presence.PRESENT, Presence.UNCERTAIN)
"""The default if the tree has no condition on presence: negated findings are not returned."""

NOT_REJECTED = tuple(state for state in ReviewState if state is not ReviewState.REJECTED)
"""The default if the tree has no condition on review: rejected findings are not returned."""


@dataclass(frozen=True, slots=True)
class ConceptWhere:
    """Concepts by code, by a whole name or synonym, or by part of the name.

    All given fields must match, case-insensitively.

    `include_descendants` adds concepts that are IS_A one of them and, for places, PART_OF one of them.
    """

    code: str | None = None
    name: str | None = None
    name_contains: str | None = None
    include_descendants: bool = True


@dataclass(frozen=True, slots=True)
class FindingWhere:
    """Which findings. Times are half-open: `studied_after` is included, `studied_before` is not.

    `min_score` never drops a finding without a score (the rules engine gives none). `laterality` is compared exactly:
    `left` does not include `bilateral`. `modifier` is a modifier's text or its concept's name. `disputed`: whether
    model and rules disagree on the finding. `suggests` means that the finding is suggestive of one that matches this
    separate tree.
    """

    and_: tuple["FindingWhere", ...] | None = None
    or_: tuple["FindingWhere", ...] | None = None
    not_: "FindingWhere | None" = None
    concept: ConceptWhere | None = None
    presence: tuple[Presence, ...] | None = None
    location: ConceptWhere | None = None
    laterality: tuple[str, ...] | None = None
    modifier: str | None = None
    studied_after: datetime | None = None
    studied_before: datetime | None = None
    modality: tuple[str, ...] | None = None
    patient_id: str | None = None
    min_score: float | None = None
    witness: tuple[Witness, ...] | None = None
    disputed: bool | None = None
    review: tuple[ReviewState, ...] | None = None
    suggests: "FindingWhere | None" = None


@dataclass(frozen=True, slots=True)
class StudyWhere:
    """Which studies. Times are half-open, as in FindingWhere. `warning`: one of these codes is of their reading."""

    and_: tuple["StudyWhere", ...] | None = None
    or_: tuple["StudyWhere", ...] | None = None
    not_: "StudyWhere | None" = None
    patient_id: str | None = None
    modality: tuple[str, ...] | None = None
    pairing: tuple[str, ...] | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    warning: tuple[str, ...] | None = None
    has_finding: FindingWhere | None = None


@dataclass(frozen=True, slots=True)
class PatientWhere:
    """Which patients: those with a finding that matches `has_finding` and is not followed by one of `no_later_finding`.

    Later means in a study of the same patient that started later. An unknown time is neither earlier nor later than any
    other. `no_later_finding` needs `has_finding` in the same node.
    """

    and_: tuple["PatientWhere", ...] | None = None
    or_: tuple["PatientWhere", ...] | None = None
    not_: "PatientWhere | None" = None
    has_finding: FindingWhere | None = None
    no_later_finding: FindingWhere | None = None


def with_defaults(where: FindingWhere | None) -> FindingWhere:
    """The tree with its defaults: present and uncertain; not rejected.

    Each default is ANDed once at the root if the tree has no condition on presence, or on review.
    """
    meant = where or FindingWhere()
    presence = None if _names(meant, "presence") else PRESENCE_BY_DEFAULT
    review = None if _names(meant, "review") else NOT_REJECTED
    if presence is None and review is None:
        return meant
    return FindingWhere(and_=(meant,) if where else None, presence=presence, review=review)


def _names(where: FindingWhere, field: str) -> bool:
    """Whether the tree has a condition on the field. `suggests` is a separate tree and does not count."""
    children = (*(where.and_ or ()), *(where.or_ or ()), *((where.not_,) if where.not_ else ()))
    return getattr(where, field) is not None or any(_names(child, field) for child in children)
