"""Windows of a report: a sentence with the previous one, or as many sentences as a long-context model reads.

Each sentence belongs to exactly one window; the previous one is context, whose mentions the previous window emits. An
edge belongs to the window that owns its later end: so each edge within a sentence or between neighbours has exactly one
window. No text is dropped: a sentence that does not fit is split into consecutive windows.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from vlmkg.model.decoded import Decoded
from vlmkg.numbered_tokens import Edge, Numbered, Span, TokenGraph, edge_order
from vlmkg.schema import RelationType
from vlmkg.validation import closes_cycle


class Window(NamedTuple):
    """Tokens from `first` up to, not including, `end` of a report. Those before `own` are context, the others its own.

    `stops` are the own tokens that begin another sentence.
    """

    first: int
    own: int
    end: int
    stops: tuple[int, ...] = ()

    @property
    def own_from(self) -> int:
        """The number of context tokens: the first own token by the window's numbers."""
        return self.own - self.first


class WindowLimits(NamedTuple):
    """The limits of a window: `tokens` with a pointer, and total `cost`; `whole`: with many own sentences."""

    tokens: int
    cost: int
    whole: bool = False


class _Piece(NamedTuple):
    first: int
    end: int
    block: int


def split_windows(numbered: Numbered, costs: Sequence[int], room: WindowLimits) -> list[Window]:
    """The windows of a report, in text order; none if nothing is read.

    `costs` are the costs of the tokens, in the unit of `room.cost`. Two neighbouring tokens must fit (ValueError).
    """
    total = list(accumulate(costs, initial=0))
    pieces = list(_pieces(numbered, total, room))
    windows: list[Window] = []
    at = 0
    while at < len(pieces):
        own = pieces[at]
        context = at > 0 and pieces[at - 1].block == own.block
        first = pieces[at - 1].first if context else own.first
        following = at + 1
        while room.whole and following < len(pieces) and _fits(first, pieces[following].end, total, room):
            following += 1
        windows.append(
            Window(first, own.first, pieces[following - 1].end, tuple(one.first for one in pieces[at + 1 : following]))
        )
        at = following
    return windows


def window_graph(window: Window, graph: TokenGraph) -> TokenGraph:
    """The part of a report's graph that a window emits, with the window's token numbers.

    A mention that crosses the end of a window, and its relations, are in no window.
    """
    spans = tuple(
        Span(span.first - window.first, span.last - window.first, span.label)
        for span in graph.spans
        if window.own <= span.first and span.last < window.end
    )
    whole = {
        span.first
        for span in graph.spans
        if span.last < window.own or (window.own <= span.first and span.last < window.end)
    }
    edges = tuple(
        Edge(edge.head - window.first, edge.type, edge.tail - window.first)
        for edge in graph.edges
        if min(edge.head, edge.tail) >= window.first
        and max(edge.head, edge.tail) >= window.own
        and {edge.head, edge.tail} <= whole
    )
    return TokenGraph(spans, edges)


def merge_windows(windows: Sequence[Window], parts: Sequence[Decoded]) -> Decoded:
    """The report's graph from its windows, with the report's token numbers.

    A cycle of `modify` through three windows, which no window sees completely, is broken at its last edge.
    """
    spans: list[tuple[Span, float]] = []
    edges: list[tuple[Edge, float]] = []
    modified: dict[int, list[int]] = {}
    for window, part in zip(windows, parts, strict=True):
        shift = window.first
        for span, score in zip(part.graph.spans, part.span_scores, strict=True):
            spans.append((Span(span.first + shift, span.last + shift, span.label), score))
        for edge, score in zip(part.graph.edges, part.edge_scores, strict=True):
            head, tail = edge.head + shift, edge.tail + shift
            if edge.type is RelationType.MODIFY:
                if closes_cycle(modified, head, tail):
                    continue
                modified.setdefault(head, []).append(tail)
            edges.append((Edge(head, edge.type, tail), score))
    edges.sort(key=lambda one: edge_order(one[0]))
    graph = TokenGraph(tuple(span for span, _ in spans), tuple(edge for edge, _ in edges))
    return Decoded(
        graph,
        tuple(score for _, score in spans),
        tuple(score for _, score in edges),
        any(part.truncated for part in parts),
    )


def _pieces(numbered: Numbered, total: list[int], room: WindowLimits) -> Iterator[_Piece]:
    """The sentences, each cut so that two neighbouring pieces fit into a window."""
    half = WindowLimits(room.tokens // 2, room.cost // 2)
    for sentence in numbered.sentences:
        first = sentence.first
        while first < sentence.end:
            end = first
            while end < sentence.end and _fits(first, end + 1, total, half):
                end += 1
            if end == first:
                raise ValueError("a window is too short for two tokens")
            yield _Piece(first, end, sentence.block)
            first = end


def _fits(first: int, end: int, total: list[int], room: WindowLimits) -> bool:
    return end - first <= room.tokens and total[end] - total[first] <= room.cost
