"""Read one report: its sections, their sentences, and the context that a sentence takes from the one before."""

from collections.abc import Sequence

from vlmkg.reading.rules.advice import is_said_elsewhere
from vlmkg.reading.rules.section import PlacedAt, dashes_count, read_section
from vlmkg.reading.rules.sentence import SentenceGraph, read_sentence
from vlmkg.reading.sections import find_sections
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Mention, Relation, RelationType, ReportGraph


def read_report(text: str) -> ReportGraph:
    """The graph of one report. Offsets count code points of `text`."""
    return read_with_aside(text)[0]


def read_with_aside(text: str) -> tuple[ReportGraph, tuple[tuple[int, int], ...]]:
    """The graph, and the spans of the words that would be findings if they were not told, sought or advised."""
    aside: list[tuple[int, int]] = []
    mentions: list[Mention] = []
    relations: list[Relation] = []
    advised: list[tuple[str, int, int]] = []
    dashes = dashes_count(text)
    for name, start, end in find_sections(text):
        sentences, unstated = read_section(text, start, end, dashes=dashes)
        aside += unstated
        evidence: list[int] = []
        heading: int | None = None
        for number, (base, (graph, places, talk, known)) in enumerate(sentences):
            if talk:
                aside += [(base + first, base + last) for first, last in talk]
                advised += [(name, base + first, base + last) for first, last in known]
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
    if advised:
        kept = {span[1:] for span in advised if _add_advised(text, *span, mentions, relations)}
        aside = [one for one in aside if not any(begin <= one[0] < stop for begin, stop in kept)]
        mentions, relations = _in_text_order(mentions, relations)
    return ReportGraph(tuple(mentions), tuple(relations)), tuple(sorted(aside))


def _add_advised(
    text: str, section: str, begin: int, stop: int, mentions: list[Mention], relations: list[Relation]
) -> bool:
    """Add what advice takes as known, unless the report speaks of it elsewhere; say whether it was added."""
    tokens = tokenize(text, begin, stop)
    graph = read_sentence(tuple([token.lower for token in tokens]))
    spans = [(tokens[one.first].start, tokens[one.last].end) for one in graph.mentions]
    found = [
        Mention(start, end, text[start:end], one.kind, one.presence, section)
        for one, (start, end) in zip(graph.mentions, spans, strict=True)
    ]
    nouns = {found[at].text.lower() for at in graph.evidence}
    if not nouns or is_said_elsewhere(nouns, mentions):
        return False
    first = len(mentions)
    mentions += found
    relations += [Relation(first + head, kind, first + tail) for head, kind, tail in graph.relations]
    return True


def _in_text_order(mentions: list[Mention], relations: list[Relation]) -> tuple[list[Mention], list[Relation]]:
    order = sorted(range(len(mentions)), key=lambda at: mentions[at].start)
    place = {old: new for new, old in enumerate(order)}
    moved = [Relation(place[one.head], one.type, place[one.tail]) for one in relations]
    return [mentions[old] for old in order], moved


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
