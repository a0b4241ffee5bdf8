"""Read the sentences of one section; text that reads alike in every report is read only once.

A passage is a stretch of a section, of one sentence or a few, that holds all that decides how it is cut into sentences:
it ends after a word with a stop, and the next begins with a capital. So its reading does not depend on what stands
around it, and is kept; on a wrapped line only whether each line goes on with the one before is found anew. A section
with forms, or with dashes that count, is read as a whole, and kept as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from vlmkg.reading.rules.forms.plain import find_rewrites, has_forms
from vlmkg.reading.rules.forms.rewriting import rewritten_tokens
from vlmkg.reading.rules.labels import joins
from vlmkg.reading.rules.sentence import SentenceGraph, read_sentence
from vlmkg.reading.sentences import (
    Opens,
    find_openings,
    longest_line,
    may_look_back,
    may_take_back,
    opens_block,
    split_sentences,
)
from vlmkg.reading.tokens import Token, tokenize

_KEPT_PASSAGES = 20_000
_LONGEST_KEPT = 400
_KEPT_SECTIONS = 4096
_LONGEST_KEPT_SECTION = 2000
_BEHIND = 40
"""Characters behind a section that a rule may look at."""
_CUT = re.compile(r"\.(?<=[a-z]{4}\.)(?<!pprox\.)(?<!evid\.)\s+(?=[A-Z])")
"""Ends between two passages: a stop that ends no abbreviation, whatever stands around it.

It begins with the stop, which `re` looks for at once."""
_DASHES = frozenset({"-", "\u2013", "\u2014"})
_DASHES_IN_TEXT = (" -", "- ", "\u2013", "\u2014")

Span = tuple[int, int]


class PlacedSentence(NamedTuple):
    """A sentence's graph, the (start, end, text) of each of its mentions, the spans of its talk and of what is known.

    Offsets count from where the passage starts.
    """

    graph: SentenceGraph
    places: tuple[tuple[int, int, str], ...]
    aside: tuple[Span, ...]
    advised: tuple[Span, ...]


PlacedAt = tuple[int, PlacedSentence]
"""The offset that a sentence's places count from, and the sentence."""


def dashes_count(text: str) -> bool:
    """Whether a dash between blanks begins a statement: where blanks stand around every mark, it says nothing."""
    return not (" , " in text or " . " in text) and any(one in text for one in _DASHES_IN_TEXT)


def read_section(text: str, start: int, end: int, *, dashes: bool) -> tuple[Sequence[PlacedAt], Sequence[Span]]:
    """The sentences of `text[start:end]`, each with the offset that its places count from; and what states nothing."""
    if "\n" not in text[start:end].strip() and not (dashes and _has_dash(text, start, end)):
        found = _from_passages(text, start, end, None)
        if found is not None:
            return found, ()
    # What a rule may look at: the line that the section begins in, with its break, and a few characters behind it.
    first, last = max(0, text.rfind("\n", 0, start)), min(len(text), end + _BEHIND)
    longest = longest_line(text) if "\n" in text else 0
    if last - first > _LONGEST_KEPT_SECTION or (last < len(text) and text[end:last].isspace()):
        return _whole(text, start, end, longest, dashes=dashes)
    sentences, unstated = _whole_kept(text[first:last], start - first, end - first, longest, dashes=dashes)
    return (
        [(first + base, one) for base, one in sentences],
        [(first + begin, first + stop) for begin, stop in unstated],
    )


def _has_dash(text: str, start: int, end: int) -> bool:
    return not _DASHES.isdisjoint(text[start:end])


def _whole(
    text: str, start: int, end: int, longest: int, *, dashes: bool
) -> tuple[tuple[PlacedAt, ...], tuple[Span, ...]]:
    """As `read_section`, for a section with line breaks, forms or dashes; `longest` as in `opens_block`."""
    rewrites = find_rewrites(text, start, end)
    if not (rewrites or (dashes and _has_dash(text, start, end)) or may_look_back(text, start, end)):
        found = _from_passages(text, start, end, longest)
        if found is not None:
            return tuple(found), ()
    opens = partial(opens_block, text, longest=longest)
    sentences = _placed(text, rewritten_tokens(text, start, end, rewrites), dashes=dashes, opens=opens)
    return tuple([(0, one) for one in sentences]), tuple([(one.start, one.end) for one in rewrites if one.aside])


_whole_kept = lru_cache(maxsize=_KEPT_SECTIONS)(_whole)


def _from_passages(text: str, start: int, end: int, longest: int | None) -> list[PlacedAt] | None:
    """The sentences of all passages.

    `longest` as in `opens_block`; None: the section is one line, and nobody has looked for forms in it. Then the result
    is None if there are any.
    """
    found: list[PlacedAt] = []
    for first, last in _passages(text, start, end):
        openings = None
        if longest is not None:
            openings = tuple([at - first for at in find_openings(text, first, last, longest)])
        read = _passage_kept if last - first <= _LONGEST_KEPT else _passage
        sentences = read(text[first:last], openings)
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


def _passage(words: str, openings: tuple[int, ...] | None) -> tuple[PlacedSentence, ...] | None:
    """The sentences of a passage; `openings` as in `find_openings`.

    Returns None if `openings` is None (the passage is one line) and it may hold a form.
    """
    if openings is None:
        return None if has_forms(words) else tuple(_placed(words, tokenize(words), dashes=False, opens=_never))
    return tuple(_placed(words, tokenize(words), dashes=False, opens=lambda _, token: token.start in openings))


def _never(_start: int, _token: Token) -> bool:
    return False


_passage_kept = lru_cache(maxsize=_KEPT_PASSAGES)(_passage)


def _placed(text: str, tokens: list[Token], *, dashes: bool, opens: Opens) -> Iterator[PlacedSentence]:
    for sentence in split_sentences(text, tokens, opens):
        graph = read_sentence(_words(text, sentence, dashes=dashes))
        spans = [(sentence[one.first].start, sentence[one.last].end) for one in graph.mentions]
        places = tuple([(start, end, text[start:end]) for start, end in spans])
        yield PlacedSentence(graph, places, _spans(sentence, graph.aside), _spans(sentence, graph.advised))


def _spans(sentence: list[Token], parts: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple([(sentence[first].start, sentence[last].end) for first, last in parts]) if parts else ()


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
