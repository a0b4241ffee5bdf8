"""Where-trees as Cypher predicates. Every predicate is true or false, never null, so that NOT means what it says."""

from dataclasses import dataclass

from graph.reads.draft import KINDS, KINDS_AND_PARTS, Draft
from graph.reads.summaries import any_asserted, of_asserted
from graph.reads.wheres import NOT_REJECTED, FindingWhere, PatientWhere, StudyWhere, with_defaults
from vlmkg.verdicts import ReviewState

TO_FINDING = "[:MODIFY*0..3]"
"""From a mention to the finding that it belongs to: what is suggested may be a modifier of a finding."""


@dataclass(frozen=True, slots=True)
class FindingScope:
    """The query's variables for a finding and, where they are bound already, its study and its patient."""

    finding: str
    study: str | None = None
    patient: str | None = None


def finding_predicate(draft: Draft, where: FindingWhere, scope: FindingScope) -> str:
    """The predicate of one tree. Its presence default must be in it already (`with_defaults`)."""
    parts = [*_own(draft, where, scope.finding), *_of_study(draft, where, scope)]
    if where.suggests is not None:
        parts.append(_suggests(draft, where.suggests, scope))
    if where.and_ is not None:
        parts.extend(finding_predicate(draft, child, scope) for child in where.and_)
    if where.or_ is not None:
        parts.append(_any_of(draft, [finding_predicate(draft, child, scope) for child in where.or_]))
    if where.not_ is not None:
        parts.append(f"NOT ({finding_predicate(draft, where.not_, scope)})")
    return _all_of(draft, parts)


def study_predicate(draft: Draft, where: StudyWhere, study: str) -> str:
    """The predicate of one tree of studies."""
    parts = []
    if where.patient_id is not None:
        parts.append(f"EXISTS {{ ({study})<-[:HAS_STUDY]-(:Patient {{patientId: {draft.bind(where.patient_id)}}}) }}")
    if where.modality is not None:
        parts.append(f"coalesce({study}.modality IN {draft.bind(list(where.modality))}, false)")
    if where.pairing is not None:
        parts.append(f"coalesce({study}.pairing IN {draft.bind(list(where.pairing))}, false)")
    if where.started_after is not None:
        parts.append(f"coalesce({study}.startedAt >= {draft.bind(where.started_after)}, false)")
    if where.started_before is not None:
        parts.append(f"coalesce({study}.startedAt < {draft.bind(where.started_before)}, false)")
    if where.warning is not None:
        reading, codes = draft.variable("e"), draft.bind(list(where.warning))
        path = f"({study})-[:HAS_REPORT|HAS_IMAGE]->()<-[:READ]-({reading}:Extraction)"
        fits = f"any(code IN coalesce({reading}.warnings, []) WHERE code IN {codes})"
        parts.append(f"EXISTS {{ MATCH {path} WHERE {fits} }}")
    if where.has_finding is not None:
        finding = draft.variable("f")
        meant = with_defaults(where.has_finding)
        fits = finding_predicate(draft, meant, FindingScope(finding, study))
        parts.append(f"EXISTS {{ MATCH ({study})-[:HAS_FINDING]->({finding}:Finding) WHERE {fits} }}")
    if where.and_ is not None:
        parts.extend(study_predicate(draft, child, study) for child in where.and_)
    if where.or_ is not None:
        parts.append(_any_of(draft, [study_predicate(draft, child, study) for child in where.or_]))
    if where.not_ is not None:
        parts.append(f"NOT ({study_predicate(draft, where.not_, study)})")
    return _all_of(draft, parts)


def patient_predicate(draft: Draft, where: PatientWhere, patient: str, *, summaries: bool = False) -> str:
    """The predicate of one tree of patients. `summaries`: it may rest on what studies sum up (graph.summaries)."""
    parts = []
    summed_up = _summed_up(draft, where, patient) if summaries else None
    if summed_up is not None:
        parts.append(summed_up)
    elif where.has_finding is not None:
        study, finding = draft.variable("s"), draft.variable("f")
        scope = FindingScope(finding, study, patient)
        fits = [finding_predicate(draft, with_defaults(where.has_finding), scope)]
        if where.no_later_finding is not None:
            fits.append(not_followed(draft, where.no_later_finding, scope))
        path = f"({patient})-[:HAS_STUDY]->({study}:Study)-[:HAS_FINDING]->({finding}:Finding)"
        parts.append(f"EXISTS {{ MATCH {path} WHERE {_all_of(draft, fits)} }}")
    if where.and_ is not None:
        parts.extend(patient_predicate(draft, child, patient, summaries=summaries) for child in where.and_)
    if where.or_ is not None:
        ways = [patient_predicate(draft, child, patient, summaries=summaries) for child in where.or_]
        parts.append(_any_of(draft, ways))
    if where.not_ is not None:
        parts.append(f"NOT ({patient_predicate(draft, where.not_, patient, summaries=summaries)})")
    return _all_of(draft, parts)


def _summed_up(draft: Draft, where: PatientWhere, patient: str) -> str | None:
    """That the patient has a study whose summary shows the finding; None where summaries do not tell."""
    if where.has_finding is None or where.no_later_finding is not None:
        return None
    meant = of_asserted(with_defaults(where.has_finding))
    if meant is None:
        return None
    study = draft.variable("s")
    fits = any_asserted(draft, meant, study=study, patient=patient)
    return f"EXISTS {{ MATCH ({patient})-[:HAS_STUDY]->({study}:Study) WHERE {fits} }}"


