"""The numbered tokens of a report, sentence by sentence, and graphs over token numbers.

Models refer to tokens by number (`@7`), so a repeated word is never ambiguous. Only tokens of
sentences in the sections that are read have a number; full stops between sentences have none.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from vlmkg.reading.sections import FINDINGS, Section, find_sections, find_set_aside
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import Token, tokenize
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness


class Label(StrEnum):
    """What a mention is: anatomy, or an observation that is present, uncertain or absent (negated)."""

    ANATOMY = "A"
    PRESENT = "P"
    UNCERTAIN = "U"
    ABSENT = "N"


OBSERVATION_LABELS = {
    Presence.PRESENT: Label.PRESENT,
    Presence.UNCERTAIN: Label.UNCERTAIN,
    Presence.ABSENT: Label.ABSENT,
}
_PRESENCES = {label: presence for presence, label in OBSERVATION_LABELS.items()}
RELATIONS = (RelationType.MODIFY, RelationType.LOCATED_AT, RelationType.SUGGESTIVE_OF)
"""All relations, in the order of a mention's edges and of the symbols of the model."""


class Sentence(NamedTuple):
    """Tokens from `first` up to, not including, `end`, with the lower-case section name; `block` numbers the blocks of
    text.
    """

    first: int
    end: int
    section: str
    block: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """A report's text, its numbered tokens, and their sentences."""

    text: str
    tokens: tuple[Token, ...]
    sentences: tuple[Sentence, ...]


class Span(NamedTuple):
    """A mention: tokens `first` to `last`, both included."""

    first: int
    last: int
    label: Label


class Edge(NamedTuple):
    """A relation; its ends are named by the numbers of their mentions' first tokens."""

    head: int
    type: RelationType
    tail: int


class TokenGraph(NamedTuple):
    """A graph over token numbers: spans in text order without overlap; edges by head, type (RELATIONS), tail."""

    spans: tuple[Span, ...] = ()
    edges: tuple[Edge, ...] = ()


def number(text: str, marked: Iterable[tuple[int, int]] = ()) -> Numbered:
    """Number the tokens of the parts of a report that are read.

    Parts that hold a span of `marked` (half-open, code points), such as a gold mention, are numbered too.
    """
    tokens: list[Token] = []
    sentences: list[Sentence] = []
    for block, section in enumerate(_sections(text, tuple(marked))):
        for part in split_sentences(text, tokenize(text, section.start, section.end)):
            sentences.append(Sentence(len(tokens), len(tokens) + len(part), section.name, block))
            tokens += part
    return Numbered(text, tuple(tokens), tuple(sentences))


def _sections(text: str, marked: tuple[tuple[int, int], ...]) -> list[Section]:
    """The sections that are read, and the stretches set aside that hold a marked span, in text order."""
    read = find_sections(text)
    if all(any(one.start <= start < one.end for one in read) for start, _ in marked):
        return read
    further = [
        Section(FINDINGS, one.start, one.end)
        for one in find_set_aside(text)
        if any(one.start <= start < one.end for start, _ in marked)
    ]
    return sorted([*read, *further], key=lambda one: one.start)


def edge_order(edge: Edge) -> tuple[int, int, int]:
    """The key by which edges are sorted."""
    return edge.head, RELATIONS.index(edge.type), edge.tail


def token_graph(numbered: Numbered, graph: ReportGraph) -> TokenGraph:
    """The graph over token numbers. Raises ValueError if a mention does not start and end at numbered tokens."""
    spans = [_span(numbered, mention) for mention in graph.mentions]
    edges = [
        Edge(spans[relation.head].first, relation.type, spans[relation.tail].first) for relation in graph.relations
    ]
    return checked(TokenGraph(tuple(sorted(spans)), tuple(sorted(edges, key=edge_order))))


def readable_part(numbered: Numbered, graph: ReportGraph) -> tuple[TokenGraph, int]:
    """The part of a graph, such as a gold one, that numbered tokens can express, and the numbers of other mentions and
    relations.
    """
    starts = {token.start for token in numbered.tokens}
    ends = {token.end for token in numbered.tokens}
    kept = [at for at, one in enumerate(graph.mentions) if one.start in starts and one.end in ends]
    place = {old: new for new, old in enumerate(kept)}
    relations = [
        Relation(place[one.head], one.type, place[one.tail])
        for one in graph.relations
        if one.head in place and one.tail in place
    ]
    part = ReportGraph(tuple(graph.mentions[at] for at in kept), tuple(relations))
    lost = len(graph.mentions) - len(kept) + len(graph.relations) - len(relations)
    return token_graph(numbered, part), lost


def report_graph(
    numbered: Numbered,
    graph: TokenGraph,
    span_scores: tuple[float, ...] | None = None,
    edge_scores: tuple[float, ...] | None = None,
) -> ReportGraph:
    """The graph over the report's text. With scores for spans and edges the facts are the model's."""
    witness = Witness.RULES if span_scores is None else Witness.MODEL
    mentions = tuple(
        _mention(numbered, span, score, witness)
        for span, score in zip(graph.spans, span_scores or (None,) * len(graph.spans), strict=True)
    )
    position = {span.first: at for at, span in enumerate(graph.spans)}
    relations = tuple(
        Relation(position[edge.head], edge.type, position[edge.tail], score, witness)
        for edge, score in zip(graph.edges, edge_scores or (None,) * len(graph.edges), strict=True)
    )
    return ReportGraph(mentions, relations)


def checked(graph: TokenGraph) -> TokenGraph:
    """The graph itself.

    Raises ValueError if spans overlap, an edge is repeated, or an end of an edge is not a mention.
    """
    if any(one.last >= following.first for one, following in pairwise(graph.spans)):
        raise ValueError("two mentions share a token")
    if len(set(graph.edges)) < len(graph.edges):
        raise ValueError("a relation occurs twice")
    firsts = {span.first for span in graph.spans}
    if any(edge.head not in firsts or edge.tail not in firsts for edge in graph.edges):
        raise ValueError("an end of a relation is not a mention")
    return graph


def _span(numbered: Numbered, mention: Mention) -> Span:
    first = bisect_left(numbered.tokens, mention.start, key=lambda token: token.start)
    last = bisect_left(numbered.tokens, mention.end, key=lambda token: token.end)
    if (
        last >= len(numbered.tokens)
        or numbered.tokens[first].start != mention.start
        or numbered.tokens[last].end != mention.end
    ):
        raise ValueError("a mention does not start and end at numbered tokens")
    anatomy = mention.kind is Kind.ANATOMY
    return Span(first, last, Label.ANATOMY if anatomy else OBSERVATION_LABELS[mention.presence])


def _mention(numbered: Numbered, span: Span, score: float | None, witness: Witness) -> Mention:
    start, end = numbered.tokens[span.first].start, numbered.tokens[span.last].end
    kind = Kind.ANATOMY if span.label is Label.ANATOMY else Kind.OBSERVATION
    presence = _PRESENCES.get(span.label, Presence.PRESENT)
    return Mention(start, end, numbered.text[start:end], kind, presence, _section(numbered, span.first), score, witness)


def _section(numbered: Numbered, token: int) -> str:
    return numbered.sentences[bisect_left(numbered.sentences, token + 1, key=lambda one: one.end)].section
