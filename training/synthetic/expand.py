"""Expand a symbol of the grammar: its words, its mentions and the relations between them."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from training.synthetic.grammar import Grammar, Production, Slot, Symbol, Word
from vlmkg.schema import RelationType

Edge = tuple[int, RelationType, int]
Bindings = Mapping[str, Symbol]


@dataclass(slots=True)
class Piece:
    """Some text, and the number of its mention, or None."""

    text: str
    mention: int | None = None


@dataclass(slots=True)
class Draft:
    """A sentence being written: pieces in order; the label of each mention (A, P, U, N); relations by number."""

    pieces: list[Piece] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def write(symbols: Grammar, name: str, rng: Random, bound: Bindings | None = None) -> Draft:
    """A draft of the symbol `name`; the symbols in `bound` replace those of the same name."""
    draft = Draft()
    _write(_Writing(symbols, bound or {}, rng, draft), name, "P")
    return draft


@dataclass(frozen=True, slots=True)
class _Writing:
    symbols: Grammar
    bound: Bindings
    rng: Random
    draft: Draft


def _write(writing: _Writing, name: str, presence: str) -> list[int]:
    """Write one symbol. Returns the mentions that are its heads."""
    symbol = writing.bound.get(name) or writing.symbols[name]
    production = _choose(symbol, writing.rng)
    variables: dict[str, list[int]] = {}
    for part in production.parts:
        mentions = _word(writing, part, presence) if isinstance(part, Word) else _slot(writing, part, presence)
        variables.setdefault(part.variable, []).extend(mentions)
    for link in production.links:
        heads, tails = variables.get(link.head, ()), variables.get(link.tail, ())
        writing.draft.edges += [(head, link.type, tail) for head in heads for tail in tails]
    return [mention for name in production.heads for mention in variables.get(name, ())]


def _choose(symbol: Symbol, rng: Random) -> Production:
    weights = symbol.weights
    return symbol.productions[bisect_right(weights, rng.random() * weights[-1])]


def _word(writing: _Writing, word: Word, presence: str) -> list[int]:
    text = writing.rng.choice(word.choices) if len(word.choices) > 1 else word.choices[0]
    if not text:
        return []
    if not word.label:
        writing.draft.pieces.append(Piece(text))
        return []
    mention = len(writing.draft.labels)
    writing.draft.labels.append(presence if word.label == "O" else word.label)
    writing.draft.pieces.append(Piece(text, mention))
    return [mention]


def _slot(writing: _Writing, slot: Slot, presence: str) -> list[int]:
    if slot.chance < 1.0 and writing.rng.random() >= slot.chance:
        return []
    return _write(writing, slot.name, slot.presence or presence)
