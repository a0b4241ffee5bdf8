"""Errors of known kinds in graphs, as in wrong labels or wrong readings.

Each function returns the graph with one error of its kind, or None if that is impossible. Those of LABELS
keep the report's words, so the graph can be used for training; those of READINGS may also change words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.spans import overlap

T = TypeVar("T")
Corruption = Callable[[str, ReportGraph, Random], ReportGraph | None]
"""(the report's text, its graph, chance) -> the graph with one error."""
SIDES = {"left": "right", "right": "left"}
INVENTED = ("effusion", "pneumothorax", "nodule", "fracture", "consolidation", "edema", "mass", "granuloma")


def flipped_negation(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """An absent observation becomes present, any other absent."""
    del text
    at = _any(rng, [at for at, one in enumerate(graph.mentions) if one.kind is Kind.OBSERVATION])
    if at is None:
        return None
    absent = graph.mentions[at].presence is Presence.ABSENT
    return _with(graph, at, replace(graph.mentions[at], presence=Presence.PRESENT if absent else Presence.ABSENT))


def dropped_finding(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """A finding and its relations are missing."""
    del text
    at = _any(rng, _findings(graph))
    return None if at is None else without(graph, at)


def wrong_place(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """A finding is located at another anatomy of the report."""
    del text
    located = [at for at, one in enumerate(graph.relations) if one.type is RelationType.LOCATED_AT]
    at = _any(rng, located)
    if at is None:
        return None
    old = graph.relations[at]
    taken = {one.tail for one in graph.relations if one.head == old.head and one.type is old.type}
    places = [to for to, one in enumerate(graph.mentions) if one.kind is Kind.ANATOMY and to not in taken]
    tail = _any(rng, places)
    return None if tail is None else _rewired(graph, {at: tail})


def dropped_relation(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """A relation is missing."""
    del text
    at = _any(rng, range(len(graph.relations)))
    if at is None:
        return None
    return ReportGraph(graph.mentions, tuple(one for place, one in enumerate(graph.relations) if place != at))


def invented_mention(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """A word outside mentions becomes a finding."""
    free = [
        token
        for token in tokenize(text)
        if token.text.isalpha() and not any(overlap(token, one) for one in graph.mentions)
    ]
    if not free:
        return None
    token = rng.choice(free)
    mention = Mention(token.start, token.end, token.text, Kind.OBSERVATION, Presence.PRESENT, "findings")
    return _inserted(graph, mention)


def wrong_side(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """Left and right are swapped."""
    del text
    at = _any(rng, [at for at, one in enumerate(graph.mentions) if one.text.lower() in SIDES])
    if at is None:
        return None
    return _with(graph, at, replace(graph.mentions[at], text=SIDES[graph.mentions[at].text.lower()]))


def invented_finding(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """A finding that the report does not name is added at anatomy with a finding."""
    del text
    known = {one.text.lower() for one in graph.mentions}
    name = _any(rng, [name for name in INVENTED if name not in known])
    if name is None:
        return None
    start = graph.mentions[-1].end + 1 if graph.mentions else 0
    mention = Mention(start, start + len(name), name, Kind.OBSERVATION, Presence.PRESENT, "findings")
    places = [at for at, one in enumerate(graph.mentions) if one.kind is Kind.ANATOMY]
    place = _any(rng, places)
    edges = () if place is None else (Relation(len(graph.mentions), RelationType.LOCATED_AT, place),)
    return ReportGraph((*graph.mentions, mention), (*graph.relations, *edges))


def swapped_relation(text: str, graph: ReportGraph, rng: Random) -> ReportGraph | None:
    """Two relations of the same type swap their tails."""
    del text
    edges = graph.relations
    known = {(one.head, one.tail) for one in edges}
    pairs = [
        (a, b)
        for a, one in enumerate(edges)
        for b, other in enumerate(edges[:a])
        if one.type is other.type
        and graph.mentions[one.tail].kind is graph.mentions[other.tail].kind
        and known.isdisjoint(crossed := {(one.head, other.tail), (other.head, one.tail)})
        and all(head != tail for head, tail in crossed)
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    return _rewired(graph, {a: edges[b].tail, b: edges[a].tail})


LABELS: Mapping[str, Corruption] = {
    "flipped negation": flipped_negation,
    "dropped finding": dropped_finding,
    "wrong place": wrong_place,
    "dropped relation": dropped_relation,
    "invented mention": invented_mention,
}
READINGS: Mapping[str, Corruption] = {
    "flipped negation": flipped_negation,
    "wrong side": wrong_side,
    "dropped finding": dropped_finding,
    "invented finding": invented_finding,
    "swapped relation": swapped_relation,
}


def corrupt_labels(text: str, graph: ReportGraph, share: float, rng: Random) -> tuple[ReportGraph, list[str]]:
    """The graph with errors in `share` of its mentions (on average over reports), and their kinds."""
    wanted = sum(rng.random() < share for _ in graph.mentions)
    return _several(LABELS, text, graph, wanted, rng)


def corrupt_reading(graph: ReportGraph, errors: int, rng: Random) -> tuple[ReportGraph, list[str]]:
    """The graph with this number of errors of READINGS, or fewer if that is impossible, and their kinds."""
    return _several(READINGS, "", graph, errors, rng)


def without(graph: ReportGraph, at: int) -> ReportGraph:
    """The graph without the mention at that place."""
    moved = {old: old - (old > at) for old in range(len(graph.mentions)) if old != at}
    relations = tuple(
        replace(one, head=moved[one.head], tail=moved[one.tail])
        for one in graph.relations
        if at not in {one.head, one.tail}
    )
    return ReportGraph(graph.mentions[:at] + graph.mentions[at + 1 :], relations)


def _several(
    kinds: Mapping[str, Corruption], text: str, graph: ReportGraph, wanted: int, rng: Random
) -> tuple[ReportGraph, list[str]]:
    made: list[str] = []
    for _ in range(wanted):
        # If a kind is impossible in the graph, another one is used.
        for name in rng.sample(list(kinds), len(kinds)):
            changed = kinds[name](text, graph, rng)
            if changed is not None:
                graph = changed
                made.append(name)
                break
    return graph, made


def _findings(graph: ReportGraph) -> list[int]:
    """Observations that do not describe another."""
    describing = {one.head for one in graph.relations if one.type is RelationType.MODIFY}
    return [at for at, one in enumerate(graph.mentions) if one.kind is Kind.OBSERVATION and at not in describing]


def _any(rng: Random, places: Sequence[T]) -> T | None:
    return rng.choice(places) if places else None


def _with(graph: ReportGraph, at: int, mention: Mention) -> ReportGraph:
    return ReportGraph((*graph.mentions[:at], mention, *graph.mentions[at + 1 :]), graph.relations)


def _rewired(graph: ReportGraph, tails: Mapping[int, int]) -> ReportGraph:
    edges = tuple(replace(one, tail=tails.get(at, one.tail)) for at, one in enumerate(graph.relations))
    return ReportGraph(graph.mentions, edges)


def _inserted(graph: ReportGraph, mention: Mention) -> ReportGraph:
    """The graph with the mention inserted in text order."""
    place = sum(one.start < mention.start for one in graph.mentions)
    edges = tuple(
        replace(one, head=one.head + (one.head >= place), tail=one.tail + (one.tail >= place))
        for one in graph.relations
    )
    return ReportGraph((*graph.mentions[:place], mention, *graph.mentions[place:]), edges)
