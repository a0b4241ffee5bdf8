"""Where-trees as Cypher predicates. Every predicate is true or false, never null, so that NOT negates it."""

from functools import partial

from graph.reads.conditions import FindingScope, all_of, combined, of_study, one_of, within
from graph.reads.query_builder import KINDS, KINDS_AND_PARTS, QueryBuilder
from graph.reads.summaries import any_asserted, of_asserted
from graph.reads.wheres import NOT_REJECTED, FindingWhere, PatientWhere, StudyWhere, with_defaults
from vlmkg.verdicts import ReviewState

TO_FINDING = "[:MODIFY*0..3]"
"""The path from a mention to its finding: a suggested mention may be a modifier of a finding."""


def finding_predicate(builder: QueryBuilder, where: FindingWhere, scope: FindingScope) -> str:
    """The predicate of one tree, which must already have its defaults (`with_defaults`)."""
    parts = [*_own(builder, where, scope.finding), *of_study(builder, where, scope)]
    if where.suggests is not None:
        parts.append(_suggests(builder, where.suggests, scope))
    return combined(builder, parts, where, partial(finding_predicate, builder, scope=scope))


def study_predicate(builder: QueryBuilder, where: StudyWhere, study: str) -> str:
    """The predicate of one tree of studies."""
    parts = []
    if where.patient_id is not None:
        parts.append(f"EXISTS {{ ({study})<-[:HAS_STUDY]-(:Patient {{patientId: {builder.bind(where.patient_id)}}}) }}")
    if where.modality is not None:
        parts.append(one_of(builder, f"{study}.modality", where.modality))
    if where.pairing is not None:
        parts.append(one_of(builder, f"{study}.pairing", where.pairing))
    parts += within(builder, f"{study}.startedAt", where.started_after, where.started_before)
    if where.warning is not None:
        reading, codes = builder.variable("e"), builder.bind(list(where.warning))
        path = f"({study})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-({reading}:Extraction)"
        fits = f"any(code IN coalesce({reading}.warnings, []) WHERE code IN {codes})"
        parts.append(f"EXISTS {{ MATCH {path} WHERE {fits} }}")
    if where.has_finding is not None:
        finding = builder.variable("f")
        meant = with_defaults(where.has_finding)
        fits = finding_predicate(builder, meant, FindingScope(finding, study))
        parts.append(f"EXISTS {{ MATCH ({study})-[:HAS_FINDING]->({finding}:Finding) WHERE {fits} }}")
    return combined(builder, parts, where, partial(study_predicate, builder, study=study))


def patient_predicate(builder: QueryBuilder, where: PatientWhere, patient: str, *, summaries: bool = False) -> str:
    """The predicate of one tree of patients. `summaries`: it may use the summaries of studies (graph.summaries)."""
    parts = []
    summed_up = _summed_up(builder, where, patient) if summaries else None
    if summed_up is not None:
        parts.append(summed_up)
    elif where.has_finding is not None:
        study, finding = builder.variable("s"), builder.variable("f")
        scope = FindingScope(finding, study, patient)
        fits = [finding_predicate(builder, with_defaults(where.has_finding), scope)]
        if where.no_later_finding is not None:
            fits.append(not_followed(builder, where.no_later_finding, scope))
        path = f"({patient})-[:HAS_STUDY]->({study}:Study)-[:HAS_FINDING]->({finding}:Finding)"
        parts.append(f"EXISTS {{ MATCH {path} WHERE {all_of(builder, fits)} }}")
    return combined(builder, parts, where, partial(patient_predicate, builder, patient=patient, summaries=summaries))


def _summed_up(builder: QueryBuilder, where: PatientWhere, patient: str) -> str | None:
    """The predicate that a study's summary shows the finding; None if summaries cannot answer it."""
    if where.has_finding is None or where.no_later_finding is not None:
        return None
    meant = of_asserted(with_defaults(where.has_finding))
    if meant is None:
        return None
    study = builder.variable("s")
    fits = any_asserted(builder, meant, study=study, patient=patient)
    return f"EXISTS {{ MATCH ({patient})-[:HAS_STUDY]->({study}:Study) WHERE {fits} }}"


def not_followed(builder: QueryBuilder, later: FindingWhere, scope: FindingScope) -> str:
    """The predicate that no later study of the same patient has a finding that matches `later`."""
    study, finding = builder.variable("s"), builder.variable("f")
    fits = finding_predicate(builder, with_defaults(later), FindingScope(finding, study, scope.patient))
    path = f"({scope.patient})-[:HAS_STUDY]->({study}:Study)-[:HAS_FINDING]->({finding}:Finding)"
    return f"NOT EXISTS {{ MATCH {path} WHERE {finding}.studiedAt > {scope.finding}.studiedAt AND {fits} }}"


def _own(builder: QueryBuilder, where: FindingWhere, finding: str) -> list[str]:
    """The conditions on the finding's own properties and its modifiers."""
    parts = []
    if where.concept is not None:
        parts.append(f"{finding}.conceptCode IN {builder.codes(where.concept, KINDS)}")
    if where.presence is not None:
        parts.append(f"{finding}.presence IN {builder.bind([value.value for value in where.presence])}")
    if where.location is not None:
        codes = builder.codes(where.location, KINDS_AND_PARTS)
        parts.append(f"any(place IN coalesce({finding}.placeCodes, []) WHERE place IN {codes})")
    if where.laterality is not None:
        parts.append(one_of(builder, f"{finding}.laterality", where.laterality))
    if where.modifier is not None:
        parts.append(_modified(builder, where.modifier, finding))
    parts += within(builder, f"{finding}.studiedAt", where.studied_after, where.studied_before)
    if where.min_score is not None:
        parts.append(f"coalesce({finding}.score >= {builder.bind(where.min_score)}, true)")
    if where.witness is not None:
        parts.append(f"{finding}.witness IN {builder.bind([value.value for value in where.witness])}")
    if where.disputed is not None:
        parts.append(f"coalesce({finding}.disputed, false) = {builder.bind(where.disputed)}")
    if where.review is not None:
        parts.append(_reviewed(builder, where.review, finding))
    return parts


def not_rejected(finding: str) -> str:
    """The default predicate: nobody has rejected the finding."""
    return f"coalesce({finding}.review, '') <> '{ReviewState.REJECTED}'"


def _reviewed(builder: QueryBuilder, states: tuple[ReviewState, ...], finding: str) -> str:
    if states == NOT_REJECTED:
        return not_rejected(finding)
    return f"coalesce({finding}.review, '{ReviewState.UNREVIEWED}') IN {builder.bind([each.value for each in states])}"


def _modified(builder: QueryBuilder, words: str, finding: str) -> str:
    mention, concept, value = builder.variable("m"), builder.variable("c"), builder.bind(words.strip().lower())
    path = f"({finding})<-[:MODIFY]-({mention}:Mention)-[:REFERS_TO]->({concept}:Concept)"
    return f"EXISTS {{ MATCH {path} WHERE toLower({mention}.text) = {value} OR toLower({concept}.name) = {value} }}"


def _suggests(builder: QueryBuilder, where: FindingWhere, scope: FindingScope) -> str:
    suggested = builder.variable("f")
    inner = FindingScope(suggested, scope.study, scope.patient)
    fits = finding_predicate(builder, with_defaults(where), inner)
    path = f"({scope.finding})-[:SUGGESTIVE_OF]->(:Mention)-{TO_FINDING}->({suggested}:Finding)"
    return f"EXISTS {{ MATCH {path} WHERE {fits} }}"
