"""Random graphs over token numbers, for property tests: spans, labels, and relations that the schema allows."""

from hypothesis import strategies as st

from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span, TokenGraph, edge_order
from vlmkg.schema import ALLOWED_PAIRS, Kind, RelationType
from vlmkg.validation import closes_cycle


def kind(label: Label) -> Kind:
    return Kind.ANATOMY if label is Label.ANATOMY else Kind.OBSERVATION


@st.composite
def token_graphs(draw, tokens: int) -> TokenGraph:
    """A valid graph over `tokens` tokens."""
    spans, at = [], 0
    while at < tokens:
        at += draw(st.integers(0, 3))
        if at < tokens:
            last = min(tokens - 1, at + draw(st.sampled_from([0, 0, 0, 1, 2])))
            spans.append(Span(at, last, draw(st.sampled_from(Label))))
            at = last + 1
    pairs = [
        Edge(head.first, relation, tail.first)
        for head in spans
        for relation in RELATIONS
        for tail in spans
        if head != tail and (kind(head.label), kind(tail.label)) in ALLOWED_PAIRS[relation]
    ]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=8, unique=True)) if pairs else []
    return TokenGraph(tuple(spans), tuple(sorted(without_cycles(chosen), key=edge_order)))


def without_cycles(edges: list[Edge]) -> list[Edge]:
    modified: dict[int, list[int]] = {}
    kept = []
    for edge in edges:
        if edge.type is RelationType.MODIFY:
            if closes_cycle(modified, edge.head, edge.tail):
                continue
            modified.setdefault(edge.head, []).append(edge.tail)
        kept.append(edge)
    return kept
