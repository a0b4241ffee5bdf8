"""Find the concept whose name matches most of a phrase.

A name is a set of canonical words. Of the names that contain all words of the head and only words of the phrase, the
longest is chosen: for `effusion` with `small`, `left` and `pleural` around it that is "pleural effusion".
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from vlmkg.normalization.tables import Table, table
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
    """All names of one kind, by exact lower-case text and by each canonical word.

    Those of a word are groups of one length each: (number of words, names), the longest first.
    """

    exact: dict[str, Concept]
    by_word: dict[str, tuple[tuple[int, tuple[Name, ...]], ...]]


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
            name = Name(frozenset(canonical(text)), concept, place)
            for word in name.words:
                by_word[word].append(name)
    return Names(
        {text: concept for text, (_, concept) in exact.items()},
        {word: tuple(_groups(found)) for word, found in by_word.items()},
    )


def _groups(found: list[Name]) -> Iterator[tuple[int, tuple[Name, ...]]]:
    """The names by their number of words, the longest first, the lower ranks first in each group."""
    found.sort(key=lambda name: (-len(name.words), name.rank, name.concept.code))
    for length, group in groupby(found, lambda name: len(name.words)):
        yield length, tuple(group)


def longest(kind: Kind, head: frozenset[str], around: frozenset[str], *, chest: bool = True) -> Name | None:
    """The longest name that holds `head` and otherwise only words of `around`.

    `chest`: the exam is one of the chest. In others a concept of the chest needs a word that names it: "lobe nodule" is
    not a pulmonary nodule in a thyroid.
    """
    if not head:
        return None
    available = head | around
    most = len(available)
    for length, candidates in names(kind).by_word.get(min(head), ()):
        if length > most:
            continue
        for name in candidates:
            if head <= name.words <= available and (chest or says_part(name)):
                return name
    return None


def says_part(name: Name) -> bool:
    """Whether a name says by its own words of which part its concept is, where that is one of the chest."""
    return not names_part(name.concept.code) or tells_part(name.words)


def tells_part(words: frozenset[str]) -> bool:
    """Whether one of these canonical words names a part of the chest, or a finding that only occurs there."""
    return not words.isdisjoint(part_words("part") | part_words("finding"))


@cache
def names_part(code: str) -> bool:
    """Whether a concept's own name is one of the chest's: "pulmonary edema", "pneumothorax"; not "edema"."""
    return tells_part(name_words(code))


@cache
def name_words(code: str) -> frozenset[str]:
    """The canonical words of a concept's own name; none for a code that the vocabulary lacks."""
    return frozenset(canonical(_own_names().get(code, "")))


@cache
def part_words(kind: str) -> frozenset[str]:
    """The canonical words of one kind: those that name a part of the chest, its findings, or parts far from it."""
    return frozenset(
        word for row in table(Table.NAMED_PARTS) if row["kind"] == kind for word in row["words"].split(";")
    )


@cache
def _own_names() -> dict[str, str]:
    return {concept.code: concept.name for concept in load_vocabulary().concepts}


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
