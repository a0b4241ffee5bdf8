"""Verdicts of people on findings (`vlmkg reviews export`), applied to rows of `vlmkg events export-reports`.

A verdict is about one finding, not about its report. So it corrects one label of a silver row, or leaves the row out.
It makes no row gold.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.data.rows import Row
from training.data.tally import Tally
from vlmkg.errors import UsageError
from vlmkg.schema import Kind, Presence

Verdicts = dict[str, list[dict[str, Any]]]
"""The lines of the export by the key of their report."""


def read_verdicts(path: Path) -> Verdicts:
    """The verdicts that say WRONG, by report. Raises UsageError for an invalid line."""
    found: Verdicts = defaultdict(list)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            verdict = json.loads(line)
            if verdict["standing"] and verdict["report"] and verdict["verdict"] == "wrong":
                found[verdict["report"]].append(verdict)
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path.name}, line {number}, is not a review: {type(error).__name__}",
                "give a file that `vlmkg reviews export` wrote",
            ) from error
    return found


def with_verdicts(rows: Iterable[Row], verdicts: Verdicts, tally: Tally) -> Iterator[Row]:
    """The rows with the presences that people gave.

    A row is left out if it has a label that somebody calls wrong, without saying what is right.
    """
    for row in rows:
        given = {(v["finding"]["start"], v["finding"]["end"]): v for v in verdicts.get(row.study_id, ())}
        judged = [
            given.get((one.start, one.end)) if one.kind is Kind.OBSERVATION else None for one in row.graph.mentions
        ]
        still_wrong = [
            one
            for one, verdict in zip(row.graph.mentions, judged, strict=True)
            if verdict and verdict["presence"] is None and verdict["finding"]["presence"] == one.presence
        ]
        if still_wrong:
            tally.left_out["reports with a label that is known to be wrong"] += 1
            continue
        mentions = tuple(
            replace(one, presence=Presence(verdict["presence"])) if verdict and verdict["presence"] else one
            for one, verdict in zip(row.graph.mentions, judged, strict=True)
        )
        if mentions != row.graph.mentions:
            row = replace(row, graph=replace(row.graph, mentions=mentions), labels=f"{row.labels}, corrected")  # noqa: PLW2901
        yield row
