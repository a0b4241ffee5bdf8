"""Read one sentence: units, phrases, presence, relations."""

from dataclasses import dataclass
from functools import lru_cache

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, OBSERVATIONS, Word
from vlmkg.reading.rules.advice import advised
from vlmkg.reading.rules.compound import with_whole_cues
from vlmkg.reading.rules.double_denials import without_double_denials
from vlmkg.reading.rules.ellipsis import share_nouns, without_elsewhere, without_other_side
from vlmkg.reading.rules.explanations import link_meanings
from vlmkg.reading.rules.general import without_general, without_needed
from vlmkg.reading.rules.labels import Unit, label
from vlmkg.reading.rules.non_findings import without_exam_talk
from vlmkg.reading.rules.phrase_relations import Edge, Part, read_inside
from vlmkg.reading.rules.phrases import phrases
from vlmkg.reading.rules.presence import mark_presence
from vlmkg.reading.rules.sentence_relations import link
from vlmkg.reading.rules.word_classes import in_context
from vlmkg.schema import ALLOWED_PAIRS, Kind, Presence, RelationType

_CACHED_SENTENCES = 20_000
_LONGEST_SENTENCE = 400
_HEADING_WORDS = frozenset({Word.AND, Word.COLON})


@dataclass(frozen=True, slots=True)
class SentenceMention:
    """Tokens `first` to `last` inclusive of the sentence, what they name, what is said of it; anatomy is present."""

    first: int
    last: int
    kind: Kind
    presence: Presence


@dataclass(frozen=True, slots=True)
class SentenceGraph:
    """The mentions of one sentence in order, and relations between their positions.

    `evidence`: findings that the next sentence's "this" may stand for. `waiting`: explanations whose evidence stands
    in the sentence before. `unplaced`: findings without a place. `heading`: the sentence names a body part alone.
    `aside`: first and last tokens of the observations that are talk. `advised`: first and last tokens of the noun
    groups among them that advice takes as known.
    """

    mentions: tuple[SentenceMention, ...]
    relations: tuple[tuple[int, RelationType, int], ...]
    evidence: tuple[int, ...]
    waiting: tuple[int, ...]
    unplaced: tuple[int, ...]
    heading: bool
    aside: tuple[tuple[int, int], ...]
    advised: tuple[tuple[int, int], ...]


def read_sentence(tokens: tuple[str, ...]) -> SentenceGraph:
    """The graph of one sentence, given its lower-case tokens."""
    if len(tokens) > _LONGEST_SENTENCE:
        return _read(tokens)
    return _read_cached(tokens)


def _read(tokens: tuple[str, ...]) -> SentenceGraph:
    named = with_whole_cues(label(tokens), tokens)
    said = [unit for unit in named if unit.word in OBSERVATIONS]
    kept = without_exam_talk(without_needed(without_general(named, tokens), tokens))
    places = {unit.first for unit in kept}
    aside = tuple((unit.first, unit.last) for unit in said if unit.first not in places)
    known = tuple(advised(named, kept, tokens)) if aside else ()
    units = without_other_side(without_elsewhere(without_double_denials(in_context(kept))))
    found, tail = phrases(units)
    found = share_nouns(found)
    mark_presence(found, tail)
    edges: list[Edge] = []
    parts = [read_inside(phrase, edges) for phrase in found]
    before = link(parts, edges)
    waiting = link_meanings(parts, before, tail, edges).waiting
    heading = bool(units) and all(unit.word in ANATOMY or unit.word in _HEADING_WORDS for unit in units)
    return _graph(found_units(parts), edges, parts, waiting, heading=heading, aside=aside, known=known)


_read_cached = lru_cache(maxsize=_CACHED_SENTENCES)(_read)


def found_units(parts: list[Part]) -> list[Unit]:
    """The units that are mentions, in text order."""
    units = [unit for part in parts for unit in part.phrase.units if unit.word in CONTENT]
    return sorted(units, key=lambda unit: unit.first)


def _graph(
    units: list[Unit],
    edges: list[Edge],
    parts: list[Part],
    waiting: list[Unit],
    *,
    heading: bool,
    aside: tuple[tuple[int, int], ...],
    known: tuple[tuple[int, int], ...],
) -> SentenceGraph:
    index = {unit.first: number for number, unit in enumerate(units)}
    relations = _relations(edges, index)
    placed = {head for head, kind, _ in relations if kind is RelationType.LOCATED_AT}
    heads = [index[head.first] for part in parts if part.noun for head in part.heads]
    tails = {tail for _, kind, tail in relations if kind is RelationType.SUGGESTIVE_OF}
    evidence = [
        index[head.first] for head in _evidence(parts) if index[head.first] not in tails and head not in waiting
    ]
    return SentenceGraph(
        mentions=tuple([_mention(unit) for unit in units]),
        relations=relations,
        evidence=tuple(position for position in evidence if position not in tails),
        waiting=tuple(index[unit.first] for unit in waiting),
        unplaced=tuple(head for head in heads if head not in placed),
        heading=heading,
        aside=aside,
        advised=known,
    )


def _evidence(parts: list[Part]) -> list[Unit]:
    """What a later sentence may explain: findings there, else doubtful ones, else what is wrong with a place."""
    heads = [head for part in parts if part.noun for head in part.heads if head.word is not Word.PROCESS]
    said = [head for part in parts if not part.noun for head in part.heads if head.word is Word.DESCRIPTOR]
    present = [head for head in heads if head.presence is Presence.PRESENT]
    wrong = [head for head in said if head.presence is Presence.PRESENT and head.text not in lexicon().normality]
    return present or [head for head in heads if head.presence is Presence.UNCERTAIN] or wrong


def _mention(unit: Unit) -> SentenceMention:
    if unit.word in ANATOMY:
        return _mention_kept(unit.first, unit.last, Kind.ANATOMY, Presence.PRESENT)
    return _mention_kept(unit.first, unit.last, Kind.OBSERVATION, unit.presence)


_mention_kept = lru_cache(maxsize=4096)(SentenceMention)
"""A mention holds positions and no words, so that the sentences that are kept share a few hundred of them."""


@lru_cache(maxsize=4096)
def _relation(head: int, kind: RelationType, tail: int) -> tuple[int, RelationType, int]:
    """The relation between two positions; kept for the reason that mentions are."""
    return head, kind, tail


def _kind(unit: Unit) -> Kind:
    return Kind.ANATOMY if unit.word in ANATOMY else Kind.OBSERVATION


def _relations(edges: list[Edge], index: dict[int, int]) -> tuple[tuple[int, RelationType, int], ...]:
    """The edges as positions: each once, none to itself or against the schema, none both ways."""
    kept: dict[tuple[int, int, RelationType], None] = {}
    for head, kind, tail in edges:
        at, to = index[head.first], index[tail.first]
        if at != to and (_kind(head), _kind(tail)) in ALLOWED_PAIRS[kind] and (to, at, kind) not in kept:
            kept[at, to, kind] = None
    return tuple([_relation(at, kind, to) for at, to, kind in sorted(kept)])
