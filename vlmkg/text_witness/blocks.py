"""A report as blocks of word pieces: all its words in order, cut between sentences where it is too long for one block.

Headings and parts that are set aside are read too: they are context. A line break is a separator, as between sentences
in the encoder's pretraining.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tokenizers import Tokenizer

from vlmkg.reading.tokens import Token, tokenize

MOST = 126
"""Pieces of a block without its first and last."""
_STOPS = frozenset(".?!;")


@dataclass(frozen=True, slots=True)
class Block:
    """Piece ids with [CLS] and [SEP], the words, and the position of each word's first piece."""

    ids: tuple[int, ...]
    words: tuple[Token, ...]
    firsts: tuple[int, ...]

    @property
    def length(self) -> int:
        """Number of pieces."""
        return len(self.ids)


class Pieces:
    """Cuts texts into blocks with a WordPiece tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._begin, self._separator = (int(tokenizer.token_to_id(name) or 0) for name in ("[CLS]", "[SEP]"))
        self._spell = lru_cache(65_536)(self._pieces_of)

    def blocks(self, text: str) -> Iterator[Block]:
        """The blocks of a text, each word in one of them; none for a text without words."""
        words = tokenize(text)
        spelled = [self._spell(word.lower) for word in words]
        breaks = [False, *("\n" in text[one.end : other.start] for one, other in pairwise(words))]
        first = 0
        while first < len(words):
            end = _end(words, [len(one) for one in spelled], breaks, first)
            yield self._block(words[first:end], spelled[first:end], breaks[first:end])
            first = end

    def _block(self, words: list[Token], spelled: list[tuple[int, ...]], breaks: list[bool]) -> Block:
        ids, firsts = [self._begin], []
        for at, pieces in enumerate(spelled):
            if breaks[at] and at:
                ids.append(self._separator)
            firsts.append(len(ids))
            ids += pieces
        return Block((*ids, self._separator), tuple(words), tuple(firsts))

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        """At most eight pieces: a longer run is a line of dashes, or no word."""
        return tuple(self._tokenizer.encode(word, add_special_tokens=False).ids[:8]) or (self._separator,)


def _end(words: list[Token], lengths: list[int], breaks: list[bool], first: int) -> int:
    """Where the block that begins at `first` ends: after the last sentence or line that fits, if that is half of it."""
    total, at = 0, first
    while at < len(words) and total + lengths[at] + breaks[at] <= MOST:
        total += lengths[at] + breaks[at]
        at += 1
    if at == len(words):
        return at
    whole = (end for end in range(at, (first + at) // 2, -1) if breaks[end] or words[end - 1].text in _STOPS)
    return next(whole, at)
