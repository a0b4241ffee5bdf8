"""Nested pages: the findings of a patient or a study, the studies of a patient.

Each is a map `{rows: [{key, node}], total}`. It has one row more than the page if there are further ones.
"""

from collections.abc import Callable, Iterable

from graph.reads.conditions import FindingScope
from graph.reads.predicates import finding_predicate, study_predicate
from graph.reads.query_builder import QueryBuilder
from graph.reads.selection import Page, Selection
from graph.reads.wheres import FindingWhere, StudyWhere, with_defaults

FindingMap = Callable[[QueryBuilder, Iterable[Selection], FindingScope], str]
StudyMap = Callable[[QueryBuilder, Iterable[Selection], str, str], str]


def findings_of(
    builder: QueryBuilder,
    field: Selection,
    node: FindingMap,
    *,
    study: str | None = None,
    patient: str | None = None,
) -> str:
    """A page of the findings of a bound study, or of a bound patient."""
    where = field.where if isinstance(field.where, FindingWhere) else None
    found = builder.variable("f")
    if study is None:
        of = builder.variable("s")
        path = f"({patient})-[:HAS_STUDY]->({of}:Study)-[:HAS_FINDING]->({found}:Finding)"
    else:
        of = study
        path = f"({of})-[:HAS_FINDING]->({found}:Finding)"
    scope = FindingScope(found, of, patient)
    fits = finding_predicate(builder, with_defaults(where), scope)
    return _page(builder, field, path, found, fits, node(builder, field.fields, scope))


def studies_of(builder: QueryBuilder, field: Selection, node: StudyMap, *, patient: str) -> str:
    """A page of the studies of a bound patient."""
    where = field.where if isinstance(field.where, StudyWhere) else StudyWhere()
    found = builder.variable("s")
    fits = study_predicate(builder, where, found)
    path = f"({patient})-[:HAS_STUDY]->({found}:Study)"
    return _page(builder, field, path, found, fits, node(builder, field.fields, found, patient))


def _page(builder: QueryBuilder, field: Selection, path: str, found: str, fits: str, node: str) -> str:
    page = field.page or Page()
    after, limit = builder.bind(page.after), builder.bind(page.first + 1)
    total = f"COUNT {{ MATCH {path} WHERE {fits} }}" if page.total else "null"
    return (
        f"{{rows: COLLECT {{ MATCH {path} WHERE {found}.pageKey > {after} AND {fits} "
        f"WITH * ORDER BY {found}.pageKey LIMIT {limit} RETURN {{key: {found}.pageKey, node: {node}}} }}, "
        f"total: {total}}}"
    )
