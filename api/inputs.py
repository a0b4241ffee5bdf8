"""Filters as GraphQL input types, and their conversion to the graph's where-trees.

The classes describe the schema. Values are read from the coerced dictionaries, because nested fields have no resolver
that would get instances.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

from api.errors import ApiError, Code
from api.scalars import DateTime
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere
from vlmkg.schema import Presence, Witness
from vlmkg.verdicts import ReviewState

MAX_WHERE_NODES = 50
"""The maximum number of nodes of one where-tree."""

Given = Mapping[str, Any]
Tree = TypeVar("Tree", FindingWhere, StudyWhere, PatientWhere)


class Laterality(Enum):
    """The side of a finding."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


strawberry.enum(Presence, description="What the report states about a finding.")
strawberry.enum(Witness, description="The engine that read it.")
strawberry.enum(Laterality, description="The side of a finding.")
strawberry.enum(
    ReviewState,
    description=(
        "The combined review state. CONFIRMED or REJECTED needs a verdict by someone who may read the report, and "
        "no opposing one. CONTESTED: somebody says WRONG, but it is not REJECTED. UNDECIDED: judged, but nobody says "
        "WRONG, and nobody who may read the report says CORRECT."
    ),
)


@strawberry.input(
    name="ConceptWhere", description="A filter of concepts. All given conditions must hold. Case is ignored."
)
class ConceptWhereInput:
    """See graph.reads.wheres.ConceptWhere."""

    code: str | None = strawberry.field(default=None, description="The code, such as RID34539.")
    name: str | None = strawberry.field(default=None, description="The complete name or a complete synonym.")
    name_contains: str | None = strawberry.field(default=None, description="A substring of the name.")
    include_descendants: bool = strawberry.field(
        default=True, description="Include the descendants by IS_A; for locations also the parts by PART_OF."
    )


@strawberry.input(
    name="FindingWhere",
    description=(
        "A filter of findings. All given conditions must hold. If no node filters on `presence`, only PRESENT and "
        "UNCERTAIN are returned. If none filters on `review`, REJECTED is left out."
    ),
)
class FindingWhereInput:
    """See graph.reads.wheres.FindingWhere."""

    and_: list["FindingWhereInput"] | None = strawberry.field(default=None, name="and")
    or_: list["FindingWhereInput"] | None = strawberry.field(default=None, name="or")
    not_: "FindingWhereInput | None" = strawberry.field(default=None, name="not")
    concept: ConceptWhereInput | None = None
    presence: list[Presence] | None = None
    location: ConceptWhereInput | None = strawberry.field(default=None, description="One of its anatomical locations.")
    laterality: list[Laterality] | None = strawberry.field(
        default=None, description="The exact value: LEFT does not match BILATERAL."
    )
    modifier: str | None = strawberry.field(
        default=None, description="The wording of a modifier, or the name of its concept."
    )
    studied_after: DateTime | None = strawberry.field(
        default=None, description="This time or later; unknown never fits."
    )
    studied_before: DateTime | None = strawberry.field(
        default=None, description="Before this time; unknown never fits."
    )
    modality: list[str] | None = None
    patient_id: str | None = None
    min_score: float | None = strawberry.field(default=None, description="A finding without a score always matches.")
    witness: list[Witness] | None = None
    disputed: bool | None = strawberry.field(
        default=None, description="Whether model and rules disagree on its presence or kind."
    )
    review: list[ReviewState] | None = strawberry.field(
        default=None, description="The state of its reviews. A new review shows within seconds."
    )
    suggests: "FindingWhereInput | None" = strawberry.field(
        default=None, description="It suggests a finding that matches this filter."
    )


@strawberry.input(name="StudyWhere", description="A filter of studies. All given conditions must hold.")
class StudyWhereInput:
    """See graph.reads.wheres.StudyWhere."""

    and_: list["StudyWhereInput"] | None = strawberry.field(default=None, name="and")
    or_: list["StudyWhereInput"] | None = strawberry.field(default=None, name="or")
    not_: "StudyWhereInput | None" = strawberry.field(default=None, name="not")
    patient_id: str | None = None
    modality: list[str] | None = None
    pairing: list[str] | None = None
    started_after: DateTime | None = strawberry.field(
        default=None, description="This time or later; unknown never fits."
    )
    started_before: DateTime | None = strawberry.field(
        default=None, description="Before this time; unknown never fits."
    )
    warning: list[str] | None = strawberry.field(
        default=None, description="Warning codes; its reading has one of them."
    )
    has_finding: FindingWhereInput | None = None


