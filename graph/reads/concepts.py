"""Concepts of the vocabulary, and terms without a concept."""

from collections.abc import Iterable

from graph.reads.draft import NO_SINGLE_PATIENT, Draft, ReadQuery, look_up
from graph.reads.shapes import concept
from graph.reads.wanted import Wanted
from vlmkg.vocabulary.loader import LOCAL


def concept_search(words: str | None, first: int, wanted: Iterable[Wanted]) -> ReadQuery:
    """Rows `node`: concepts with the words in a name or synonym; exact matches first, then prefixes."""
    draft = Draft()
    order = "concept.name, concept.code"
    match = "MATCH (concept:Concept)"
    if words is not None:
        value = draft.bind(words.strip().lower())
        match += f"\nWITH concept, [concept.name] + coalesce(concept.synonyms, []) AS names WHERE {_named(value)}"
        order = f"CASE {_rank(value)} END, size(concept.name), {order}"
    cut = f"WITH concept ORDER BY {order} LIMIT {draft.bind(first)}"
    # Numbered before the rows are built, so that the planner cannot change their order.
    numbered = (
        "WITH collect(concept) AS found UNWIND range(0, size(found) - 1) AS place WITH place, found[place] AS concept"
    )
    return draft.finish(
        f"{match}\n{cut}\n{numbered}",
        "ORDER BY row.place",
        patient=NO_SINGLE_PATIENT,
        place="place",
        node=concept(draft, wanted, "concept"),
    )


def concept_by_code(code: str, wanted: Iterable[Wanted]) -> ReadQuery:
    """One row `node`, or none."""
    draft = Draft()
    match = look_up("concept", "Concept", "code", draft.bind(code))
    return draft.finish(match, patient=NO_SINGLE_PATIENT, node=concept(draft, wanted, "concept"))


def unmapped_terms(first: int) -> ReadQuery:
    """Rows `node`, each `{term, mentions}`: the terms without a concept, the most frequent first."""
    draft = Draft()
    return draft.finish(
        f"{look_up('concept', 'Concept', 'system', draft.bind(LOCAL))}\n"
        "WITH concept.name AS term, COUNT { (concept)<-[:REFERS_TO]-() } AS mentions WHERE mentions > 0\n"
        f"WITH term, mentions ORDER BY mentions DESC, term LIMIT {draft.bind(first)}",
        "ORDER BY row.node.mentions DESC, row.node.term",
        patient=NO_SINGLE_PATIENT,
        node="{term: term, mentions: mentions}",
    )


def _named(value: str) -> str:
    return f"any(name IN names WHERE toLower(name) CONTAINS {value})"


def _rank(value: str) -> str:
    return (
        f"WHEN any(name IN names WHERE toLower(name) = {value}) THEN 0 "
        f"WHEN any(name IN names WHERE toLower(name) STARTS WITH {value}) THEN 1 ELSE 2"
    )
