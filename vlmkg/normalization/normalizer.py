"""Links every mention of a graph to a concept and composes its findings."""

import hashlib
from functools import cache

from vlmkg import identity
from vlmkg.normalization.attributes import laterality, severity
from vlmkg.normalization.findings import compose_finding, describe, implied_places, local
from vlmkg.normalization.places import SIDE_WORDS, Place, compose_place
from vlmkg.normalization.words import DATA
from vlmkg.reading import ConceptLink, Finding
from vlmkg.schema import Kind, Presence, RelationType, ReportGraph
from vlmkg.vocabulary import load_vocabulary
from vlmkg.vocabulary.loader import LOCAL

VERSION = "1"
"""Part of the reading's digest: raised with every change of this package's code that changes a link."""


@cache
def digest() -> str:
    """SHA-256 (hex) over the vocabulary, the normaliser's tables and its version."""
    tables = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(DATA.glob("*.csv"))]
    return identity.digest(VERSION, load_vocabulary().digest, *tables)


def normalize(graph: ReportGraph) -> tuple[tuple[ConceptLink, ...], tuple[Finding, ...]]:
    """A link for each mention, in order, and the findings among them."""
    mentions = graph.mentions
    modifiers: list[list[int]] = [[] for _ in mentions]
    located: list[list[int]] = [[] for _ in mentions]
    modifying = [False] * len(mentions)
    for relation in graph.relations:
        if relation.type is RelationType.MODIFY:
            modifiers[relation.tail].append(relation.head)
            modifying[relation.head] = True
        elif relation.type is RelationType.LOCATED_AT:
            located[relation.head].append(relation.tail)
    links: list[ConceptLink] = []
    findings: list[Finding] = []
    places: dict[int, Place] = {}
    for at, mention in enumerate(mentions):
        if mention.kind is Kind.ANATOMY:
            places[at] = compose_place(mention.text, _texts(graph, modifiers, at))
    for at, mention in enumerate(mentions):
        if mention.kind is Kind.ANATOMY:
            links.append(_place_link(mention.text, places[at]))
        elif modifying[at]:
            links.append(describe(mention.text, Kind.OBSERVATION))
        else:
            here = tuple(places[place] for place in sorted(set(located[at])))
            finding = _finding(at, mention.text, _texts(graph, modifiers, at), here)
            links.append(finding.concept)
            findings.append(finding)
    return tuple(links), tuple(findings)


def _texts(graph: ReportGraph, modifiers: list[list[int]], at: int) -> frozenset[str]:
    """The texts of all that modifies a mention, directly or by others.

    A modifier that is less sure than what it describes ("a nodule, possibly calcified") is left out: the composed
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


def _finding(at: int, text: str, modifiers: frozenset[str], places: tuple[Place, ...]) -> Finding:
    concept = compose_finding(text, modifiers, places)
    side = laterality(modifiers, places)
    stated = [code for place in places if not place.words <= SIDE_WORDS for code in place.codes]
    codes = tuple(dict.fromkeys((*stated, *implied_places(concept.code, side, places))))
    return Finding(at, concept, side, severity(concept.code, modifiers | {text}), codes)


def _place_link(text: str, place: Place) -> ConceptLink:
    concept = place.concept
    if concept is None:
        return local(text)
    if place.composed:
        return ConceptLink(concept.code, concept.system, concept.name, 0.9, "composed")
    link = describe(text, Kind.ANATOMY)
    return link if link.system != LOCAL else ConceptLink(concept.code, concept.system, concept.name, 0.6, "partial")
