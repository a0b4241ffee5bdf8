"""Cohort counts. Small counts are suppressed, because they identify patients."""

from collections.abc import Mapping
from typing import Any

import strawberry

from api.inputs import FindingWhereInput, PatientWhereInput, finding_where, patient_where
from api.response_plans import Row
from graph.reads.cohorts import cohort as cohort_query
from graph.reads.draft import ReadQuery
from graph.reads.wheres import FindingWhere


@strawberry.input(name="CohortWhere", description="The findings and patients to count.")
class CohortWhereInput:
    """The two filters of the other queries."""

    finding: FindingWhereInput | None = strawberry.field(
        default=None, description="The findings; without it, all that are not negated."
    )
    patient: PatientWhereInput | None = strawberry.field(default=None, description="The patients; without it, all.")


@strawberry.type(
    description="A count; null if it is above 0 and below VLMKG_MIN_CELL, since a small count identifies patients."
)
class Count:
    """Zero is never suppressed."""

    count: int | None
    suppressed: bool


@strawberry.type(description="One row of a breakdown.")
class Cell:
    """`key` is a concept's code or a month."""

    key: str
    name: str | None
    patients: Count
    studies: Count


@strawberry.type(description="The number of patients and studies with matching findings, with breakdowns.")
class Cohort:
    """Each breakdown has at most 100 rows."""

    patients: Count
    studies: Count
    by_concept: list[Cell]
    by_location: list[Cell]
    by_month: list[Cell] = strawberry.field(description="By the month of the study.")


def cohort_question(given: Mapping[str, Any]) -> ReadQuery:
    """The query for a coerced CohortWhere."""
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
    # A study count would reveal the patient count that is suppressed.
    studies = {"count": None, "suppressed": True} if patients["suppressed"] else _count(cell["studies"], min_cell)
    return {"key": cell["key"], "name": cell["name"], "patients": patients, "studies": studies}


def _count(number: int, min_cell: int) -> Row:
    hidden = 0 < number < min_cell
    return {"count": None if hidden else number, "suppressed": hidden}
