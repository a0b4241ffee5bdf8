"""Links every mention of a graph to a concept and composes its findings."""

from functools import cache

from vlmkg import identity
from vlmkg.reading import ConceptLink, Finding
from vlmkg.schema import Kind, RelationType, ReportGraph
from vlmkg.vocabulary import Concept, load_vocabulary

VERSION = "1"


def digest() -> str:
    """SHA-256 (hex) over the vocabulary and this code's version."""
    return identity.digest(VERSION, load_vocabulary().digest)


def normalize(graph: ReportGraph) -> tuple[tuple[ConceptLink, ...], tuple[Finding, ...]]:
    """A link for each mention, in order, and the findings among them."""
    links = tuple(_link(mention.text) for mention in graph.mentions)
    modifying = {r.head for r in graph.relations if r.type is RelationType.MODIFY}
    places: dict[int, list[str]] = {}
    for relation in graph.relations:
        if relation.type is RelationType.LOCATED_AT:
            places.setdefault(relation.head, []).append(links[relation.tail].code)
    findings = tuple(
        Finding(at, links[at], None, None, tuple(places.get(at, ())))
        for at, mention in enumerate(graph.mentions)
        if mention.kind is Kind.OBSERVATION and at not in modifying
    )
    return links, findings


@cache
def _names() -> dict[str, Concept]:
    return {name.lower(): c for c in load_vocabulary().concepts for name in (c.name, *c.synonyms)}


def _link(text: str) -> ConceptLink:
    lemma = " ".join(text.lower().split())
    concept = _names().get(lemma)
    if concept is None:
        return ConceptLink(lemma, "local", lemma, 0.0, "local")
    return ConceptLink(concept.code, concept.system, concept.name, 1.0, "name")
