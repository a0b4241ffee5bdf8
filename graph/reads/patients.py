"""Pages of patients, and one patient by pseudonym. The page key of a patient is the pseudonym."""

from collections.abc import Iterable

from graph.reads.anchors import finding_anchor, having, having_or_walk
from graph.reads.draft import NO_SINGLE_PATIENT, Draft, ReadQuery, look_up
from graph.reads.predicates import patient_predicate
from graph.reads.shapes import patient
from graph.reads.wanted import Page, Wanted
from graph.reads.wheres import PatientWhere

_OF_FINDING = "(finding)<-[:HAS_FINDING]-(:Study)<-[:HAS_STUDY]-(patient:Patient)"


def patient_page(where: PatientWhere | None, page: Page, wanted: Iterable[Wanted]) -> ReadQuery:
    """Rows `key`, `node`, `patientId`; one more than the page holds if there are further ones."""
    draft, asked = Draft(), where or PatientWhere()
    after, order = draft.bind(page.after), f"ORDER BY patient.patientId LIMIT {draft.bind(page.first + 1)}"
    fits = f"patient.patientId > {after} AND {patient_predicate(draft, asked, 'patient')}"
    walk = f"MATCH (patient:Patient) USING INDEX SEEK patient:Patient(patientId) WHERE {fits}"
    anchor = finding_anchor(asked)
    if anchor is not None:
        source = having_or_walk(draft, anchor, _OF_FINDING, "patient", fits, f"{walk} RETURN patient {order}")
    else:
        source = walk
    node, patient_id = patient(draft, wanted, "patient"), "patient.patientId"
    return draft.finish(f"{source}\nWITH * {order}", "ORDER BY row.key", key=patient_id, node=node, patient=patient_id)


def patient_total(where: PatientWhere | None) -> ReadQuery:
    """One row `total`: the number of patients on all pages."""
    draft, asked = Draft(), where or PatientWhere()
    anchor = finding_anchor(asked)
    source = "MATCH (patient:Patient)" if anchor is None else having(draft, anchor, _OF_FINDING, "patient")
    return draft.finish(
        f"{source} WHERE {patient_predicate(draft, asked, 'patient')}",
        patient=NO_SINGLE_PATIENT,
        counts=True,
        total="count(*)",
    )


def patient_by_id(patient_id: str, wanted: Iterable[Wanted]) -> ReadQuery:
    """One row `node`, `patientId`, or none."""
    draft = Draft()
    match = look_up("patient", "Patient", "patientId", draft.bind(patient_id))
    return draft.finish(match, node=patient(draft, wanted, "patient"), patient="patient.patientId")
