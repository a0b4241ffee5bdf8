"""The policy for all counts of patients, studies, findings or terms in answers.

A count below VLMKG_MIN_CELL could identify persons: cohorts hide it. Callers who may not see identifiers get all counts
rounded to multiples of VLMKG_MIN_CELL, so that the difference of two queries does not identify a person. SECURITY.md
lists the attacks that this stops.
"""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CountPolicy:
    """`min_cell` is the minimum count that is shown; `rounded`: only multiples of it are shown."""

    min_cell: int
    rounded: bool

    def total(self, number: int) -> int:
        """The total of a list, which is never null. If it is rounded, it is 0 or at least `min_cell`."""
        if not self.rounded or number == 0:
            return number
        return max(self._nearest(number), self.min_cell)

    def count(self, number: int) -> Row:
        """A row of the type Count. Zero is shown."""
        if 0 < number < self.min_cell:
            return _HIDDEN
        return {"count": self._nearest(number) if self.rounded else number, "suppressed": False}

    def patients_and_studies(self, patients: int, studies: int) -> Row:
        """The values `patients` and `studies`. The studies of too few patients would tell what their count hides."""
        told = self.count(patients)
        return {"patients": told, "studies": _HIDDEN if told["suppressed"] else self.count(studies)}

    def _nearest(self, number: int) -> int:
        """The nearest multiple; rounds halves up."""
        return (number + self.min_cell // 2) // self.min_cell * self.min_cell


_HIDDEN: Row = {"count": None, "suppressed": True}
