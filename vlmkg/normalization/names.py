"""Find the concept whose name matches most of a phrase.

A name is a set of canonical words. Of the names that contain all words of the head and only words of the phrase, the
longest is chosen: for `effusion` with `small`, `left` and `pleural` around it that is "pleural effusion".
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache

from vlmkg.normalization.words import canonical
from vlmkg.schema import Kind
from vlmkg.vocabulary import Concept, load_vocabulary
from vlmkg.vocabulary.closure import ancestors
from vlmkg.vocabulary.loader import OWN

ANATOMY_ROOT = "RID3"
DESCRIPTOR_ROOT = "RID6"
PLACE_WORD_ROOTS = frozenset({"RID5817", "RID39102", "RID5974"})
"""Location descriptors (left, upper) and similar ones: not anatomy in RadLex, but places in reports."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a concept, as a set of canonical words. Of equal names the one with the lower rank is chosen."""

    words: frozenset[str]
    concept: Concept
    rank: int


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one kind: by exact lower-case text, and by each canonical word, the longest first."""

    exact: dict[str, Concept]
    by_word: dict[str, list[Name]]


@cache
def names(kind: Kind) -> Names:
    """The names that mentions of this kind may refer to."""
    exact: dict[str, tuple[int, Concept]] = {}
    by_word: dict[str, list[Name]] = defaultdict(list)
    for concept in load_vocabulary().concepts:
        rank = _rank(concept, kind)
        if rank is None:
            continue
        for at, text in enumerate((*concept.synonyms, concept.name)):
            # The project's own names take precedence over RadLex names for other contexts.
            place = rank * 2 + int(at == len(concept.synonyms) and concept.system != OWN)
            if text.lower() not in exact or exact[text.lower()][0] > place:
                exact[text.lower()] = (place, concept)
            words = frozenset(canonical(text))
            for word in words:
                by_word[word].append(Name(words, concept, place))
    for found in by_word.values():
        found.sort(key=lambda name: (-len(name.words), name.rank, name.concept.code))
    return Names({text: concept for text, (_, concept) in exact.items()}, dict(by_word))


def longest(kind: Kind, head: frozenset[str], around: frozenset[str]) -> Name | None:
    """The longest name that contains `head` and otherwise only words of `around`."""
    return _longest(kind, head, head | around) if head else None


@lru_cache(maxsize=65536)
def _longest(kind: Kind, head: frozenset[str], available: frozenset[str]) -> Name | None:
    candidates = names(kind).by_word.get(min(head), ())
    return next((name for name in candidates if head <= name.words <= available), None)


def is_anatomy(code: str) -> bool:
    """Whether a concept is anatomy, not only a location descriptor (left, upper)."""
    return code == ANATOMY_ROOT or ANATOMY_ROOT in ancestors(code)


def is_descriptor(code: str) -> bool:
    """Whether a concept is a descriptor (small, acute) in RadLex."""
    return DESCRIPTOR_ROOT in ancestors(code)


def _rank(concept: Concept, kind: Kind) -> int | None:
    """The rank of a concept for this kind, more likely ones first; None if the kind can't refer to it."""
    above = ancestors(concept.code)
    anatomy = is_anatomy(concept.code)
    if kind is Kind.ANATOMY:
        if anatomy:
            return 0
        return 1 if above & PLACE_WORD_ROOTS or concept.code in PLACE_WORD_ROOTS else None
    if anatomy:
        return None
    return 1 if DESCRIPTOR_ROOT in above else 0
