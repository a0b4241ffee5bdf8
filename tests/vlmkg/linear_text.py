"""Graphs and film facts in the text form of `vlmkg.linearization`, and back: what the round trips are tested with."""

from collections.abc import Iterable, Sequence

from vlmkg.linearization import END, LINKS, TO, Symbol, delinearize, film_names, linearize, linearize_film
from vlmkg.numbered_tokens import RELATIONS, Label, Numbered, Sentence, checked, report_graph, token_graph
from vlmkg.reading.tokens import Token
from vlmkg.schema import ReportGraph


def number_words(words: list[str], section: str = "findings") -> Numbered:
    """Words that are given, as one sentence joined by blanks: for text that is cut already, such as RadGraph's."""
    text = " ".join(words)
    ends = [len(" ".join(words[: count + 1])) for count in range(len(words))]
    tokens = tuple(Token(end - len(word), end, word, word.lower()) for word, end in zip(words, ends, strict=True))
    return Numbered(text, tokens, (Sentence(0, len(tokens), section, 0),) if tokens else ())


def linearize_report(graph: ReportGraph, numbered: Numbered) -> tuple[Symbol, ...]:
    """The symbols of a whole report's graph. Scores and witnesses are not part of the form."""
    return linearize(token_graph(numbered, graph))


def delinearize_report(symbols: Iterable[Symbol], numbered: Numbered) -> ReportGraph:
    """The report's graph, relations by head, type and tail. Raises ValueError as `delinearize` does."""
    return report_graph(numbered, checked(delinearize(symbols)))


def to_text(symbols: Sequence[Symbol]) -> str:
    """One line a mention (or film fact), without END."""
    lines: list[str] = []
    for before, symbol in zip((LINKS, *symbols), symbols, strict=False):
        if symbol == END:
            break
        if TO in {symbol, before}:
            lines[-1] += symbol
        elif symbol == LINKS or symbol in film_names() or (symbol.startswith("@") and before not in set(RELATIONS)):
            lines.append(symbol)
        else:
            lines[-1] += f" {symbol}"
    return "\n".join(lines)


def from_text(text: str) -> tuple[Symbol, ...]:
    """The symbols of a text, END included; whether they make sense is for `delinearize` or `film_facts` to say."""
    symbols: list[Symbol] = []
    for line in text.splitlines():
        name, _, label = line.rpartition(" ")
        if name in film_names():
            symbols += [name, label]
            continue
        for word in line.split():
            first, to, last = word.partition(TO)
            symbols += [first, to, last] if to else [word]
    return (*symbols, END)


def delinearize_film(symbols: Sequence[Symbol]) -> tuple[tuple[str, Label], ...]:
    """The film's facts in the order of the list. Raises ValueError where the symbols are not in that form."""
    pairs = zip(symbols[:-1:2], symbols[1:-1:2], strict=True)
    facts = tuple((name, Label(label)) for name, label in pairs)
    if linearize_film(facts) != tuple(symbols):
        raise ValueError("the symbols are not in canonical order")
    return facts
