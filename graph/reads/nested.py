"""Nested pages: the findings of a patient or a study, the studies of a patient.

Each is a map `{rows: [{key, node}], total}`. It has one row more than the page if there are further ones.
"""

from collections.abc import Callable, Iterable

from graph.reads.draft import Draft
from graph.reads.predicates import FindingScope, finding_predicate, study_predicate
from graph.reads.wanted import Page, Wanted
from graph.reads.wheres import FindingWhere, StudyWhere, with_defaults

FindingMap = Callable[[Draft, Iterable[Wanted], FindingScope], str]
StudyMap = Callable[[Draft, Iterable[Wanted], str, str], str]


def findings_of(
    draft: Draft, field: Wanted, node: FindingMap, *, study: str | None = None, patient: str | None = None
) -> str:
    """A page of the findings of a bound study, or of a bound patient."""
    where = field.where if isinstance(field.where, FindingWhere) else None
    found = draft.variable("f")
    if study is None:
        of = draft.variable("s")
        path = f"({patient})-[:HAS_STUDY]->({of}:Study)-[:HAS_FINDING]->({found}:Finding)"
    else:
        of = study
        path = f"({of})-[:HAS_FINDING]->({found}:Finding)"
    scope = FindingScope(found, of, patient)
    fits = finding_predicate(draft, with_defaults(where), scope)
    return _page(draft, field, path, found, fits, node(draft, field.fields, scope))


def studies_of(draft: Draft, field: Wanted, node: StudyMap, *, patient: str) -> str:
    """A page of the studies of a bound patient."""
    where = field.where if isinstance(field.where, StudyWhere) else StudyWhere()
    found = draft.variable("s")
    fits = study_predicate(draft, where, found)
    path = f"({patient})-[:HAS_STUDY]->({found}:Study)"
    return _page(draft, field, path, found, fits, node(draft, field.fields, found, patient))


def _page(draft: Draft, field: Wanted, path: str, found: str, fits: str, node: str) -> str:
    page = field.page or Page()
    after, limit = draft.bind(page.after), draft.bind(page.first + 1)
    total = f"COUNT {{ MATCH {path} WHERE {fits} }}" if page.total else "null"
    return (
        f"{{rows: COLLECT {{ MATCH {path} WHERE {found}.pageKey > {after} AND {fits} "
        f"WITH * ORDER BY {found}.pageKey LIMIT {limit} RETURN {{key: {found}.pageKey, node: {node}}} }}, "
        f"total: {total}}}"
    )
