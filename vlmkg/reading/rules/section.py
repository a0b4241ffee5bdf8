"""Read the sentences of one section, each stretch that reads alike in every report only once.

A passage is a stretch of a section, of a sentence or a few, that holds all that decides how it is cut into sentences:
it ends after a word with a stop, and the next begins with a capital. So its reading does not depend on what stands
around it, and is kept. A section with forms, broken lines or dashes that count is read as a whole.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from vlmkg.reading.rules.forms.plain import has_forms, plain_tokens
from vlmkg.reading.rules.labels import joins
from vlmkg.reading.rules.sentence import SentenceGraph, read_sentence
from vlmkg.reading.sentences import may_take_back, split_sentences
from vlmkg.reading.tokens import Token, tokenize

_KEPT_PASSAGES = 20_000
_LONGEST_KEPT = 400
_CUT = re.compile(r"(?<=[a-z]{4}\.)(?<!pprox\.)(?<!evid\.)\s+(?=[A-Z])")
"""Between two passages: after a stop that ends no abbreviation, whatever stands around it."""
_DASHES = frozenset({"-", "\u2013", "\u2014"})
_DASHES_IN_TEXT = (" -", "- ", "\u2013", "\u2014")

Span = tuple[int, int]


class PlacedSentence(NamedTuple):
    """A sentence's graph, the (start, end, text) of each of its mentions, and the spans of its talk.

    Offsets count from where the passage starts.
    """

    graph: SentenceGraph
    places: tuple[tuple[int, int, str], ...]
    aside: tuple[Span, ...]


def dashes_count(text: str) -> bool:
    """Whether a dash between blanks begins a statement: where blanks stand around every mark, it says nothing."""
    return not (" , " in text or " . " in text) and any(one in text for one in _DASHES_IN_TEXT)


def read_section(
    text: str, start: int, end: int, *, dashes: bool
) -> tuple[list[tuple[int, PlacedSentence]], list[Span]]:
    """The sentences of `text[start:end]`, each with the offset that its places count from; and what states nothing."""
    kept = _from_passages(text, start, end, dashes=dashes)
    if kept is not None:
        return kept, []
    tokens, unstated = plain_tokens(text, start, end)
    return [(0, one) for one in _placed(text, tokens, dashes=dashes)], unstated


def _from_passages(text: str, start: int, end: int, *, dashes: bool) -> list[tuple[int, PlacedSentence]] | None:
    """The sentences of all passages; None where one of them depends on what stands around it."""
    found: list[tuple[int, PlacedSentence]] = []
    for first, last in _passages(text, start, end):
        words = text[first:last]
        if "\n" in words and "\n" in words.strip():
            return None
        if dashes and not _DASHES.isdisjoint(words):
            return None
        sentences = _passage_kept(words) if last - first <= _LONGEST_KEPT else _passage(words)
        if sentences is None:
            return None
        found += [(first, one) for one in sentences]
    return found


def _passages(text: str, start: int, end: int) -> Iterator[Span]:
    for cut in _CUT.finditer(text, start, end):
        if may_take_back(text, cut.end()):
            continue
        yield start, cut.end()
        start = cut.end()
    yield start, end


def _passage(words: str) -> tuple[PlacedSentence, ...] | None:
    """The sentences of a passage; None where it may hold a form."""
    return None if has_forms(words) else tuple(_placed(words, tokenize(words), dashes=False))


_passage_kept = lru_cache(maxsize=_KEPT_PASSAGES)(_passage)


def _placed(text: str, tokens: list[Token], *, dashes: bool) -> Iterator[PlacedSentence]:
    for sentence in split_sentences(text, tokens):
        graph = read_sentence(_words(text, sentence, dashes=dashes))
        spans = [(sentence[one.first].start, sentence[one.last].end) for one in graph.mentions]
        aside = [(sentence[first].start, sentence[last].end) for first, last in graph.aside]
        yield PlacedSentence(graph, tuple([(start, end, text[start:end]) for start, end in spans]), tuple(aside))


def _words(text: str, sentence: list[Token], *, dashes: bool) -> tuple[str, ...]:
    """The lower-case words of a sentence; where `dashes` count, one that begins a statement as "--"."""
    if not dashes:
        return tuple([token.lower for token in sentence])
    words = [token.lower for token in sentence]
    return tuple(
        "--" if _is_dash(text, token) and not joins(words, index) else token.lower
        for index, token in enumerate(sentence)
    )


def _is_dash(text: str, token: Token) -> bool:
    if token.text not in _DASHES:
        return False
    around = text[token.start - 1 : token.start], text[token.end : token.end + 1]
    blank = all(one.isspace() for one in around if one)
    return blank or (token.text == "\u2014" and not any(one.isdigit() for one in around))
