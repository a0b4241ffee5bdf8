"""Pages of studies, and one study by its key or its UID."""

from collections.abc import Iterable

from graph.reads.anchors import finding_anchor, having, having_or_walk, patient_anchor
from graph.reads.map_expressions import study
from graph.reads.predicates import study_predicate
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.selection import Page, Selection
from graph.reads.wheres import StudyWhere

_OWNER = "MATCH (study)<-[:HAS_STUDY]-(patient:Patient)"
_OF_FINDING = "(finding)<-[:HAS_FINDING]-(study:Study)"


def study_page(where: StudyWhere | None, page: Page, selected: Iterable[Selection]) -> ReadQuery:
    """Rows `key`, `node`, `patientId`; one more than the page holds if there are further ones."""
    builder, asked = QueryBuilder(), where or StudyWhere()
    after, order = builder.bind(page.after), f"ORDER BY study.pageKey LIMIT {builder.bind(page.first + 1)}"
    fits = f"study.pageKey > {after} AND {study_predicate(builder, asked, 'study')}"
    walk = f"MATCH (study:Study) USING INDEX SEEK study:Study(pageKey) WHERE {fits}"
    patient_id, anchor = patient_anchor(asked), finding_anchor(asked)
    if patient_id is not None:
        source = f"{_of_patient(builder, patient_id)} WHERE {fits}"
    elif anchor is not None:
        source = having_or_walk(builder, anchor, _OF_FINDING, "study", fits, f"{walk} RETURN study {order}")
    else:
        source = walk
    node = study(builder, selected, "study", "patient")
    return builder.finish(
        f"{source}\nWITH * {order}\n{_OWNER}",
        "ORDER BY row.key",
        key="study.pageKey",
        node=node,
        patient="patient.patientId",
    )


def study_total(where: StudyWhere | None) -> ReadQuery:
    """One row `total`: the number of studies on all pages."""
    builder, asked = QueryBuilder(), where or StudyWhere()
    patient_id, anchor = patient_anchor(asked), finding_anchor(asked)
    if patient_id is not None:
        source = _of_patient(builder, patient_id)
    elif anchor is not None:
        source = having(builder, anchor, _OF_FINDING, "study")
    else:
        source = "MATCH (study:Study)"
    return builder.finish(
        f"{source} WHERE {study_predicate(builder, asked, 'study')}",
        patient=NO_SINGLE_PATIENT,
        counts=True,
        total="count(*)",
    )


def study_by_key(study_key: str, selected: Iterable[Selection]) -> ReadQuery:
    """One row `node`, `patientId`, or none."""
    return _one("studyKey", study_key, selected)


def studies_by_uid(study_uid: str, selected: Iterable[Selection]) -> ReadQuery:
    """Rows `node`, `patientId`: more than one if several patients have the same StudyInstanceUID."""
    return _one("studyUid", study_uid, selected)


def _of_patient(builder: QueryBuilder, patient_id: str) -> str:
    patient = look_up("owner", "Patient", "patientId", builder.bind(patient_id))
    return f"{patient} MATCH (owner)-[:HAS_STUDY]->(study:Study)"


def _one(name: str, value: str, selected: Iterable[Selection]) -> ReadQuery:
    builder = QueryBuilder()
    match = look_up("study", "Study", name, builder.bind(value))
    node = study(builder, selected, "study", "patient")
    return builder.finish(f"{match}\n{_OWNER}", "LIMIT 2", node=node, patient="patient.patientId")
