"""Cohort counts. Small counts are suppressed, because they identify patients."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import strawberry

from api.counts import CountPolicy
from api.inputs import FindingWhereInput, PatientWhereInput, finding_where, patient_where
from api.response_plans import Row
from graph.reads.cohorts import Breakdown, cohort_of_findings
from graph.reads.cohorts import cohort as cohort_of_summaries
from graph.reads.query_builder import ReadQuery
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


FIELDS = {
    "byConcept": Breakdown.CONCEPTS,
    "byLocation": Breakdown.LOCATIONS,
    "byMonth": Breakdown.MONTHS,
}
"""The breakdowns that the graph is asked for, by the fields that are selected."""


def cohort_questions(given: Mapping[str, Any], selected: Collection[str]) -> Iterator[ReadQuery]:
    """What a coerced CohortWhere asks, the quickest way first. The next one counts where one finds no row."""
    finding, patient = finding_where(given.get("finding")) or FindingWhere(), patient_where(given.get("patient"))
    breakdowns = [breakdown for name, breakdown in FIELDS.items() if name in selected]
    quick = cohort_of_summaries(finding, patient, breakdowns)
    if quick is not None:
        yield quick
    yield cohort_of_findings(finding, patient, breakdowns)


def cohort_row(found: Row, policy: CountPolicy) -> Row:
    """The answer as a row of the type Cohort."""
    return {
        **policy.patients_and_studies(found["patients"], found["studies"]),
        **{
            name: [_cell(cell, policy) for cell in found[breakdown]]
            for name, breakdown in FIELDS.items()
            if breakdown in found
        },
    }


def _cell(cell: Row, policy: CountPolicy) -> Row:
    told = policy.patients_and_studies(cell["patients"], cell["studies"])
    return {"key": cell["key"], "name": cell["name"], **told}
