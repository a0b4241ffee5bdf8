"""Entry points of queries.

Conditions that a tree ANDs at its root can be looked up; the others are checked afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from graph.reads.query_builder import KINDS, QueryBuilder
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere, with_defaults
from vlmkg.schema import Presence

Tree = TypeVar("Tree", bound=FindingWhere | StudyWhere | PatientWhere)

RARE = 2_000
"""A concept with fewer findings is looked up first; a more common one is found early in a scan of patients or studies.

Looking up 2,000 findings and their owners takes 15 ms, scanning 10,000 patients without a match 500 ms
(docs/graphql.md).
"""


def conjuncts(where: Tree) -> Iterator[Tree]:
    """The nodes of the tree that must all hold: the root and the nodes ANDed to it."""
    yield where
    for child in cast("tuple[Tree, ...]", where.and_ or ()):
        yield from conjuncts(child)


def concept_anchor(where: FindingWhere) -> ConceptWhere | None:
    """A concept that every finding of the answer must have; None if there is none."""
    return next((node.concept for node in conjuncts(where) if node.concept is not None), None)


def patient_anchor(where: FindingWhere | StudyWhere) -> str | None:
    """The patient of everything in the answer; None if the tree names none."""
    nodes: Iterable[FindingWhere | StudyWhere] = conjuncts(where)
    return next((node.patient_id for node in nodes if node.patient_id is not None), None)


def presences(where: FindingWhere) -> list[str]:
    """The possible presences of the answer's findings, from the conditions ANDed at the root."""
    allowed = set(Presence)
    for node in conjuncts(where):
        if node.presence is not None:
            allowed &= set(node.presence)
    return sorted(presence.value for presence in allowed)


def residual(where: FindingWhere, anchor: ConceptWhere) -> FindingWhere:
    """The remaining conditions to check on a finding from `seek`."""
    return replace(
        where,
        concept=None if where.concept == anchor else where.concept,
        presence=None,
        and_=None if where.and_ is None else tuple(residual(child, anchor) for child in where.and_),
    )


def seek(builder: QueryBuilder, anchor: ConceptWhere, where: FindingWhere, after: str) -> tuple[str, str]:
    """The two halves of a look-up of the concept's findings in the page index: the rows `code`, `presence`, and the
    MATCH of `finding` for one such row, in page order after the placeholder `after`."""
    codes, allowed = builder.codes(anchor, KINDS), builder.bind(presences(where))
    rows = f"UNWIND {codes} AS code UNWIND {allowed} AS presence"
    match = (
        "MATCH (finding:Finding) USING INDEX SEEK finding:Finding(conceptCode, presence, pageKey) "
        f"WHERE finding.conceptCode = code AND finding.presence = presence AND finding.pageKey > {after}"
    )
    return rows, match


def finding_anchor(where: StudyWhere | PatientWhere) -> FindingWhere | None:
    """A finding that every study or patient of the answer must have, if its concept can be looked up."""
    nodes: Iterable[StudyWhere | PatientWhere] = conjuncts(where)
    asked = (with_defaults(node.has_finding) for node in nodes if node.has_finding is not None)
    return next((finding for finding in asked if concept_anchor(finding) is not None), None)


def having(builder: QueryBuilder, anchor: FindingWhere, path: str, owner: str) -> str:
    """The distinct `owner` nodes at the end of `path` from findings of the anchor, unordered."""
    rows, match = _seek_all(builder, anchor)
    return f"CALL (*) {{ {rows} {match} MATCH {path} RETURN DISTINCT {owner} }} WITH *"


def having_or_walk(builder: QueryBuilder, anchor: FindingWhere, path: str, owner: str, fits: str, walk: str) -> str:
    """The matching rows of `owner`.

    They are looked up by the anchor if its concept is rare, otherwise scanned in the order of `walk`.
    """
    rows, match = _seek_all(builder, anchor)
    return (
        f"CALL (*) {{ {rows} CALL (*) {{ {match} RETURN 1 AS hit LIMIT {RARE} }} "
        f"WITH hit LIMIT {RARE} RETURN count(*) < {RARE} AS rare }}\n"
        f"CALL (*) {{\n  UNWIND CASE WHEN rare THEN [1] ELSE [] END AS go\n"
        f"  {having(builder, anchor, path, owner)} WHERE {fits} RETURN {owner}\n"
        f"UNION ALL\n  UNWIND CASE WHEN rare THEN [] ELSE [1] END AS go CALL (*) {{ {walk} }} RETURN {owner}\n}}"
    )


def _seek_all(builder: QueryBuilder, where: FindingWhere) -> tuple[str, str]:
    anchor = concept_anchor(where)
    if anchor is None:
        message = "the tree has no concept to look up"
        raise ValueError(message)
    return seek(builder, anchor, where, builder.bind(""))
