"""One policy for every number of patients, studies, findings or words that a caller is told.

A count below VLMKG_MIN_CELL is a few persons: a cohort does not tell it to anybody. Callers who may not see identifiers
get all other counts rounded to a multiple of VLMKG_MIN_CELL too, so that the difference of two questions is no person.
SECURITY.md says which attacks that stops.
"""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CountPolicy:
    """`min_cell` is the least count that is told; `rounded`: in multiples of it alone."""

    min_cell: int
    rounded: bool

    def total(self, number: int) -> int:
        """The total of a list, which is never null: where it is rounded, at least `min_cell` but for 0."""
        if not self.rounded or number == 0:
            return number
        return max(self._nearest(number), self.min_cell)

    def count(self, number: int) -> Row:
        """A row of the type Count. Zero is told: it is nobody."""
        if 0 < number < self.min_cell:
            return _HIDDEN
        return {"count": self._nearest(number) if self.rounded else number, "suppressed": False}

    def patients_and_studies(self, patients: int, studies: int) -> Row:
        """The values `patients` and `studies`. The studies of too few patients would tell what their count hides."""
        told = self.count(patients)
        return {"patients": told, "studies": _HIDDEN if told["suppressed"] else self.count(studies)}

    def _nearest(self, number: int) -> int:
        """The nearest multiple; the upper one of two that are as near."""
        return (number + self.min_cell // 2) // self.min_cell * self.min_cell


_HIDDEN: Row = {"count": None, "suppressed": True}
