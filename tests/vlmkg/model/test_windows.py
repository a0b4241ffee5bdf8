from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vlmkg.token_graphs import token_graphs
from vlmkg.linearization import linearize
from vlmkg.model.decoded import Decoded
from vlmkg.model.windows import WindowLimits, merge_windows, split_windows, window_graph
from vlmkg.numbered_tokens import Edge, Label, Numbered, Sentence, Span, TokenGraph, number
from vlmkg.reading.tokens import Token
from vlmkg.schema import RelationType


def sentences(lengths: list[int], block_of=lambda at: 0) -> Numbered:
    tokens = tuple(Token(2 * at, 2 * at + 1, "x", "x") for at in range(sum(lengths)))
    ends = [sum(lengths[: at + 1]) for at in range(len(lengths))]
    parts = tuple(
        Sentence(end - length, end, "findings", block_of(at))
        for at, (end, length) in enumerate(zip(ends, lengths, strict=True))
    )
    return Numbered("x " * len(tokens), tokens, parts)


def decoded(graph: TokenGraph) -> Decoded:
    return Decoded(graph, (0.5,) * len(graph.spans), (0.25,) * len(graph.edges))


LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@given(data=st.data(), lengths=LENGTHS, tokens=st.integers(4, 30), whole=st.booleans())
def test_every_token_is_owned_once_and_each_window_fits(data, lengths, tokens, whole):
    numbered = sentences(lengths)
    costs = data.draw(st.lists(st.integers(1, 5), min_size=sum(lengths), max_size=sum(lengths)))
    windows = split_windows(numbered, costs, WindowLimits(tokens, 3 * tokens, whole))
    assert [at for window in windows for at in range(window.own, window.end)] == list(range(sum(lengths)))
    for window in windows:
        assert window.end - window.first <= tokens
        assert sum(costs[window.first : window.end]) <= 3 * tokens
    for before, window in pairwise(windows):
        assert before.own <= window.first < window.own


@given(data=st.data(), lengths=LENGTHS, whole=st.booleans())
def test_windows_merge_to_the_graph_without_edges_between_distant_sentences(data, lengths, whole):
    numbered = sentences(lengths)
    graph = data.draw(token_graphs(sum(lengths)))
    ends = [sentence.end for sentence in numbered.sentences]
    inside = TokenGraph(tuple(span for span in graph.spans if not any(span.first < end <= span.last for end in ends)))
    starts = {span.first for span in inside.spans}
    inside = inside._replace(edges=tuple(e for e in graph.edges if {e.head, e.tail} <= starts))
    windows = split_windows(numbered, [1] * sum(lengths), WindowLimits(40, 40, whole))
    merged = merge_windows(windows, [decoded(window_graph(window, inside)) for window in windows])
    assert merged.graph.spans == inside.spans
    assert merged.span_scores == (0.5,) * len(inside.spans)
    place = {at: n for n, s in enumerate(numbered.sentences) for at in range(s.first, s.end)}
    near = tuple(e for e in inside.edges if whole or abs(place[e.head] - place[e.tail]) <= 1)
    if not whole or len(windows) == 1:
        assert merged.graph.edges == near
        assert sum(len(window_graph(window, inside).edges) for window in windows) == len(near)


@given(data=st.data(), lengths=LENGTHS)
def test_a_mention_across_the_end_of_a_sentence_takes_its_relations_with_it(data, lengths):
    numbered = sentences(lengths)
    graph = data.draw(token_graphs(sum(lengths)))
    for window in split_windows(numbered, [1] * sum(lengths), WindowLimits(40, 40)):
        part = window_graph(window, graph)
        own = {span.first for span in part.spans}
        before = {s.first - window.first for s in graph.spans if s.last < window.own}
        assert all({edge.head, edge.tail} <= own | before for edge in part.edges)
        assert linearize(part, window.own_from)


def test_window_is_a_sentence_with_the_one_before_it_in_its_section():
    numbered = number("FINDINGS: Left effusion. It is small. IMPRESSION: Effusion.")
    windows = split_windows(numbered, [1] * 6, WindowLimits(40, 40))
    assert [(window.first, window.own, window.end) for window in windows] == [(0, 0, 2), (0, 2, 5), (5, 5, 6)]


def test_whole_report_is_one_window_with_its_sentences_marked():
    numbered = sentences([3, 2, 4])
    (window,) = split_windows(numbered, [1] * 9, WindowLimits(9, 9, whole=True))
    assert window.stops == (3, 5)


def test_sentence_without_room_is_split_and_its_parts_see_each_other():
    windows = split_windows(sentences([10]), [1] * 10, WindowLimits(8, 100))
    assert [(window.first, window.own, window.end) for window in windows] == [(0, 0, 4), (0, 4, 8), (4, 8, 10)]


def test_word_without_room_is_an_error():
    with pytest.raises(ValueError, match="too short for two tokens"):
        split_windows(sentences([2]), [9, 9], WindowLimits(8, 10))


def test_circle_of_modify_through_three_windows_is_left_open():
    graph = TokenGraph(tuple(Span(at, at, Label.PRESENT) for at in range(3)))
    numbered = sentences([1, 1, 1])
    windows = split_windows(numbered, [1] * 3, WindowLimits(9, 9))
    # 0 -> 1 -> 2 and, by a window that a careless model might have written, 2 -> 0 by way of 1.
    edges = [(), ((0, 1),), ((0, 1), (1, 0))]
    parts = [
        decoded(
            TokenGraph(window_graph(window, graph).spans, tuple(Edge(h, RelationType.MODIFY, t) for h, t in written))
        )
        for window, written in zip(windows, edges, strict=True)
    ]
    merged = merge_windows(windows, parts)
    assert [(edge.head, edge.tail) for edge in merged.graph.edges] == [(0, 1), (1, 2)]
