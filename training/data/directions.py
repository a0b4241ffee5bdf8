"""The direction of `modify` in rows: one data set has one, and a checkpoint keeps it."""

from collections.abc import Iterable

from training.data.radgraph import AS_PUBLISHED
from training.data.rows import Row
from vlmkg.checkpoint.manifest import ModifyDirection
from vlmkg.errors import UsageError


def direction_of(row: Row) -> ModifyDirection:
    """The direction that the row's labels have."""
    published = row.labels.endswith(AS_PUBLISHED)
    return ModifyDirection.AS_PUBLISHED if published else ModifyDirection.DESCRIBING_TO_DESCRIBED


def one_direction(rows: Iterable[Row]) -> ModifyDirection:
    """The direction of all rows; ours if there are none. Raises UsageError if they are mixed."""
    found: dict[ModifyDirection, str] = {}
    for row in rows:
        found.setdefault(direction_of(row), row.study_id)
    if len(found) > 1:
        ours, theirs = found[ModifyDirection.DESCRIBING_TO_DESCRIBED], found[ModifyDirection.AS_PUBLISHED]
        raise UsageError(
            f"the data mix two directions of modify: study {ours} has ours, study {theirs} has RadGraph's as published",
            "train on files of one direction: RadGraph's graphs, or labels by the rules",
        )
    return next(iter(found), ModifyDirection.DESCRIBING_TO_DESCRIBED)
