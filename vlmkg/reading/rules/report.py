"""Read one report: its sections, their sentences, and the context that a sentence takes from the one before."""

from collections.abc import Sequence

from vlmkg.reading.rules.section import PlacedAt, dashes_count, read_section
from vlmkg.reading.rules.sentence import SentenceGraph
from vlmkg.reading.sections import find_sections
from vlmkg.schema import Mention, Relation, RelationType, ReportGraph


def read_report(text: str) -> ReportGraph:
    """The graph of one report. Offsets count code points of `text`."""
    return read_with_aside(text)[0]


def read_with_aside(text: str) -> tuple[ReportGraph, tuple[tuple[int, int], ...]]:
    """The graph, and the spans of the words that would be findings if they were not told, sought or advised."""
    aside: list[tuple[int, int]] = []
    mentions: list[Mention] = []
    relations: list[Relation] = []
    dashes = dashes_count(text)
    for name, start, end in find_sections(text):
        sentences, unstated = read_section(text, start, end, dashes=dashes)
        aside += unstated
        evidence: list[int] = []
        heading: int | None = None
        for number, (base, (graph, places, talk)) in enumerate(sentences):
            aside += [(base + first, base + last) for first, last in talk]
            if graph.heading and not _gives_place(sentences, number):
                continue
            first = len(mentions)
            mentions += [
                Mention(base + begin, base + stop, words, one.kind, one.presence, name)
                for one, (begin, stop, words) in zip(graph.mentions, places, strict=True)
            ]
            relations += [Relation(first + head, kind, first + tail) for head, kind, tail in graph.relations]
            if graph.waiting or heading is not None:
                relations += _from_before(graph, first, evidence, heading)
            evidence = [first + position for position in graph.evidence] or evidence
            heading = len(mentions) - 1 if graph.heading and graph.mentions else None
    return ReportGraph(tuple(mentions), tuple(relations)), tuple(sorted(aside))


def _gives_place(sentences: Sequence[PlacedAt], number: int) -> bool:
    """Whether the sentence after a heading has findings without a place, and is no heading itself."""
    following = sentences[number + 1][1].graph if number + 1 < len(sentences) else None
    return following is not None and bool(following.unplaced) and not following.heading


def _from_before(graph: SentenceGraph, first: int, evidence: list[int], heading: int | None) -> list[Relation]:
    """What "this" suggests, and the place that a heading gives to the sentence after it."""
    links = [
        Relation(source, RelationType.SUGGESTIVE_OF, first + position)
        for source in evidence
        for position in graph.waiting
    ]
    if heading is not None:
        links += [Relation(first + position, RelationType.LOCATED_AT, heading) for position in graph.unplaced]
    return links
