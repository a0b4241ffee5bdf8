"""The summary of an import, and the choice of its films."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from training.data.mimic_cxr import FRONTAL, UNKNOWN_VIEW
from training.data.rows import Row
from training.data.tally import Tally
from vlmkg.errors import UsageError


def only_frontal(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    """The rows with only those films whose view is frontal. Raises UsageError if no film's view is known."""
    kept = films = 0
    for row in rows:
        chosen = [at for at, view in enumerate(row.views) if view in FRONTAL]
        kept, films = kept + len(chosen), films + len(row.images)
        tally.left_out["films that are not frontal"] += len(row.images) - len(chosen)
        images, views = (tuple(part[at] for at in chosen) for part in (row.images, row.views))
        yield replace(row, images=images, views=views)
    if films and not kept:
        raise UsageError(
            "no film is known to be frontal", "put mimic-cxr-2.0.0-metadata.csv.gz beside `files`, or omit --frontal"
        )


def what_was_read(rows: Sequence[Row], tally: Tally) -> dict[str, Any]:
    """Counts of reports, patients, films, views, labels and splits, and what was left out or lost."""
    for row in rows:
        tally.views.update(row.views or [UNKNOWN_VIEW] * len(row.images))
    return {
        "read": {
            "reports": len(rows),
            "patients": len({row.patient_id for row in rows}),
            "films": sum(len(row.images) for row in rows),
            "reports with a film": sum(bool(row.images) for row in rows),
            "mentions": sum(len(row.graph.mentions) for row in rows),
            "relations": sum(len(row.graph.relations) for row in rows),
        },
        "labels": dict(sorted(Counter(row.labels for row in rows).items())),
        "splits": dict(sorted(Counter(row.split for row in rows).items())),
        **tally.as_json(),
    }