def not_followed(draft: Draft, later: FindingWhere, scope: FindingScope) -> str:
    """No finding that fits `later` stands in a study of the same patient that started after the finding in scope."""
    study, finding = draft.variable("s"), draft.variable("f")
    fits = finding_predicate(draft, with_defaults(later), FindingScope(finding, study, scope.patient))
    path = f"({scope.patient})-[:HAS_STUDY]->({study}:Study)-[:HAS_FINDING]->({finding}:Finding)"
    return f"NOT EXISTS {{ MATCH {path} WHERE {finding}.studiedAt > {scope.finding}.studiedAt AND {fits} }}"


def _own(draft: Draft, where: FindingWhere, finding: str) -> list[str]:
    """What the finding's own properties and its modifiers say."""
    parts = []
    if where.concept is not None:
        parts.append(f"{finding}.conceptCode IN {draft.codes(where.concept, KINDS)}")
    if where.presence is not None:
        parts.append(f"{finding}.presence IN {draft.bind([value.value for value in where.presence])}")
    if where.location is not None:
        codes = draft.codes(where.location, KINDS_AND_PARTS)
        parts.append(f"any(place IN coalesce({finding}.placeCodes, []) WHERE place IN {codes})")
    if where.laterality is not None:
        parts.append(f"coalesce({finding}.laterality IN {draft.bind(list(where.laterality))}, false)")
    if where.modifier is not None:
        parts.append(_modified(draft, where.modifier, finding))
    if where.studied_after is not None:
        parts.append(f"coalesce({finding}.studiedAt >= {draft.bind(where.studied_after)}, false)")
    if where.studied_before is not None:
        parts.append(f"coalesce({finding}.studiedAt < {draft.bind(where.studied_before)}, false)")
    if where.min_score is not None:
        parts.append(f"coalesce({finding}.score >= {draft.bind(where.min_score)}, true)")
    if where.witness is not None:
        parts.append(f"{finding}.witness IN {draft.bind([value.value for value in where.witness])}")
    if where.disputed is not None:
        parts.append(f"coalesce({finding}.disputed, false) = {draft.bind(where.disputed)}")
    if where.review is not None:
        parts.append(_reviewed(draft, where.review, finding))
    return parts


def not_rejected(finding: str) -> str:
    """The predicate of what is given out by default: no person has rejected the finding."""
    return f"coalesce({finding}.review, '') <> '{ReviewState.REJECTED}'"


def _reviewed(draft: Draft, states: tuple[ReviewState, ...], finding: str) -> str:
    if states == NOT_REJECTED:
        return not_rejected(finding)
    return f"coalesce({finding}.review, '{ReviewState.UNREVIEWED}') IN {draft.bind([each.value for each in states])}"


def _of_study(draft: Draft, where: FindingWhere, scope: FindingScope) -> list[str]:
    """What the study and the patient of the finding say."""
    parts = []
    if where.modality is not None:
        modalities = draft.bind(list(where.modality))
        if scope.study is not None:
            parts.append(f"coalesce({scope.study}.modality IN {modalities}, false)")
        else:
            study = draft.variable("s")
            path = f"({scope.finding})<-[:HAS_FINDING]-({study}:Study)"
            parts.append(f"EXISTS {{ MATCH {path} WHERE {study}.modality IN {modalities} }}")
    if where.patient_id is not None:
        patient_id = draft.bind(where.patient_id)
        if scope.patient is not None:
            parts.append(f"{scope.patient}.patientId = {patient_id}")
        else:
            path = f"({scope.finding})<-[:HAS_FINDING]-(:Study)<-[:HAS_STUDY]-(:Patient {{patientId: {patient_id}}})"
            parts.append(f"EXISTS {{ {path} }}")
    return parts


def _modified(draft: Draft, words: str, finding: str) -> str:
    mention, concept, value = draft.variable("m"), draft.variable("c"), draft.bind(words.strip().lower())
    path = f"({finding})<-[:MODIFY]-({mention}:Mention)-[:REFERS_TO]->({concept}:Concept)"
    return f"EXISTS {{ MATCH {path} WHERE toLower({mention}.text) = {value} OR toLower({concept}.name) = {value} }}"


def _suggests(draft: Draft, where: FindingWhere, scope: FindingScope) -> str:
    suggested = draft.variable("f")
    inner = FindingScope(suggested, scope.study, scope.patient)
    fits = finding_predicate(draft, with_defaults(where), inner)
    path = f"({scope.finding})-[:SUGGESTIVE_OF]->(:Mention)-{TO_FINDING}->({suggested}:Finding)"
    return f"EXISTS {{ MATCH {path} WHERE {fits} }}"


def _all_of(draft: Draft, parts: list[str]) -> str:
    return " AND ".join(parts) or _constant(draft, holds=True)


def _any_of(draft: Draft, parts: list[str]) -> str:
    return "(" + " OR ".join(f"({part})" for part in parts) + ")" if parts else _constant(draft, holds=False)


def _constant(draft: Draft, *, holds: bool) -> str:
    """A parameter: the planner folds a literal, drops the MATCH with it, and then misses what the index hint is for."""
    return draft.bind(holds)
