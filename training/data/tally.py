"""What an import read, left out and lost, by reason: nothing is left out in silence."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one import. `left_out`: reports and films; `lost`: parts of gold graphs; `views`: films by view."""

    left_out: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    views: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The counts that are not empty."""
        parts = {"left_out": self.left_out, "lost": self.lost, "notes": self.notes, "views": self.views}
        return {name: dict(sorted(counts.items())) for name, counts in parts.items() if counts}
