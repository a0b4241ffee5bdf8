"""Queries answered by summaries of studies (graph.summaries):

queries for asserted findings by concept, place and study, without conditions on other properties of a finding.
"""

from dataclasses import fields, replace

from graph.reads.draft import KINDS, Draft
from graph.reads.wheres import NOT_REJECTED, PRESENCE_BY_DEFAULT, FindingWhere
from graph.summaries import SINCE

_ANSWERED = frozenset({"and_", "or_", "not_", "concept", "studied_after", "studied_before", "modality", "patient_id"})


def of_asserted(where: FindingWhere) -> FindingWhere | None:
    """The tree without the conditions for asserted findings; None if summaries cannot answer it.

    These conditions must be ANDed at the root. The tree must have its defaults (`with_defaults`).
    """
    presence, review = _stands(where, "presence", PRESENCE_BY_DEFAULT), _stands(where, "review", NOT_REJECTED)
    left = _without_defaults(where)
    return left if presence and review and _is_answered(left) else None


def has_summaries(draft: Draft) -> str:
    """The predicate that the graph has summaries: false for a graph of an older release that is not migrated yet."""
    return f"EXISTS {{ MATCH (migration:Migration) WHERE migration.version = {draft.bind(SINCE)} }}"


def any_asserted(draft: Draft, where: FindingWhere, *, study: str = "study", patient: str = "patient") -> str:
    """The predicate that a study has a matching finding."""
    codes = f"coalesce({study}.assertedConcepts, [])"
    return f"any(code IN {codes} WHERE {summary_predicate(draft, where, 'code', study, patient)})"


def asserted(draft: Draft, where: FindingWhere) -> str:
    """The list of concepts of a study's matching findings."""
    fits = summary_predicate(draft, where, "code", "study", "patient")
    return f"[code IN coalesce(study.assertedConcepts, []) WHERE {fits}]"


def asserted_pairs(draft: Draft, where: FindingWhere) -> str:
    """The list of places of a study's matching findings; a place occurs once per concept.

    `places` and `holders` are bound to the two lists, because reading one element of a property reads the whole list.
    """
    fits = summary_predicate(draft, where, "holders[at]", "study", "patient")
    return f"[at IN range(0, size(places) - 1) WHERE {fits} | places[at]]"


PAIRS = "coalesce(study.assertedPlaces, []) AS places, coalesce(study.assertedPlaceConcepts, []) AS holders"
"""The clause that binds the two lists."""


def summary_predicate(draft: Draft, where: FindingWhere, code: str, study: str, patient: str) -> str:
    """The predicate of one tree on a concept of a study's summary."""
    parts = []
    if where.concept is not None:
        parts.append(f"{code} IN {draft.codes(where.concept, KINDS)}")
    if where.studied_after is not None:
        parts.append(f"coalesce({study}.startedAt >= {draft.bind(where.studied_after)}, false)")
    if where.studied_before is not None:
        parts.append(f"coalesce({study}.startedAt < {draft.bind(where.studied_before)}, false)")
    if where.modality is not None:
        parts.append(f"coalesce({study}.modality IN {draft.bind(list(where.modality))}, false)")
    if where.patient_id is not None:
        parts.append(f"{patient}.patientId = {draft.bind(where.patient_id)}")
    if where.and_ is not None:
        parts.extend(summary_predicate(draft, child, code, study, patient) for child in where.and_)
    if where.or_ is not None:
        ways = [f"({summary_predicate(draft, child, code, study, patient)})" for child in where.or_]
        parts.append(f"({' OR '.join(ways)})" if ways else draft.bind(False))
    if where.not_ is not None:
        parts.append(f"NOT ({summary_predicate(draft, where.not_, code, study, patient)})")
    return " AND ".join(parts) or draft.bind(True)


def _stands(where: FindingWhere, field: str, expected: tuple[object, ...]) -> bool:
    """Whether a node ANDed at the root has exactly these values of the field."""
    given = getattr(where, field)
    return (given is not None and set(given) == set(expected)) or any(
        _stands(child, field, expected) for child in where.and_ or ()
    )


def _without_defaults(where: FindingWhere) -> FindingWhere:
    given = where.presence is not None and set(where.presence) >= set(PRESENCE_BY_DEFAULT)
    reviewed = where.review is not None and set(where.review) >= set(NOT_REJECTED)
    return replace(
        where,
        presence=None if given else where.presence,
        review=None if reviewed else where.review,
        and_=None if where.and_ is None else tuple(_without_defaults(child) for child in where.and_),
    )


def _is_answered(where: FindingWhere) -> bool:
    if any(getattr(where, field.name) is not None for field in fields(where) if field.name not in _ANSWERED):
        return False
    children = (*(where.and_ or ()), *(where.or_ or ()), *((where.not_,) if where.not_ else ()))
    return all(_is_answered(child) for child in children)
