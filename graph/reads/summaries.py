"""Queries answered by summaries of studies (graph.summaries).

These are queries for asserted findings by concept, place and study, without conditions on other properties.
"""

from dataclasses import fields, replace
from functools import partial

from graph.reads.conditions import FindingScope, combined, of_study, within
from graph.reads.query_builder import KINDS, QueryBuilder
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


def has_summaries(builder: QueryBuilder) -> str:
    """The predicate that the graph has summaries: false for a graph of an older release that is not migrated yet."""
    return f"EXISTS {{ MATCH (migration:Migration) WHERE migration.version = {builder.bind(SINCE)} }}"


def any_asserted(builder: QueryBuilder, where: FindingWhere, *, study: str = "study", patient: str = "patient") -> str:
    """The predicate that a study has a matching finding."""
    codes = f"coalesce({study}.assertedConcepts, [])"
    return f"any(code IN {codes} WHERE {summary_predicate(builder, where, 'code', study, patient)})"


def asserted(builder: QueryBuilder, where: FindingWhere) -> str:
    """The list of concepts of a study's matching findings."""
    fits = summary_predicate(builder, where, "code", "study", "patient")
    return f"[code IN coalesce(study.assertedConcepts, []) WHERE {fits}]"


def asserted_pairs(builder: QueryBuilder, where: FindingWhere) -> str:
    """The list of places of a study's matching findings; a place occurs once per concept.

    `places` and `holders` are bound to the two lists, because reading one element of a property reads the whole list.
    """
    fits = summary_predicate(builder, where, "holders[at]", "study", "patient")
    return f"[at IN range(0, size(places) - 1) WHERE {fits} | places[at]]"


PAIRS = "coalesce(study.assertedPlaces, []) AS places, coalesce(study.assertedPlaceConcepts, []) AS holders"
"""The clause that binds the two lists."""


def summary_predicate(builder: QueryBuilder, where: FindingWhere, code: str, study: str, patient: str) -> str:
    """The predicate of one tree on a concept of a study's summary."""
    parts = [] if where.concept is None else [f"{code} IN {builder.codes(where.concept, KINDS)}"]
    parts += within(builder, f"{study}.startedAt", where.studied_after, where.studied_before)
    parts += of_study(builder, where, FindingScope("", study, patient))
    return combined(builder, parts, where, partial(summary_predicate, builder, code=code, study=study, patient=patient))


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
