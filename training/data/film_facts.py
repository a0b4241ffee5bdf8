"""What a film shows, as far as its report says so: the report's findings that have a name in the film list.

Films of patients have no gold facts. With these silver facts a model can be trained and scored on the film alone.
A film is given the facts of its whole study, also those that only another view shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from training.data.rows import Row
from vlmkg.engine_protocol import Finding
from vlmkg.linearization import film_names
from vlmkg.numbered_tokens import OBSERVATION_LABELS
from vlmkg.pipeline import read_graph, read_reports
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.schema import Presence, ReportGraph

_STRENGTH = (Presence.PRESENT, Presence.UNCERTAIN, Presence.ABSENT)
"""Of several statements about one name the first of these counts."""


class _Name(NamedTuple):
    """A film name as a normalised finding."""

    name: str
    code: str
    laterality: str | None


def with_film_facts(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows; those with films have the film facts that their report states."""
    return (replace(row, film=stated(row.report, row.graph)) if row.images else row for row in rows)


def stated(report: str, graph: ReportGraph) -> tuple[tuple[str, str], ...]:
    """The film names that the graph's findings state, in the list's order, each with P, U or N."""
    reading = read_graph(report, graph)
    found: dict[str, Presence] = {}
    for finding in reading.findings:
        presence = reading.graph.mentions[finding.mention].presence
        for known in _names():
            if _means(finding, known, presence):
                before = found.get(known.name, presence)
                found[known.name] = min(before, presence, key=_STRENGTH.index)
    return tuple((name, str(OBSERVATION_LABELS[found[name]])) for name in film_names() if name in found)


def _means(finding: Finding, known: _Name, presence: Presence) -> bool:
    if finding.concept.code != known.code:
        return False
    if known.laterality is None or finding.laterality in {known.laterality, "bilateral"}:
        return True
    # A negation without a side applies to both.
    return finding.laterality is None and presence is Presence.ABSENT


@cache
def _names() -> tuple[_Name, ...]:
    names = film_names()
    readings = read_reports(RulesEngine(), [f"{name}." for name in names])
    return tuple(
        _Name(name, finding.concept.code, finding.laterality)
        for name, reading in zip(names, readings, strict=True)
        for finding in reading.findings[-1:]
    )
