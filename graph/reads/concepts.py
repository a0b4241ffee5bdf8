"""Concepts of the vocabulary, and terms without a concept."""

from collections.abc import Iterable

from graph.reads.map_expressions import concept
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery, look_up
from graph.reads.selection import Selection
from vlmkg.vocabulary.loader import LOCAL


def concept_search(words: str | None, first: int, selected: Iterable[Selection]) -> ReadQuery:
    """Rows `node`: concepts with the words in a name or synonym; exact matches first, then prefixes."""
    builder = QueryBuilder()
    order = "concept.name, concept.code"
    match = "MATCH (concept:Concept)"
    if words is not None:
        value = builder.bind(words.strip().lower())
        match += f"\nWITH concept, [concept.name] + coalesce(concept.synonyms, []) AS names WHERE {_named(value)}"
        order = f"CASE {_rank(value)} END, size(concept.name), {order}"
    cut = f"WITH concept ORDER BY {order} LIMIT {builder.bind(first)}"
    # Numbered before the rows are built, so that the planner cannot change their order.
    numbered = (
        "WITH collect(concept) AS found UNWIND range(0, size(found) - 1) AS place WITH place, found[place] AS concept"
    )
    return builder.finish(
        f"{match}\n{cut}\n{numbered}",
        "ORDER BY row.place",
        patient=NO_SINGLE_PATIENT,
        place="place",
        node=concept(builder, selected, "concept"),
    )


def concept_by_code(code: str, selected: Iterable[Selection]) -> ReadQuery:
    """One row `node`, or none."""
    builder = QueryBuilder()
    match = look_up("concept", "Concept", "code", builder.bind(code))
    return builder.finish(match, patient=NO_SINGLE_PATIENT, node=concept(builder, selected, "concept"))


def unmapped_terms(first: int) -> ReadQuery:
    """Rows `node`, each `{term, mentions}`: the terms without a concept, the most frequent first."""
    builder = QueryBuilder()
    return builder.finish(
        f"{look_up('concept', 'Concept', 'system', builder.bind(LOCAL))}\n"
        "WITH concept.name AS term, COUNT { (concept)<-[:REFERS_TO]-() } AS mentions WHERE mentions > 0\n"
        f"WITH term, mentions ORDER BY mentions DESC, term LIMIT {builder.bind(first)}",
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
