"""Pieces of a text that are read as other words: a tick as "yes", a dotted leader as a colon, "comma" as a comma."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from vlmkg.reading.tokens import Token, tokenize

BREAK = ";"
"""Ends a sentence, whatever stands around it."""


class Rewrite(NamedTuple):
    """`text[start:end]` is read as `said`, plain words with a blank between; nothing where it is empty.

    `aside`: the piece states nothing, and is set aside: a choice that nobody made, a box that nobody ticked.
    """

    start: int
    end: int
    said: str
    aside: bool = False


def rewritten_tokens(text: str, start: int, end: int, rewrites: Iterable[Rewrite]) -> list[Token]:
    """The tokens of `text[start:end]` with the rewrites in it, which are in order and do not overlap.

    Tokens that a rewrite puts in have no width: no mention can stand on them.
    """
    tokens: list[Token] = []
    at = start
    for one in rewrites:
        tokens += tokenize(text, at, one.start)
        tokens += [Token(one.end, one.end, word, word) for word in one.said.split()]
        at = one.end
    return tokens + tokenize(text, at, end)


def without_overlaps(found: Iterable[Rewrite]) -> list[Rewrite]:
    """The rewrites in the order of the text; of two that overlap, the one that was found first."""
    kept: list[Rewrite] = []
    for one in found:
        at = bisect_left(kept, (one.start, one.end))
        if (at == 0 or kept[at - 1].end <= one.start) and (at == len(kept) or one.end <= kept[at].start):
            kept.insert(at, one)
    return kept


def line_bounds(text: str, at: int) -> tuple[int, int]:
    """Start and end of the line that holds position `at`."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


def spans(pattern: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the pattern stands in `text[start:end]`."""
    return [match.span() for match in pattern.finditer(text, start, end)]
