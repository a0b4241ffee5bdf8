"""Pages of patients, and one patient by pseudonym. The page key of a patient is the pseudonym."""

from collections.abc import Iterable

from graph.reads.anchors import finding_anchor, having, having_or_walk
from graph.reads.map_expressions import patient
from graph.reads.predicates import patient_predicate
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.selection import Page, Selection
from graph.reads.wheres import PatientWhere

_OF_FINDING = "(finding)<-[:HAS_FINDING]-(:Study)<-[:HAS_STUDY]-(patient:Patient)"


def patient_page(where: PatientWhere | None, page: Page, selected: Iterable[Selection]) -> ReadQuery:
    """Rows `key`, `node`, `patientId`; one more than the page holds if there are further ones."""
    builder, asked = QueryBuilder(), where or PatientWhere()
    after, order = builder.bind(page.after), f"ORDER BY patient.patientId LIMIT {builder.bind(page.first + 1)}"
    fits = f"patient.patientId > {after} AND {patient_predicate(builder, asked, 'patient')}"
    walk = f"MATCH (patient:Patient) USING INDEX SEEK patient:Patient(patientId) WHERE {fits}"
    anchor = finding_anchor(asked)
    if anchor is not None:
        source = having_or_walk(builder, anchor, _OF_FINDING, "patient", fits, f"{walk} RETURN patient {order}")
    else:
        source = walk
    node, patient_id = patient(builder, selected, "patient"), "patient.patientId"
    return builder.finish(
        f"{source}\nWITH * {order}", "ORDER BY row.key", key=patient_id, node=node, patient=patient_id
    )


def patient_total(where: PatientWhere | None) -> ReadQuery:
    """One row `total`: the number of patients on all pages."""
    builder, asked = QueryBuilder(), where or PatientWhere()
    anchor = finding_anchor(asked)
    source = "MATCH (patient:Patient)" if anchor is None else having(builder, anchor, _OF_FINDING, "patient")
    return builder.finish(
        f"{source} WHERE {patient_predicate(builder, asked, 'patient')}",
        patient=NO_SINGLE_PATIENT,
        counts=True,
        total="count(*)",
    )


def patient_by_id(patient_id: str, selected: Iterable[Selection]) -> ReadQuery:
    """One row `node`, `patientId`, or none."""
    builder = QueryBuilder()
    match = look_up("patient", "Patient", "patientId", builder.bind(patient_id))
    return builder.finish(match, node=patient(builder, selected, "patient"), patient="patient.patientId")
