"""Pages of studies, and one study by its key or its UID."""

from collections.abc import Iterable
from enum import Enum

from graph.page_keys import UNKNOWN_TIME
from graph.reads.anchors import finding_anchor, having, having_or_walk, patient_anchor
from graph.reads.map_expressions import study
from graph.reads.predicates import study_predicate
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.selection import Page, Selection
from graph.reads.wheres import StudyWhere

_SEEK = "MATCH (study:Study) USING INDEX SEEK study:Study(pageKey)"
_OWNER = "MATCH (study)<-[:HAS_STUDY]-(patient:Patient)"
_OF_FINDING = "(finding)<-[:HAS_FINDING]-(study:Study)"


class StudyOrder(Enum):
    """The order of a list of studies. Unknown times are last in both."""

    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"


_END = "\uffff"
"""Sorts after every page key."""


def study_page(
    where: StudyWhere | None, page: Page, selected: Iterable[Selection], ordered: StudyOrder = StudyOrder.OLDEST_FIRST
) -> ReadQuery:
    """Rows `key`, `node`, `patientId`; one more than the page holds if there are further ones."""
    builder, asked = QueryBuilder(), where or StudyWhere()
    rows = builder.bind(page.first + 1)
    if ordered is StudyOrder.NEWEST_FIRST:
        fits, walk, order = _newest_first(builder, asked, page, rows)
        last = "ORDER BY row.key STARTS WITH '~', row.key DESC"
    else:
        after, order = builder.bind(page.after), f"ORDER BY study.pageKey LIMIT {rows}"
        fits = f"study.pageKey > {after} AND {study_predicate(builder, asked, 'study')}"
        walk = f"{_SEEK} WHERE {fits} RETURN study {order}"
        last = "ORDER BY row.key"
    patient_id, anchor = patient_anchor(asked), finding_anchor(asked)
    if patient_id is not None:
        source = f"{_of_patient(builder, patient_id)} WHERE {fits}"
    elif anchor is not None:
        source = having_or_walk(builder, anchor, _OF_FINDING, "study", fits, walk)
    else:
        # In the order of the index itself the planner needs no subquery.
        source = f"CALL (*) {{ {walk} }}" if ordered is StudyOrder.NEWEST_FIRST else f"{_SEEK} WHERE {fits}"
    node = study(builder, selected, "study", "patient")
    return builder.finish(
        f"{source}\nWITH * {order}\n{_OWNER}",
        last,
        key="study.pageKey",
        node=node,
        patient="patient.patientId",
    )


def _newest_first(builder: QueryBuilder, asked: StudyWhere, page: Page, rows: str) -> tuple[str, str, str]:
    """The condition of the page, the walk in its order, and the order: known times backwards, then unknown ones."""
    unknown = page.after.startswith(UNKNOWN_TIME)
    known_before = builder.bind("" if unknown else page.after or UNKNOWN_TIME)
    unknown_before = builder.bind(page.after if unknown else _END)
    belongs = study_predicate(builder, asked, "study")
    ranges = (
        f"study.pageKey > '' AND study.pageKey < {known_before}",
        f"study.pageKey >= '{UNKNOWN_TIME}' AND study.pageKey < {unknown_before}",
    )
    fits = f"(({ranges[0]}) OR ({ranges[1]})) AND {belongs}"
    walk = " UNION ALL ".join(
        f"{_SEEK} WHERE {each} AND {belongs} RETURN study ORDER BY study.pageKey DESC LIMIT {rows}" for each in ranges
    )
    return fits, walk, f"ORDER BY study.pageKey STARTS WITH '{UNKNOWN_TIME}', study.pageKey DESC LIMIT {rows}"


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
