"""Cypher conditions that trees of findings, studies and patients have in common, and how trees combine theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from graph.reads.query_builder import QueryBuilder
from graph.reads.wheres import FindingWhere, PatientWhere, StudyWhere

Tree = TypeVar("Tree", FindingWhere, StudyWhere, PatientWhere)


@dataclass(frozen=True, slots=True)
class FindingScope:
    """The query's variables for a finding and, if they are bound already, its study and its patient."""

    finding: str
    study: str | None = None
    patient: str | None = None


def one_of(builder: QueryBuilder, value: str, allowed: Sequence[str]) -> str:
    """The condition that a property has one of these values; false if it is missing."""
    return f"coalesce({value} IN {builder.bind(list(allowed))}, false)"


def within(builder: QueryBuilder, time: str, after: datetime | None, before: datetime | None) -> list[str]:
    """The conditions that a time is not before `after`, and is before `before`; false if the time is missing."""
    parts = []
    if after is not None:
        parts.append(f"coalesce({time} >= {builder.bind(after)}, false)")
    if before is not None:
        parts.append(f"coalesce({time} < {builder.bind(before)}, false)")
    return parts


def of_study(builder: QueryBuilder, where: FindingWhere, scope: FindingScope) -> list[str]:
    """The conditions of a tree of findings on the finding's study and patient."""
    parts = []
    if where.modality is not None:
        if scope.study is not None:
            parts.append(one_of(builder, f"{scope.study}.modality", where.modality))
        else:
            modalities, study = builder.bind(list(where.modality)), builder.variable("s")
            path = f"({scope.finding})<-[:HAS_FINDING]-({study}:Study)"
            parts.append(f"EXISTS {{ MATCH {path} WHERE {study}.modality IN {modalities} }}")
    if where.patient_id is not None:
        patient_id = builder.bind(where.patient_id)
        if scope.patient is not None:
            parts.append(f"{scope.patient}.patientId = {patient_id}")
        else:
            path = f"({scope.finding})<-[:HAS_FINDING]-(:Study)<-[:HAS_STUDY]-(:Patient {{patientId: {patient_id}}})"
            parts.append(f"EXISTS {{ {path} }}")
    return parts


def combined(builder: QueryBuilder, own: Sequence[str], where: Tree, predicate: Callable[[Tree], str]) -> str:
    """The predicate of a tree: the conditions of its root, and those of `and_`, `or_`, `not_` by `predicate`."""
    parts = list(own)
    if where.and_ is not None:
        parts.extend(predicate(child) for child in where.and_)
    if where.or_ is not None:
        ways = " OR ".join(f"({predicate(child)})" for child in where.or_)
        parts.append(f"({ways})" if ways else _constant(builder, holds=False))
    if where.not_ is not None:
        parts.append(f"NOT ({predicate(where.not_)})")
    return all_of(builder, parts)


def all_of(builder: QueryBuilder, parts: Sequence[str]) -> str:
    """The predicate that all parts hold."""
    return " AND ".join(parts) or _constant(builder, holds=True)


def _constant(builder: QueryBuilder, *, holds: bool) -> str:
    """A constant as a parameter.

    The planner would fold a literal and drop its MATCH, and the index hint would then fail.
    """
    return builder.bind(holds)
