"""Numbers over a cohort: the patients that fit, and of each what the findings asked for are made up of."""

from graph.reads.anchors import concept_anchor, residual, seek
from graph.reads.draft import NO_SINGLE_PATIENT, Draft, ReadQuery, look_up
from graph.reads.predicates import FindingScope, finding_predicate, patient_predicate
from graph.reads.wheres import FindingWhere, PatientWhere, with_defaults

BREAKDOWN = 100
"""Rows of each breakdown, the most patients first; months in their order, the latest."""


def cohort(finding: FindingWhere, patient: PatientWhere | None) -> ReadQuery:
    """One row `patients`, `studies`, `concepts`, `locations`, `months`; the latter three lists of
    `{key, name, patients, studies}`. All count findings that fit, of patients that fit."""
    draft = Draft()
    meant = with_defaults(finding)
    path = "MATCH (finding)<-[:HAS_FINDING]-(study:Study)<-[:HAS_STUDY]-(patient:Patient)"
    anchor = concept_anchor(meant)
    left = meant if anchor is None else residual(meant, anchor)
    fits = finding_predicate(draft, left, FindingScope("finding", "study", "patient"))
    if anchor is None:
        source = f"MATCH (finding:Finding) {path}"
    else:
        rows, match = seek(draft, anchor, meant, draft.bind(""))
        source = f"{rows} {match} {path}"
    belongs = patient_predicate(draft, patient or PatientWhere(), "patient")
    found = (
        f"CALL (*) {{ {source} WHERE {fits} AND {belongs} RETURN collect({{patient: patient.patientId, "
        "study: study.studyKey, concept: finding.conceptCode, places: coalesce(finding.placeCodes, []), "
        "month: left(toString(study.startedAt), 7)}) AS found }"
    )
    names = ("patients", "studies", "concepts", "locations", "months")
    return draft.finish("\n".join((found, *_BREAKDOWNS)), patient=NO_SINGLE_PATIENT, **{name: name for name in names})


def _breakdown(name: str, unwind: str, key: str, label: str, order: str) -> str:
    return (
        f"CALL (found) {{ UNWIND found AS row {unwind} WITH row, {key} AS key WHERE key IS NOT NULL "
        "WITH key, count(DISTINCT row.patient) AS patients, count(DISTINCT row.study) AS studies "
        f"ORDER BY {order} LIMIT {BREAKDOWN} "
        f"RETURN collect({{key: key, name: {label}, patients: patients, studies: studies}}) AS {name} }}"
    )


_NAME = f"head(COLLECT {{ {look_up('c', 'Concept', 'code', 'key')} RETURN c.name }})"
_TOTALS = (
    "CALL (found) { UNWIND found AS row "
    "RETURN count(DISTINCT row.patient) AS patients, count(DISTINCT row.study) AS studies }"
)
_BREAKDOWNS = (
    _TOTALS,
    _breakdown("concepts", "", "row.concept", _NAME, "patients DESC, key"),
    _breakdown("locations", "UNWIND row.places AS place", "place", _NAME, "patients DESC, key"),
    _breakdown("months", "", "row.month", "key", "key DESC"),
)