@strawberry.input(name="PatientWhere", description="A filter of patients. All given conditions must hold.")
class PatientWhereInput:
    """See graph.reads.wheres.PatientWhere."""

    and_: list["PatientWhereInput"] | None = strawberry.field(default=None, name="and")
    or_: list["PatientWhereInput"] | None = strawberry.field(default=None, name="or")
    not_: "PatientWhereInput | None" = strawberry.field(default=None, name="not")
    has_finding: FindingWhereInput | None = strawberry.field(
        default=None, description="The patient has a finding that matches."
    )
    no_later_finding: FindingWhereInput | None = strawberry.field(
        default=None,
        description=(
            "No matching finding in a study later than that of `hasFinding`, which must be given, too. "
            "An unknown time is never later."
        ),
    )


@strawberry.input(description="A patient by the sender's identifier. The server computes the pseudonym.")
class PatientIdentifier:
    """It is never logged or stored; the audit trail shows the pseudonym."""

    authority: str = strawberry.field(description="The assigning authority, as the messages name it.")
    value: str = strawberry.field(description="The identifier.")


def finding_where(given: Given | None) -> FindingWhere | None:
    """The tree of a coerced FindingWhere. Raises ApiError (BAD_USER_INPUT)."""
    return None if given is None else _finding(_bounded(given))


def study_where(given: Given | None) -> StudyWhere | None:
    """The tree of a coerced StudyWhere. Raises ApiError (BAD_USER_INPUT)."""
    return None if given is None else _study(_bounded(given))


def patient_where(given: Given | None) -> PatientWhere | None:
    """The tree of a coerced PatientWhere. Raises ApiError (BAD_USER_INPUT)."""
    return None if given is None else _patient(_bounded(given))


def _finding(given: Given) -> FindingWhere:
    return FindingWhere(
        and_=_each(_finding, given.get("and")),
        or_=_each(_finding, given.get("or")),
        not_=_maybe(_finding, given.get("not")),
        concept=_maybe(_concept, given.get("concept")),
        presence=_tuple(given.get("presence")),
        location=_maybe(_concept, given.get("location")),
        laterality=_each(_value, given.get("laterality")),
        modifier=given.get("modifier"),
        studied_after=given.get("studiedAfter"),
        studied_before=given.get("studiedBefore"),
        modality=_tuple(given.get("modality")),
        patient_id=given.get("patientId"),
        min_score=given.get("minScore"),
        witness=_tuple(given.get("witness")),
        disputed=given.get("disputed"),
        review=_tuple(given.get("review")),
        suggests=_maybe(_finding, given.get("suggests")),
    )


def _study(given: Given) -> StudyWhere:
    return StudyWhere(
        and_=_each(_study, given.get("and")),
        or_=_each(_study, given.get("or")),
        not_=_maybe(_study, given.get("not")),
        patient_id=given.get("patientId"),
        modality=_tuple(given.get("modality")),
        pairing=_tuple(given.get("pairing")),
        started_after=given.get("startedAfter"),
        started_before=given.get("startedBefore"),
        warning=_tuple(given.get("warning")),
        has_finding=_maybe(_finding, given.get("hasFinding")),
    )


def _patient(given: Given) -> PatientWhere:
    if given.get("noLaterFinding") is not None and given.get("hasFinding") is None:
        raise ApiError(Code.BAD_USER_INPUT, "`noLaterFinding` was given without `hasFinding`: give both")
    return PatientWhere(
        and_=_each(_patient, given.get("and")),
        or_=_each(_patient, given.get("or")),
        not_=_maybe(_patient, given.get("not")),
        has_finding=_maybe(_finding, given.get("hasFinding")),
        no_later_finding=_maybe(_finding, given.get("noLaterFinding")),
    )


def _concept(given: Given) -> ConceptWhere:
    where = ConceptWhere(
        given.get("code"), given.get("name"), given.get("nameContains"), given.get("includeDescendants") is not False
    )
    words = [word for word in (where.code, where.name, where.name_contains) if word is not None]
    if not words or not all(word.strip() for word in words):
        raise ApiError(
            Code.BAD_USER_INPUT, "a concept filter is empty: give `code`, `name` or `nameContains`, not blank"
        )
    return where


def _bounded(given: Given) -> Given:
    if _nodes(given) > MAX_WHERE_NODES:
        raise ApiError(
            Code.COST_LIMIT, f"the filter is too large: `where` may have {MAX_WHERE_NODES} nodes", limit=MAX_WHERE_NODES
        )
    return given


def _nodes(given: Any) -> int:
    """The number of input objects in a value."""
    if isinstance(given, Mapping):
        return 1 + sum(_nodes(value) for value in given.values())
    if isinstance(given, list):
        return sum(_nodes(value) for value in given)
    return 0


Result = TypeVar("Result")


def _maybe(convert: Callable[[Any], Result], given: Any) -> Result | None:
    return None if given is None else convert(given)


def _each(convert: Callable[[Any], Result], given: Any) -> tuple[Result, ...] | None:
    return None if given is None else tuple(convert(one) for one in given)


def _tuple(given: Any) -> Any:
    return None if given is None else tuple(given)


def _value(given: Enum) -> Any:
    return given.value
