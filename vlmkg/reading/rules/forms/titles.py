"""Titles of forms: what stands before an answer, a code or a box."""

import re

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.spelling import right_spelling
from vlmkg.reading.lexicon.words import OBSERVATION_ADJECTIVES, OBSERVATION_NOUNS, Word

LONGEST_TITLE = 80
_SHORTEST_UNKNOWN = 5


def names_state(title: str) -> bool:
    """Whether the title's last word says how something is: "Heart enlarged"."""
    words = re.findall(r"[A-Za-z]+", title)
    return bool(words) and lexicon().words.get(right_spelling(words[-1].lower())) in OBSERVATION_ADJECTIVES


def names_finding(title: str) -> bool:
    """Whether the title's last word names a finding or a device, so that "0" can be its answer."""
    words = re.findall(r"[A-Za-z]+", title)
    if not words:
        return False
    word = right_spelling(words[-1].lower())
    kind = lexicon().words.get(word) or guess(word)
    return kind in OBSERVATION_NOUNS or (
        kind is Word.OTHER and len(word) >= _SHORTEST_UNKNOWN and word not in lexicon().plain
    )
