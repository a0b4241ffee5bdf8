"""Every valid graph over a few tokens, by brute force from the definition: the twin of the automaton."""

from collections import defaultdict
from itertools import chain, combinations, product

from tests.vlmkg.token_graphs import kind
from vlmkg.linearization import linearize
from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span, TokenGraph, edge_order
from vlmkg.schema import ALLOWED_PAIRS, RelationType


def layouts(first: int, end: int):
    """All ways to lay spans without overlap on tokens `first` to before `end`."""
    if first >= end:
        yield ()
        return
    yield from layouts(first + 1, end)
    for last in range(first, end):
        for rest in layouts(last + 1, end):
            yield ((first, last), *rest)


def circular(edges: list[Edge]) -> bool:
    left = [(edge.head, edge.tail) for edge in edges if edge.type is RelationType.MODIFY]
    while True:
        ends = {head for head, _ in left}
        kept = [(head, tail) for head, tail in left if tail in ends]
        if len(kept) == len(left):
            return bool(left)
        left = kept


def graphs(first: int, end: int, labels, context: tuple[Span, ...] = (), held: tuple[Edge, ...] = ()):
    """All graphs of a window's own tokens `first` to before `end`, with edges to and from the context's mentions."""
    for layout in layouts(first, end):
        for chosen in product(labels, repeat=len(layout)):
            spans = tuple(Span(a, b, label) for (a, b), label in zip(layout, chosen, strict=True))
            pairs = [
                Edge(head.first, relation, tail.first)
                for head, tail in product((*context, *spans), repeat=2)
                for relation in RELATIONS
                if head != tail and not (head in context and tail in context)
                if (kind(head.label), kind(tail.label)) in ALLOWED_PAIRS[relation]
            ]
            for some in chain.from_iterable(combinations(pairs, size) for size in range(len(pairs) + 1)):
                if not circular([*some, *held]):
                    yield TokenGraph(spans, tuple(sorted(some, key=edge_order)))


def continuations(some_graphs, own_from: int = 0) -> dict[tuple[str, ...], set[str]]:
    """What may follow each beginning of a graph's symbols."""
    following: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for graph in some_graphs:
        symbols = linearize(graph, own_from)
        for at, symbol in enumerate(symbols):
            following[symbols[:at]].add(symbol)
    return following


LABELS = (Label.ANATOMY, Label.ABSENT)
