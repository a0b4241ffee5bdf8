"""Overlaps between the graphs of two witnesses on one text, and their comparison."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Kind, Mention, RelationType, ReportGraph

PRESENCE, KIND, ROLE = ReadingCode.PRESENCE_CONFLICT, ReadingCode.KIND_CONFLICT, ReadingCode.ROLE_CONFLICT
"""Reason codes of conflicts."""


class Conflict(NamedTuple):
    """What the two read differently so that a finding hangs on it: a reason code, the finding's words, their start."""

    reason: str
    text: str
    start: int


class Combined(NamedTuple):
    """The combined reading, and the differences."""

    graph: ReportGraph
    conflicts: tuple[Conflict, ...]


def overlaps_of(model: Sequence[Mention], rules: Sequence[Mention]) -> list[range]:
    """For each mention of the rules, the positions of the model's mentions that share characters with it."""
    starts = [mention.start for mention in model]
    ends = [mention.end for mention in model]
    return [range(bisect_right(ends, mention.start), bisect_left(starts, mention.end)) for mention in rules]


def is_same(one: Mention, other: Mention) -> bool:
    """Whether two mentions have the same span and kind."""
    return (one.start, one.end, one.kind) == (other.start, other.end, other.kind)


def described_by(graph: ReportGraph) -> dict[int, list[int]]:
    """What each describing mention describes: the tails of its `modify`."""
    described: dict[int, list[int]] = {}
    for relation in graph.relations:
        if relation.type is RelationType.MODIFY:
            described.setdefault(relation.head, []).append(relation.tail)
    return described


def findings_of(graph: ReportGraph) -> list[int]:
    """The observations that describe no other."""
    described = described_by(graph)
    return [at for at, m in enumerate(graph.mentions) if m.kind is Kind.OBSERVATION and at not in described]


def shared_with(number: int, overlaps: Sequence[range]) -> list[list[int]]:
    """For each mention of the model, the positions of the rules' mentions that share characters with it."""
    sharing: list[list[int]] = [[] for _ in range(number)]
    for at, positions in enumerate(overlaps):
        for position in positions:
            sharing[position].append(at)
    return sharing
