from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vlmkg.linear_text import (
    delinearize_film,
    delinearize_report,
    from_text,
    linearize_report,
    number_words,
    to_text,
)
from tests.vlmkg.token_graphs import token_graphs
from vlmkg.linearization import delinearize, film_names, linearize, linearize_film
from vlmkg.numbered_tokens import (
    Edge,
    Label,
    Span,
    TokenGraph,
    number,
    readable_part,
    report_graph,
    token_graph,
)
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.schema import RelationType

REPEATED = st.lists(st.sampled_from(["opacity", "left", "lung", "no", "2", "-", "of"]), min_size=1, max_size=25)


@given(data=st.data(), words=REPEATED)
def test_report_graph_survives_symbols_and_text_whatever_words_repeat(data, words):
    numbered = number_words(words)
    graph = report_graph(numbered, data.draw(token_graphs(len(words))))
    symbols = linearize_report(graph, numbered)
    assert from_text(to_text(symbols)) == symbols
    assert delinearize_report(symbols, numbered) == graph


@given(data=st.data(), tokens=st.integers(2, 20))
def test_window_graph_survives(data, tokens):
    own_from = data.draw(st.integers(1, tokens - 1))
    whole = data.draw(token_graphs(tokens))
    edges = tuple(edge for edge in whole.edges if edge.head >= own_from or edge.tail >= own_from)
    spans = tuple(span for span in whole.spans if span.first >= own_from)
    symbols = linearize(TokenGraph(spans, edges), own_from)
    assert delinearize(from_text(to_text(symbols)), own_from) == TokenGraph(spans, edges)


@given(first=token_graphs(12), second=token_graphs(12))
def test_different_graphs_have_different_symbols(first, second):
    assert (linearize(first) == linearize(second)) == (first == second)


def test_form_as_documented():
    graph = TokenGraph(
        (Span(3, 4, Label.PRESENT), Span(6, 6, Label.ABSENT), Span(9, 9, Label.ANATOMY)),
        (
            Edge(1, RelationType.SUGGESTIVE_OF, 6),
            Edge(3, RelationType.MODIFY, 6),
            Edge(3, RelationType.LOCATED_AT, 9),
        ),
    )
    text = "@3-@4 P modify @6 located_at @9\n@6 N\n@9 A\nlinks\n@1 suggestive_of @6"
    assert to_text(linearize(graph, own_from=2)) == text


@pytest.mark.parametrize(
    "text",
    [
        "@1",
        "@1 P modify",
        "@1 X",
        "P",
        "@2 P\n@1 P",
        "@1-@3 P\n@2 P",
        "@1 P modify @2 modify @2\n@2 P",
        "@1 P located_at @2 modify @2\n@2 P",
        "@1 P modify @5",
        "@1 P\nlinks",
        "@1 P end\n@2 P",
    ],
)
def test_malformed_text_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        delinearize(from_text(text))


def test_symbols_without_their_end_are_refused():
    with pytest.raises(ValueError, match="end too early"):
        delinearize(("@1", "P"))


def test_edge_of_the_window_before_is_refused():
    graph = TokenGraph((Span(5, 5, Label.PRESENT),), (Edge(0, RelationType.MODIFY, 1),))
    with pytest.raises(ValueError, match="previous window"):
        linearize(graph, own_from=3)


def test_film_facts_survive_in_the_order_of_the_list():
    names = film_names()
    facts = [(names[4], Label.ABSENT), (names[0], Label.PRESENT), (names[2], Label.UNCERTAIN)]
    symbols = linearize_film(facts)
    assert delinearize_film(from_text(to_text(symbols))) == (facts[1], facts[2], facts[0])
    with pytest.raises(ValueError, match="film list"):
        linearize_film([("left pleural effusion", Label.ANATOMY)])
    with pytest.raises(ValueError, match="canonical"):
        delinearize_film((names[2], "P", names[0], "P", "end"))


def test_rules_read_graphs_that_the_form_can_hold():
    text = "FINDINGS: Left pleural effusion. No mass.\nIMPRESSION: 1. This may represent pneumonia. Effusion."
    (graph,) = RulesEngine().extract([text])
    numbered = number(text)
    again = delinearize_report(linearize_report(graph, numbered), numbered)
    assert set(again.mentions) == set(graph.mentions)
    assert token_graph(numbered, again) == token_graph(numbered, graph)
    assert {mention.section for mention in again.mentions} == {"findings", "impression"}


def test_what_has_no_numbered_token_is_counted_not_guessed():
    text = "FINDINGS: Effusion. TECHNIQUE: Portable chest."
    numbered = number(text)
    whole = number_words(["Effusion", "TECHNIQUE"])
    graph = report_graph(whole, TokenGraph((Span(0, 0, Label.PRESENT),)))
    assert readable_part(number("Effusion."), graph) == (TokenGraph((Span(0, 0, Label.PRESENT),)), 0)
    assert [token.text for token in numbered.tokens] == ["Effusion"]
    assert readable_part(numbered, graph) == (TokenGraph(), 1)
    with pytest.raises(ValueError, match="numbered tokens"):
        token_graph(numbered, graph)


def test_example_of_the_documentation_is_in_the_form():
    page = (Path(__file__).parents[2] / "docs" / "decoding.md").read_text(encoding="utf-8")
    blocks = page.split("## The form")[1].split("```")[3::2]
    first, second = (block.strip() for block in blocks[:2])
    assert to_text(linearize(delinearize(from_text(first)))) == first
    assert to_text(linearize(delinearize(from_text(second), own_from=4), own_from=4)) == second
    assert len(delinearize(from_text(first)).edges) == 3
