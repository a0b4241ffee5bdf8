r"""The grammar's language: how a line of `grammar/*.txt` becomes a production.

A production defines the text and its meaning together, so that a report's graph is known exactly:

    3* the {place:l} (shows|has) {-np:f} , {degree:d%20} clear/P:c ; f@l d>c c@l = f

`3*` is its weight. Words are written literally; `_` is a space inside one span, `(a|b)` is one of several, `()`
nothing. `word/L:v` is a mention: L is A anatomy, O an observation with the presence asked for from outside, P present,
N absent, U uncertain; v is its variable. `{name:v}` writes another symbol and assigns its heads to v; `-` before the
name makes it absent, `~` uncertain, `+` present; `%30` writes it in 30 of 100 cases. After `;` follow the relations:
`a>b` modify, `a@b` located_at, `a~b` suggestive_of, for all pairs of their mentions. After `=` stand the variables
whose mentions are the production's heads; without it the heads are `h`.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import cycle, product
from typing import NamedTuple

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word as LexiconClass
from vlmkg.schema import RelationType

LABELS = "APNUO"
ARROWS = {">": RelationType.MODIFY, "@": RelationType.LOCATED_AT, "~": RelationType.SUGGESTIVE_OF}
_WORD = re.compile(rf"(?P<text>.+?)(?:/(?P<label>[{LABELS}])(?::(?P<var>\w+))?)?")
_GROUP = re.compile(r"\(([^)]*)\)")
_SLOT = re.compile(r"\{(?P<presence>[-~+]?)(?P<name>\w+)(?::(?P<var>\w+))?(?:%(?P<chance>\d+))?\}")
_RELATION = re.compile(r"(\w+)([>@~])(\w+)")
_WEIGHT = re.compile(r"([\d.]+)\*\s+(.*)")
_FROM_LEXICON = {
    "any_finding": LexiconClass.FINDING,
    "any_device": LexiconClass.DEVICE,
    "any_descriptor": LexiconClass.DESCRIPTOR,
    "any_change": LexiconClass.CHANGE,
    "any_degree": LexiconClass.DEGREE,
    "any_organ": LexiconClass.ORGAN,
    "any_tissue": LexiconClass.TISSUE,
    "any_place": LexiconClass.PLACE,
    "any_position": LexiconClass.POSITION,
}


class Word(NamedTuple):
    """One of `choices` is written; `label` is empty for words outside mentions."""

    choices: tuple[str, ...]
    label: str
    variable: str


class Slot(NamedTuple):
    """The symbol `name` is written with probability `chance`; `presence` is that of its `O` mentions, or empty."""

    name: str
    presence: str
    variable: str
    chance: float


class Link(NamedTuple):
    """A relation from every mention of `head` to every one of `tail`."""

    head: str
    type: RelationType
    tail: str


@dataclass(frozen=True, slots=True)
class Production:
    """One way to write a symbol."""

    parts: tuple[Word | Slot, ...]
    links: tuple[Link, ...]
    heads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Symbol:
    """The productions of one symbol, with their cumulative weights."""

    productions: tuple[Production, ...]
    weights: tuple[float, ...]


Grammar = dict[str, Symbol]


@cache
def grammar() -> Grammar:
    """The shipped grammar, with the lexicon's classes as symbols `any_...`. Raises ValueError if it is wrong."""
    lines: dict[str, list[str]] = {}
    for path in sorted(files("training.synthetic").joinpath("grammar").iterdir(), key=lambda item: item.name):
        if path.name.endswith(".txt"):
            _read(path.read_text(encoding="utf-8"), lines)
    symbols = {name: _symbol(body) for name, body in lines.items()} | _lexicon_symbols()
    check(symbols)
    return symbols


def parse_production(line: str) -> tuple[float, Production]:
    """One line: its weight and production. Raises ValueError if a variable or mark is unknown."""
    weighted = _WEIGHT.fullmatch(line)
    weight, rest = (float(weighted[1]), weighted[2]) if weighted else (1.0, line)
    body, _, meaning = rest.partition(" ; ")
    relations, _, heads = meaning.partition("=")
    if not meaning:
        body, _, heads = rest.partition(" = ")
    parts = tuple(_part(item) for item in body.split())
    links = tuple(_link(item) for item in relations.split())
    named = tuple(heads.split()) or ("h",)
    known = {part.variable for part in parts} | {"h"}
    used = {name for link in links for name in (link.head, link.tail)} | set(named)
    if not used <= known:
        raise ValueError(f"{line!r} uses {sorted(used - known)} without defining it")
    return weight, Production(parts, links, named)


def check(symbols: Grammar) -> None:
    """Raises ValueError if a production refers to a missing symbol."""
    for name, symbol in symbols.items():
        for production in symbol.productions:
            missing = {part.name for part in production.parts if isinstance(part, Slot)} - set(symbols)
            if missing:
                raise ValueError(f"{name} asks for {sorted(missing)}, which the grammar does not have")


def _read(text: str, lines: dict[str, list[str]]) -> None:
    body: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("@"):
            body = lines.setdefault(line[1:], [])
        elif line and not line.startswith("#"):
            body.append(line)


def _symbol(body: list[str]) -> Symbol:
    read = [parse_production(line) for line in body]
    total, weights = 0.0, []
    for weight, _ in read:
        total += weight
        weights.append(total)
    return Symbol(tuple(production for _, production in read), tuple(weights))


def _part(item: str) -> Word | Slot:
    slot = _SLOT.fullmatch(item)
    if slot:
        chance = float(slot["chance"]) / 100 if slot["chance"] else 1.0
        return Slot(slot["name"], {"": "", "-": "N", "~": "U", "+": "P"}[slot["presence"]], slot["var"] or "", chance)
    word = _WORD.fullmatch(item)
    if word is None:
        raise ValueError(f"{item!r} is neither a word nor a slot")
    return Word(_choices(word["text"]), word["label"] or "", word["var"] or "")


def _choices(text: str) -> tuple[str, ...]:
    """All expansions of the groups `(a|b)` of an item: "(4|5)_mm" is "4 mm" and "5 mm"."""
    # Splitting at a pattern with one group gives literals and groups in turn.
    spans = [part.split("|") if odd else [part] for odd, part in zip(cycle((0, 1)), _GROUP.split(text), strict=False)]
    choices = tuple("".join(words).replace("_", " ") for words in product(*spans))
    if any(mark in choice for choice in choices for mark in "(){}|"):
        raise ValueError(f"{text!r} has an open bracket")
    return choices


def _link(item: str) -> Link:
    match = _RELATION.fullmatch(item)
    if match is None:
        raise ValueError(f"{item!r} is not a relation")
    return Link(match[1], ARROWS[match[2]], match[3])


def _lexicon_symbols() -> Grammar:
    """Each lexicon class as a symbol that writes one of its single words."""
    words = lexicon().words
    found = {}
    for name, wanted in _FROM_LEXICON.items():
        label = "A" if name.removeprefix("any_") in {"organ", "tissue", "place", "position"} else "O"
        choices = tuple(sorted(word for word, kind in words.items() if kind is wanted))
        found[name] = Symbol((Production((Word(choices, label, "h"),), (), ("h",)),), (1.0,))
    return found
