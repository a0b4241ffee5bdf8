"""Convert a row's written symbols, with their probabilities, to a graph with scores."""

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from vlmkg.linearization import END, LINKS, TO, Symbol
from vlmkg.model.decoded import Decoded
from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span, TokenGraph, edge_order
from vlmkg.schema import RelationType

_RELATIONS = frozenset(RELATIONS)


class Written(NamedTuple):
    """A symbol, the logarithm of its probability among the allowed ones, and whether there was a choice."""

    symbol: Symbol
    log_probability: float
    chosen: bool


def collect(written: Sequence[Written], own_from: int, *, truncated: bool) -> Decoded:
    """The graph that a row has written up to END.

    If the budget ended, edges to missing mentions are left out.
    """
    spans: list[tuple[Span, float]] = []
    edges: list[tuple[Edge, float]] = []
    linking, head, at = False, -1, 0
    opened: list[Written] = []
    while written[at].symbol != END:
        symbol = written[at].symbol
        if symbol == LINKS:
            linking = True
            size = 1
        elif symbol in _RELATIONS:
            size = 2
            edge = Edge(head, RelationType(symbol), _token(written[at + 1]))
            edges.append((edge, _score([*opened, *written[at : at + 2]])))
        elif linking:
            head, opened, size = _token(written[at]), [written[at]], 1
        else:
            size = 4 if written[at + 1].symbol == TO else 2
            head = _token(written[at])
            span = Span(head, _token(written[at + size - 2]), Label(written[at + size - 1].symbol))
            spans.append((span, _score(written[at : at + size])))
        at += size
    begun = {span.first for span, _ in spans}
    kept = sorted(
        (one for one in edges if all(end in begun or end < own_from for end in (one[0].head, one[0].tail))),
        key=lambda one: edge_order(one[0]),
    )
    graph = TokenGraph(tuple(span for span, _ in spans), tuple(edge for edge, _ in kept))
    return Decoded(graph, tuple(score for _, score in spans), tuple(score for _, score in kept), truncated)


def collect_film(written: Sequence[Written], *, truncated: bool) -> Decoded:
    """The facts that a film's row has written up to END."""
    facts = tuple(
        (str(name.symbol), str(label.symbol), _score([name, label]))
        for name, label in zip(written[:-1:2], written[1:-1:2], strict=True)
    )
    return Decoded(truncated=truncated, film=facts)


def _token(written: Written) -> int:
    return int(written.symbol[1:])


def _score(written: Sequence[Written]) -> float:
    """The geometric mean of the probabilities of the chosen symbols; 1 if there was no choice."""
    chosen = [one.log_probability for one in written if one.chosen]
    return exp(sum(chosen) / len(chosen)) if chosen else 1.0
