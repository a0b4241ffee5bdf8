"""Graphs as symbols and as text: the models' output format, and the paper's linear form.

    @3-@4 P modify @6 located_at @9      tokens 3 to 4: present; it modifies the mention that begins at token 6, ...
    @6 N                                 token 6: absent
    @9 A                                 token 9: anatomy
    links                                edges between the sentence before and this one
    @1 suggestive_of @6

Each mention is written once, in text order: a pointer to its tokens, one label, then its outgoing edges. `relation @k`
names the mention whose first token is k, before or after; spans don't overlap, so k names one mention. Edges come in
the order of `numbering.RELATIONS`, then of k. A graph has exactly one such form, and the form gives back the graph.

In a window over a sentence and the one before it (`own_from` > 0), mentions before `own_from` belong to the other
window; edges across the border follow `links`, which is always written. A film's facts have their own form: names of a
closed list, each with a label.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span, TokenGraph, checked, edge_order
from vlmkg.schema import RelationType, ReportGraph

VERSION = 1
"""Version of this format; a checkpoint that was trained on another one can't be read."""
TO = "-"
LINKS = "links"
END = "end"
SEPARATOR = " ; "

Symbol = str
"""`@k`, TO, a label, a relation, LINKS, END, or a name of the film list."""


def pointer(token: int) -> Symbol:
    """The symbol of a token's number."""
    return f"@{token}"


def linearize(graph: TokenGraph, own_from: int = 0) -> tuple[Symbol, ...]:
    """The symbols of a graph over token numbers, END included.

    `own_from`: spans before it are not written, and edges across it are written after LINKS. Edges between two spans
    before it belong to the previous window; here they are an error (ValueError), as are edges without mentions.
    """
    if any(edge.head < own_from and edge.tail < own_from for edge in graph.edges):
        raise ValueError("an edge is in the previous window")
    own = [span for span in graph.spans if span.first >= own_from]
    inner = [edge for edge in graph.edges if edge.head >= own_from and edge.tail >= own_from]
    crossing = [edge for edge in graph.edges if min(edge.head, edge.tail) < own_from <= max(edge.head, edge.tail)]
    checked(TokenGraph(tuple(own), tuple(inner)))
    symbols: list[Symbol] = []
    for span in own:
        symbols += [pointer(span.first)] if span.first == span.last else [pointer(span.first), TO, pointer(span.last)]
        symbols += [span.label, *_edges_of(span.first, inner)]
    if own_from:
        symbols.append(LINKS)
        for head in sorted({edge.head for edge in crossing}):
            symbols += [pointer(head), *_edges_of(head, crossing)]
    return tuple(str(symbol) for symbol in [*symbols, END])


def delinearize(symbols: Iterable[Symbol], own_from: int = 0) -> TokenGraph:
    """The graph of the symbols. Edges after LINKS refer to mentions of the previous window by their numbers.

    Raises ValueError if they are not in the format of `linearize`.
    """
    parser = _Parser(symbols)
    spans: list[Span] = []
    edges: list[Edge] = []
    while (at := parser.pointer()) is not None:
        last = parser.needed_pointer() if parser.skip(TO) else at
        spans.append(Span(at, last, Label(parser.next())))
        edges += parser.edges(at)
    links = parser.skip(LINKS)
    while links and (head := parser.pointer()) is not None:
        edges += parser.edges(head)
    parser.end()
    graph = TokenGraph(tuple(spans), tuple(sorted(edges, key=edge_order)))
    if linearize(graph, own_from) != parser.symbols:
        raise ValueError("the symbols are not in canonical order")
    return graph


@cache
def film_names() -> tuple[str, ...]:
    """The names of film facts: the observations of the shipped list, in its order."""
    lines = (files("vlmkg") / "film_names.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def linearize_film(facts: Iterable[tuple[str, Label]]) -> tuple[Symbol, ...]:
    """The symbols of one film's facts: names of the list, each once, with P, U or N. Raises ValueError otherwise."""
    known = dict(facts)
    if known.keys() - set(film_names()) or Label.ANATOMY in known.values():
        raise ValueError("a film's fact is not an observation of the film list")
    return (*(str(part) for name in film_names() if name in known for part in (name, known[name])), END)


def paper_form(graph: ReportGraph) -> str:
    """The triplets as `head relation tail` joined by ` ; `, lower case, by (head start, tail start).

    The form in which VLM-KG reports BLEU and ROUGE (arXiv 2505.17042). Mentions without a relation are left out.
    """
    mentions = graph.mentions
    ordered = sorted(graph.relations, key=lambda r: (mentions[r.head].start, mentions[r.tail].start, r.type))
    return SEPARATOR.join(f"{mentions[r.head].text} {r.type} {mentions[r.tail].text}".lower() for r in ordered)


def _edges_of(head: int, edges: Iterable[Edge]) -> list[Symbol]:
    own = sorted((edge for edge in edges if edge.head == head), key=edge_order)
    return [symbol for edge in own for symbol in (edge.type, pointer(edge.tail))]


class _Parser:
    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self.symbols = tuple(symbols)
        self._at = 0

    def next(self) -> Symbol:
        self._at += 1
        if self._at > len(self.symbols):
            raise ValueError("the symbols end too early")
        return self.symbols[self._at - 1]

    def skip(self, symbol: Symbol) -> bool:
        found = self.symbols[self._at : self._at + 1] == (symbol,)
        self._at += found
        return found

    def pointer(self) -> int | None:
        ahead = self.symbols[self._at] if self._at < len(self.symbols) else ""
        if not (ahead.startswith("@") and ahead[1:].isdecimal()):
            return None
        self._at += 1
        return int(ahead[1:])

    def needed_pointer(self) -> int:
        token = self.pointer()
        if token is None:
            raise ValueError("a pointer is missing")
        return token

    def edges(self, head: int) -> Iterator[Edge]:
        for relation in iter(self._relation, None):
            yield Edge(head, relation, self.needed_pointer())

    def _relation(self) -> RelationType | None:
        ahead = self.symbols[self._at] if self._at < len(self.symbols) else ""
        if ahead not in set(RELATIONS):
            return None
        self._at += 1
        return RelationType(ahead)

    def end(self) -> None:
        if self.next() != END or self._at != len(self.symbols):
            raise ValueError("there are symbols after the end")
