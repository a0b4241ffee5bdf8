"""Pages of findings. With a concept they are read in order from the index (conceptCode, presence, pageKey)."""

from collections.abc import Iterable

from graph.reads.anchors import concept_anchor, patient_anchor, residual, seek
from graph.reads.conditions import FindingScope
from graph.reads.map_expressions import finding
from graph.reads.predicates import finding_predicate
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.selection import Page, Selection
from graph.reads.wheres import ConceptWhere, FindingWhere, with_defaults

_ALONE = FindingScope("finding")
_OWNED = FindingScope("finding", "study", "patient")
_OWNERS = "MATCH (finding)<-[:HAS_FINDING]-(study:Study)<-[:HAS_STUDY]-(patient:Patient)"


def finding_page(where: FindingWhere | None, page: Page, selected: Iterable[Selection]) -> ReadQuery:
    """Rows `key`, `node`, `patientId`; one more than the page holds if there are further ones."""
    builder = QueryBuilder()
    after, limit = builder.bind(page.after), builder.bind(page.first + 1)
    cut = _cut(builder, with_defaults(where), after, limit)
    node = finding(builder, selected, _OWNED)
    return builder.finish(
        f"{cut}\n{_OWNERS}", "ORDER BY row.key", key="finding.pageKey", node=node, patient="patient.patientId"
    )


def finding_total(where: FindingWhere | None) -> ReadQuery:
    """One row `total`: the number of findings on all pages."""
    builder = QueryBuilder()
    meant = with_defaults(where)
    anchor = concept_anchor(meant)
    if anchor is None:
        fits = finding_predicate(builder, meant, _ALONE)
        return builder.finish(
            f"MATCH (finding:Finding) WHERE {fits}", patient=NO_SINGLE_PATIENT, counts=True, total="count(*)"
        )
    rows, match = seek(builder, anchor, meant, builder.bind(""))
    fits = finding_predicate(builder, residual(meant, anchor), _ALONE)
    return builder.finish(f"{rows} {match} AND {fits}", patient=NO_SINGLE_PATIENT, counts=True, total="count(*)")


def finding_by_id(mention_id: str, selected: Iterable[Selection]) -> ReadQuery:
    """One row `node`, `patientId`, or none."""
    builder = QueryBuilder()
    match = f"{look_up('finding', 'Mention', 'mentionId', builder.bind(mention_id))} AND finding:Finding"
    node = finding(builder, selected, _OWNED)
    return builder.finish(f"{match}\n{_OWNERS}", node=node, patient="patient.patientId")


def _cut(builder: QueryBuilder, where: FindingWhere, after: str, limit: str) -> str:
    """The rows of the page, as `finding`."""
    patient_id, concept = patient_anchor(where), concept_anchor(where)
    if patient_id is not None:
        path = "(patient)-[:HAS_STUDY]->(study:Study)-[:HAS_FINDING]->(finding:Finding)"
        fits = finding_predicate(builder, where, _OWNED)
        owner = look_up("patient", "Patient", "patientId", builder.bind(patient_id))
        match = f"{owner} MATCH {path} WHERE finding.pageKey > {after} AND {fits}"
    elif concept is not None:
        match = _merged_seeks(builder, concept, where, after, limit)
    else:
        hint = "USING INDEX SEEK finding:Finding(pageKey)"
        fits = finding_predicate(builder, where, _ALONE)
        match = f"MATCH (finding:Finding) {hint} WHERE finding.pageKey > {after} AND {fits}"
    return f"{match}\nWITH * ORDER BY finding.pageKey LIMIT {limit}"


def _merged_seeks(builder: QueryBuilder, concept: ConceptWhere, where: FindingWhere, after: str, limit: str) -> str:
    """The first rows of each (concept, presence) from the index; the first of all of them are the page.

    So the work depends on the size of the page, not of the concept: a common one has a hundred thousand findings. The
    order names all three properties of the index, otherwise the planner sorts again.
    """
    rows, match = seek(builder, concept, where, after)
    fits = finding_predicate(builder, residual(where, concept), _ALONE)
    order = f"ORDER BY finding.conceptCode, finding.presence, finding.pageKey LIMIT {limit}"
    return f"{rows}\nCALL (*) {{ {match} WITH finding WHERE {fits} RETURN finding {order} }}"
