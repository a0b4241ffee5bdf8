"""Counts over a cohort: the matching patients and studies, and breakdowns of their findings.

Patients are processed one by one, and each one's counts are added to the totals. So the memory of a query does not grow
with the number of patients, studies and findings (a study belongs to one patient).
"""

from collections.abc import Collection
from enum import StrEnum

from graph.reads.anchors import concept_anchor, finding_anchor, having_or_walk, patient_anchor
from graph.reads.conditions import FindingScope
from graph.reads.predicates import finding_predicate, patient_predicate
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.summaries import PAIRS, any_asserted, asserted, asserted_pairs, has_summaries, of_asserted
from graph.reads.wheres import FindingWhere, PatientWhere, with_defaults

BREAKDOWN = 100
"""The maximum number of rows per breakdown: those with the most patients; of months the latest, in order."""


class Breakdown(StrEnum):
    """The breakdowns, by their names in the answer."""

    CONCEPTS = "concepts"
    LOCATIONS = "locations"
    MONTHS = "months"


_ALL = tuple(Breakdown)
_TOTAL = "total"
_OF_FINDING = "(finding)<-[:HAS_FINDING]-(:Study)<-[:HAS_STUDY]-(patient:Patient)"
_MONTH = "left(toString(study.startedAt), 7)"


def cohort(
    finding: FindingWhere, patient: PatientWhere | None, breakdowns: Collection[Breakdown] = _ALL
) -> ReadQuery | None:
    """The counts from the summaries of studies; None if summaries cannot answer the question.

    One row as of `cohort_of_findings`; no row in a graph of an older release that is not migrated yet.
    """
    meant = of_asserted(with_defaults(finding))
    if meant is None:
        return None
    builder = QueryBuilder()
    source, only = _patients(builder, finding, patient, summaries=True), f"WHERE {has_summaries(builder)}"
    study = "MATCH (patient)-[:HAS_STUDY]->(study:Study)"
    if not breakdowns:
        return _totals(builder, source, f"{study} WHERE {any_asserted(builder, meant)}", only)
    match = f"{study} WITH *, {asserted(builder, meant)} AS found WHERE size(found) > 0"
    cells = []
    if Breakdown.CONCEPTS in breakdowns:
        cells.append(f"[code IN found | ['{Breakdown.CONCEPTS}', code]]")
    if Breakdown.LOCATIONS in breakdowns:
        match += f" WITH *, {PAIRS}"
        cells.append(f"[place IN {asserted_pairs(builder, meant)} | ['{Breakdown.LOCATIONS}', place]]")
    return _counted(builder, source, match, cells, breakdowns, only)


def cohort_of_findings(
    finding: FindingWhere, patient: PatientWhere | None, breakdowns: Collection[Breakdown] = _ALL
) -> ReadQuery:
    """One row `patients`, `studies` and the requested breakdowns `concepts`, `locations`, `months`.

    Breakdowns are lists of `{key, name, patients, studies}`. All count matching findings of matching patients.
    """
    builder = QueryBuilder()
    source = _patients(builder, finding, patient, summaries=False)
    fits = finding_predicate(builder, with_defaults(finding), FindingScope("finding", "study", "patient"))
    match = f"MATCH (patient)-[:HAS_STUDY]->(study:Study)-[:HAS_FINDING]->(finding:Finding) WHERE {fits}"
    if not breakdowns:
        return _totals(builder, source, match)
    cells = []
    if Breakdown.CONCEPTS in breakdowns:
        cells.append(f"[['{Breakdown.CONCEPTS}', finding.conceptCode]]")
    if Breakdown.LOCATIONS in breakdowns:
        cells.append(f"[place IN coalesce(finding.placeCodes, []) | ['{Breakdown.LOCATIONS}', place]]")
    return _counted(builder, source, match, cells, breakdowns)


def _patients(builder: QueryBuilder, finding: FindingWhere, patient: PatientWhere | None, *, summaries: bool) -> str:
    """Distinct rows of `patient`: all that match and may have such a finding."""
    meant, asked = with_defaults(finding), patient or PatientWhere()
    belongs = patient_predicate(builder, asked, "patient", summaries=summaries)
    patient_id = patient_anchor(meant)
    if patient_id is not None:
        return f"{look_up('patient', 'Patient', 'patientId', builder.bind(patient_id))} AND {belongs}"
    walk = f"MATCH (patient:Patient) WHERE {belongs}"
    anchor = meant if concept_anchor(meant) is not None else finding_anchor(asked)
    if anchor is None:
        return walk
    return having_or_walk(builder, anchor, _OF_FINDING, "patient", belongs, f"{walk} RETURN patient")


def _totals(builder: QueryBuilder, source: str, match: str, only: str = "") -> ReadQuery:
    """The answer without breakdowns. `match` finds one patient's matches; `only` may drop the row."""
    each = f"CALL (*) {{ {match} RETURN count(DISTINCT study) AS studies }} WITH studies WHERE studies > 0"
    totals = "WITH count(*) AS patients, sum(studies) AS studies"
    return builder.finish(
        f"{source}\n{each}\n{totals}",
        only,
        patient=NO_SINGLE_PATIENT,
        counts=True,
        patients="patients",
        studies="studies",
    )


def _counted(
    builder: QueryBuilder, source: str, match: str, cells: list[str], breakdowns: Collection[Breakdown], only: str = ""
) -> ReadQuery:
    """The answer.

    `match` finds one patient's matches; `cells` are lists of pairs (breakdown, key) for which each of its rows counts;
    `only` may drop the row.
    """
    cells = [f"[['{_TOTAL}', '']]", *cells]
    if Breakdown.MONTHS in breakdowns:
        cells.append(f"[['{Breakdown.MONTHS}', {_MONTH}]]")
    body = (
        f"{source}\n"
        f"CALL (*) {{ {match} UNWIND {' + '.join(cells)} AS cell WITH study, cell WHERE cell[1] IS NOT NULL "
        "RETURN cell[0] AS sort, cell[1] AS key, count(DISTINCT study) AS studies }\n"
        "WITH sort, key, count(*) AS patients, sum(studies) AS studies\n"
        "WITH collect({sort: sort, key: key, patients: patients, studies: studies}) AS cells\n"
        f"WITH cells, head([cell IN cells WHERE cell.sort = '{_TOTAL}']) AS total"
    )
    lists = {name.value: _breakdown(name) for name in Breakdown if name in breakdowns}
    return builder.finish(
        body,
        only,
        patient=NO_SINGLE_PATIENT,
        counts=True,
        patients="coalesce(total.patients, 0)",
        studies="coalesce(total.studies, 0)",
        **lists,
    )


def _breakdown(name: Breakdown) -> str:
    months = name is Breakdown.MONTHS
    order = "cell.key DESC" if months else "cell.patients DESC, cell.key"
    concept = look_up("c", "Concept", "code", "cell.key")
    label = "cell.key" if months else f"head(COLLECT {{ {concept} RETURN c.name }})"
    return (
        f"COLLECT {{ UNWIND cells AS cell WITH cell WHERE cell.sort = '{name}' ORDER BY {order} LIMIT {BREAKDOWN} "
        f"RETURN {{key: cell.key, name: {label}, patients: cell.patients, studies: cell.studies}} }}"
    )
