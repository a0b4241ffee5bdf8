"""Link every mention of a graph to a concept, and compose its findings."""

from dataclasses import dataclass

from vlmkg.engine_protocol import ConceptLink, Finding
from vlmkg.normalization.attributes import laterality, own_places, severity
from vlmkg.normalization.findings import at_site, compose_finding, describe, fits, implied_places
from vlmkg.normalization.places import SIDE_WORDS, Place, compose_place
from vlmkg.schema import Kind, Presence, RelationType, ReportGraph
from vlmkg.vocabulary.loader import LOCAL


def normalize(graph: ReportGraph) -> tuple[tuple[ConceptLink, ...], tuple[Finding, ...]]:
    """A link for each mention, in order, and the findings among them."""
    edges = _edges(graph)
    places = {
        at: compose_place(mention.text, _texts(graph, edges.modifiers, at))
        for at, mention in enumerate(graph.mentions)
        if mention.kind is Kind.ANATOMY
    }
    links: list[ConceptLink] = []
    findings: list[Finding] = []
    for at, mention in enumerate(graph.mentions):
        if mention.kind is Kind.ANATOMY:
            links.append(_place_link(mention.text, places[at]))
        elif edges.modifying[at]:
            links.append(describe(mention.text, Kind.OBSERVATION))
        else:
            stated, suggested = _where(at, edges, places)
            before = tuple(places[place] for place in sorted(set(edges.located[at])) if place < at)
            texts = _texts(graph, edges.modifiers, at)
            finding = _finding(at, mention.text, texts, _Where(stated, suggested, before))
            links.append(finding.concept)
            findings.append(finding)
    return tuple(links), tuple(findings)


@dataclass(frozen=True, slots=True)
class _Edges:
    """For each mention: its modifiers, its places, what suggests it, and whether it modifies another."""

    modifiers: list[list[int]]
    located: list[list[int]]
    evidence: list[list[int]]
    modifying: list[bool]


def _edges(graph: ReportGraph) -> _Edges:
    number = len(graph.mentions)
    modifiers: list[list[int]] = [[] for _ in range(number)]
    located: list[list[int]] = [[] for _ in range(number)]
    evidence: list[list[int]] = [[] for _ in range(number)]
    modifying = [False] * number
    for relation in graph.relations:
        if relation.type is RelationType.MODIFY:
            modifiers[relation.tail].append(relation.head)
            modifying[relation.head] = True
        elif relation.type is RelationType.LOCATED_AT:
            located[relation.head].append(relation.tail)
        else:
            evidence[relation.tail].append(relation.head)
    return _Edges(modifiers, located, evidence, modifying)


def _where(at: int, edges: _Edges, places: dict[int, Place]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The stated places of a finding; without any, those of the finding that suggests it."""
    stated = sorted(set(edges.located[at]))
    if stated or not edges.evidence[at]:
        return tuple(places[place] for place in stated), ()
    suggesting = {place for head in edges.evidence[at] for place in edges.located[head]}
    return (), tuple(places[place] for place in sorted(suggesting))


def _texts(graph: ReportGraph, modifiers: list[list[int]], at: int) -> frozenset[str]:
    """The texts of all direct and indirect modifiers of a mention.

    A modifier that is less certain than its head ("a nodule, possibly calcified") is left out: the composed
    concept has one presence, the head's.
    """
    if not modifiers[at]:
        return frozenset()
    head = graph.mentions[at].presence
    found, todo, seen = [], list(modifiers[at]), {at}
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        mention = graph.mentions[here]
        if mention.presence in (head, Presence.PRESENT):
            found.append(mention.text)
            todo += modifiers[here]
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Where:
    """A finding's places, or those of the finding that suggests it; and of its own those in front of its name."""

    stated: tuple[Place, ...]
    suggested: tuple[Place, ...]
    before: tuple[Place, ...]


def _finding(at: int, text: str, modifiers: frozenset[str], where: _Where) -> Finding:
    concept = compose_finding(text, modifiers, where.stated)
    fitting = tuple(place for place in where.suggested if fits(concept.code, place))
    places = at_site(concept.code, where.stated or fitting)
    side = laterality(modifiers, own_places(concept.code, where.before, places))
    codes = [code for place in places if not place.words <= SIDE_WORDS for code in place.codes]
    every = tuple(dict.fromkeys((*codes, *implied_places(concept.code, side, places))))
    return Finding(at, concept, side, severity(concept.code, modifiers | {text}), every)


def _place_link(text: str, place: Place) -> ConceptLink:
    concept = place.concept
    if concept is None:
        return describe(text, Kind.ANATOMY)
    if place.composed:
        return ConceptLink(concept.code, concept.system, concept.name, 0.9, "composed")
    link = describe(text, Kind.ANATOMY)
    return link if link.system != LOCAL else ConceptLink(concept.code, concept.system, concept.name, 0.6, "partial")
