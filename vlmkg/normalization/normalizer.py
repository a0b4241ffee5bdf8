"""Link every mention of a graph to a concept, and compose its findings."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from vlmkg.engine_protocol import ConceptLink, Finding
from vlmkg.exam_regions import CHEST, ExamRegions
from vlmkg.normalization.attributes import laterality, own_places, severity
from vlmkg.normalization.findings import at_site, compose_finding, describe, fits, implied_places, local
from vlmkg.normalization.names import part_words, tells_part
from vlmkg.normalization.places import SIDE_WORDS, Place, compose_place, where_named
from vlmkg.normalization.words import canonical
from vlmkg.schema import Kind, Presence, RelationType, ReportGraph
from vlmkg.vocabulary.loader import LOCAL


def normalize(graph: ReportGraph, regions: ExamRegions = CHEST) -> tuple[tuple[ConceptLink, ...], tuple[Finding, ...]]:
    """A link for each mention, in order, and the findings among them. `regions`: which of the text is of the chest."""
    edges = _edges(graph)
    places = {
        at: compose_place(mention.text, _texts(graph, edges.modifiers, at))
        for at, mention in enumerate(graph.mentions)
        if mention.kind is Kind.ANATOMY
    }
    chest = _of_chest(graph, regions, places)
    places |= {at: where_named(place) for at, place in places.items() if not chest[at]}
    links: list[ConceptLink] = []
    findings: list[Finding] = []
    for at, mention in enumerate(graph.mentions):
        if mention.kind is Kind.ANATOMY:
            links.append(_place_link(mention.text, places[at], chest=chest[at]))
        elif edges.modifying[at]:
            links.append(describe(mention.text, Kind.OBSERVATION, chest=chest[at]))
        else:
            stated, suggested = _where(at, edges, places)
            before = tuple(places[place] for place in sorted(set(edges.located[at])) if place < at)
            texts = _texts(graph, edges.modifiers, at)
            said = _said(mention.text, texts, _Where(stated, suggested, before), chest=chest[at])
            links.append(said.concept)
            findings.append(Finding(at, *said))
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


class _Where(NamedTuple):
    """A finding's places, or those of the finding that suggests it; and of its own those in front of its name."""

    stated: tuple[Place, ...]
    suggested: tuple[Place, ...]
    before: tuple[Place, ...]


class _Said(NamedTuple):
    """What a finding says, wherever it stands in its report: the fields of `Finding` behind its position."""

    concept: ConceptLink
    laterality: str | None
    severity: str | None
    place_codes: tuple[str, ...]


@lru_cache(maxsize=65536)
def _said(text: str, modifiers: frozenset[str], where: _Where, *, chest: bool) -> _Said:
    concept = compose_finding(text, modifiers, where.stated, chest=chest)
    fitting = tuple(place for place in where.suggested if fits(concept.code, place))
    places = at_site(concept.code, where.stated or fitting, chest=chest)
    side = laterality(modifiers, own_places(concept.code, where.before, places))
    codes = [code for place in places if not place.words <= SIDE_WORDS for code in place.codes]
    every = tuple(dict.fromkeys((*codes, *implied_places(concept.code, side, places, chest=chest))))
    return _Said(concept, side, severity(concept.code, modifiers | {text}), every)


def _of_chest(graph: ReportGraph, regions: ExamRegions, places: dict[int, Place]) -> list[bool]:
    """For each mention, whether it is about the chest. Where no exam is named, parts far from the chest tell."""
    if not regions.named and _is_far(graph, places):
        return [False] * len(graph.mentions)
    if len(regions.starts) == 1:
        return [regions.chest[0]] * len(graph.mentions)
    return [regions.is_chest(mention.start) for mention in graph.mentions]


def _is_far(graph: ReportGraph, places: dict[int, Place]) -> bool:
    """Whether the text names a part that no film of the chest shows, and nothing of the chest."""
    if all(part_words("far").isdisjoint(place.words) for place in places.values()):
        return False
    texts = (mention.text for mention in graph.mentions)
    return not any(tells_part(frozenset(canonical(text))) for text in texts)


def _place_link(text: str, place: Place, *, chest: bool) -> ConceptLink:
    concept = place.concept
    if concept is None:
        return describe(text, Kind.ANATOMY) if chest else local(text)
    if place.composed:
        return ConceptLink(concept.code, concept.system, concept.name, 0.9, "composed")
    link = describe(text, Kind.ANATOMY, chest=chest)
    return link if link.system != LOCAL else ConceptLink(concept.code, concept.system, concept.name, 0.6, "partial")
