"""Where a question starts. What a tree ANDs at its root can be looked up; the rest is checked on what was found."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from graph.reads.draft import KINDS, Draft
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere, StudyWhere, with_defaults
from vlmkg.schema import Presence

Tree = TypeVar("Tree", bound=FindingWhere | StudyWhere | PatientWhere)

RARE = 2_000
"""A concept with fewer findings is looked up first; a commoner one is met soon on a walk over patients or studies.
Looking up 2,000 findings and their owners takes 15 ms, walking 10,000 patients in vain 500 ms (docs/graphql.md)."""


def conjuncts(where: Tree) -> Iterator[Tree]:
    """The nodes of the tree that must all hold: the root and what is ANDed to it."""
    yield where
    for child in cast("tuple[Tree, ...]", where.and_ or ()):
        yield from conjuncts(child)


def concept_anchor(where: FindingWhere) -> ConceptWhere | None:
    """A concept that every finding of the answer must have; None where the tree has no such."""
    return next((node.concept for node in conjuncts(where) if node.concept is not None), None)


def patient_anchor(where: FindingWhere | StudyWhere) -> str | None:
    """The patient that everything in the answer must belong to; None where the tree names none."""
    nodes: Iterable[FindingWhere | StudyWhere] = conjuncts(where)
    return next((node.patient_id for node in nodes if node.patient_id is not None), None)


def presences(where: FindingWhere) -> list[str]:
    """The presences that findings of the answer can have, by what the tree ANDs at its root."""
    allowed = set(Presence)
    for node in conjuncts(where):
        if node.presence is not None:
            allowed &= set(node.presence)
    return sorted(presence.value for presence in allowed)


def residual(where: FindingWhere, anchor: ConceptWhere) -> FindingWhere:
    """What of the tree is left to check on a finding that `seek` has found."""
    return replace(
        where,
        concept=None if where.concept == anchor else where.concept,
        presence=None,
        and_=None if where.and_ is None else tuple(residual(child, anchor) for child in where.and_),
    )


def seek(draft: Draft, anchor: ConceptWhere, where: FindingWhere, after: str) -> tuple[str, str]:
    """The two halves of a look-up of the concept's findings in the page index: the rows `code`, `presence`, and the
    MATCH of `finding` for one such row, in page order after the placeholder `after`."""
    codes, allowed = draft.codes(anchor, KINDS), draft.bind(presences(where))
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


def having(draft: Draft, anchor: FindingWhere, path: str, owner: str) -> str:
    """Each `owner` at the end of `path` from a finding with the anchor's concept and presence, once, unordered."""
    rows, match = _seek_all(draft, anchor)
    return f"CALL (*) {{ {rows} {match} MATCH {path} RETURN DISTINCT {owner} }} WITH *"


def having_or_walk(draft: Draft, anchor: FindingWhere, path: str, owner: str, fits: str, walk: str) -> str:
    """Rows of `owner` that fit: looked up by the anchor where its concept is rare, else met on the ordered `walk`."""
    rows, match = _seek_all(draft, anchor)
    return (
        f"CALL (*) {{ {rows} CALL (*) {{ {match} RETURN 1 AS hit LIMIT {RARE} }} "
        f"WITH hit LIMIT {RARE} RETURN count(*) < {RARE} AS rare }}\n"
        f"CALL (*) {{\n  UNWIND CASE WHEN rare THEN [1] ELSE [] END AS go\n"
        f"  {having(draft, anchor, path, owner)} WHERE {fits} RETURN {owner}\n"
        f"UNION ALL\n  UNWIND CASE WHEN rare THEN [] ELSE [1] END AS go CALL (*) {{ {walk} }} RETURN {owner}\n}}"
    )


def _seek_all(draft: Draft, where: FindingWhere) -> tuple[str, str]:
    anchor = concept_anchor(where)
    if anchor is None:
        message = "the tree has no concept to look up"
        raise ValueError(message)
    return seek(draft, anchor, where, draft.bind(""))
