"""Numbers over a cohort, small ones hidden: a count of one is a person."""

from collections.abc import Mapping
from typing import Any

import strawberry

from api.inputs import FindingWhereInput, PatientWhereInput, finding_where, patient_where
from api.response_plans import Row
from graph.reads.cohorts import cohort as cohort_query
from graph.reads.draft import ReadQuery
from graph.reads.wheres import FindingWhere


@strawberry.input(name="CohortWhere", description="The findings that are counted, and whose.")
class CohortWhereInput:
    """Both as elsewhere."""

    finding: FindingWhereInput | None = strawberry.field(
        default=None, description="All that are not negated, without it."
    )
    patient: PatientWhereInput | None = strawberry.field(default=None, description="Of all patients, without it.")


@strawberry.type(description="A count; null where it is too small to be told (VLMKG_MIN_CELL).")
class Count:
    """Zero is told: it is nobody."""

    count: int | None
    suppressed: bool


@strawberry.type(description="One row of a breakdown.")
class Cell:
    """`key` is a concept's code or a month."""

    key: str
    name: str | None
    patients: Count
    studies: Count


@strawberry.type(description="How many patients and studies have such findings, and what these are.")
class Cohort:
    """Each breakdown has at most 100 rows."""

    patients: Count
    studies: Count
    by_concept: list[Cell]
    by_location: list[Cell]
    by_month: list[Cell] = strawberry.field(description="By the month in which the study started.")


def cohort_question(given: Mapping[str, Any]) -> ReadQuery:
    """The question that a coerced CohortWhere asks."""
    return cohort_query(finding_where(given.get("finding")) or FindingWhere(), patient_where(given.get("patient")))


def cohort_row(found: Row, min_cell: int) -> Row:
    """The answer as a row of the type Cohort."""
    return {
        "patients": _count(found["patients"], min_cell),
        "studies": _count(found["studies"], min_cell),
        "byConcept": [_cell(cell, min_cell) for cell in found["concepts"]],
        "byLocation": [_cell(cell, min_cell) for cell in found["locations"]],
        "byMonth": [_cell(cell, min_cell) for cell in found["months"]],
    }


def _cell(cell: Row, min_cell: int) -> Row:
    patients = _count(cell["patients"], min_cell)
    # Studies of few patients would tell what their count hides.
    studies = {"count": None, "suppressed": True} if patients["suppressed"] else _count(cell["studies"], min_cell)
    return {"key": cell["key"], "name": cell["name"], "patients": patients, "studies": studies}


def _count(number: int, min_cell: int) -> Row:
    hidden = 0 < number < min_cell
    return {"count": None if hidden else number, "suppressed": hidden}
