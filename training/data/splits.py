"""Splits by patient, never by report or film; and duplicates between splits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from training.data.rows import Row
from vlmkg.errors import RefusedError

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Reports that repeat another report's text: in total, and across splits."""

    reports: int
    repeated: int
    across_splits: int


def with_splits(rows: Iterable[Row], seed: int = 0) -> Iterator[Row]:
    """The rows with a split: their own if they have one, else by the patient's id."""
    return (row if row.split else replace(row, split=split_of(row.patient_id, seed)) for row in rows)


def split_of(patient_id: str, seed: int = 0) -> str:
    """The split of a patient, the same in every run."""
    draw = int.from_bytes(sha256(f"{seed}/{patient_id}".encode()).digest()[:8], "big") / 2**64
    reached = 0.0
    for name, share in SHARES.items():
        reached += share
        if draw < reached:
            return name
    return next(reversed(SHARES))


def check_disjoint(rows: Iterable[Row]) -> None:
    """Raises RefusedError if a patient is in two splits."""
    seen: dict[str, str] = {}
    both = {row.patient_id for row in rows if seen.setdefault(row.patient_id, row.split) != row.split}
    if both:
        raise RefusedError(f"{len(both)} patients are in several splits", "use --resplit to split by patient")


def duplicates(rows: Sequence[Row]) -> Duplicates:
    """The number of reports that repeat another's text, ignoring spaces and case."""
    splits: dict[str, list[str]] = {}
    for row in rows:
        splits.setdefault(" ".join(row.report.lower().split()), []).append(row.split)
    groups = [group for group in splits.values() if len(group) > 1]
    across = [group for group in groups if len(set(group)) > 1]
    return Duplicates(len(rows), sum(map(len, groups)), sum(map(len, across)))
