"""The words of a report that a research copy may contain: known words of radiology.

A mention has the report's wording, and after a wrong extraction this can be a name or a date. Therefore a word is kept
only if it is known, never because it is frequent: the radiologist's name occurs in every report.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from vlmkg.normalization.tables import Table, table
from vlmkg.normalization.words import LITTLE
from vlmkg.reading.lexicon.load import lexicon, misspellings
from vlmkg.vocabulary.loader import load_vocabulary

MASK = "___"
UNITS = "mm cm m millimeter millimeters centimeter centimeters centimetre centimetres inch inches x"
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"

_WORD = re.compile(r"\w+")
_PERSON = re.compile(r"\b[A-Z][a-z]+\b")
_FIGURE = re.compile(r"[0-8]?[0-9]|[0-8]?[0-9](st|nd|rd|th|mm|cm|m)|[ctls][0-9]{1,2}")
"""Sizes, counts, ribs, vertebrae. Not 90 and above, which may be an age. No more digits: years, patient numbers."""
MONTHS = frozenset({"may", "march"})
"""Months that are also words of radiology ("may represent", "march fracture")."""
_DATE = re.compile(
    r"\d\s*[/:]\s*\d|\d+(?:[^\w\s]\s*\d+){2,}|\d+(?:\s+\d+){2,}"
    r"|\b(?:may|march)\b\W*\d|\d(?:st|nd|rd|th)?\W*(?:of\s+)?(?:may|march)\b",
    re.IGNORECASE,
)
"""Days, hours, telephone numbers: two numbers about a slash or colon, three in a row, one beside a month."""


@dataclass(frozen=True, slots=True)
class KnownWords:
    """`words` are single; `phrases` contain a person's name ("Baker cyst") and are kept only as a whole."""

    words: frozenset[str]
    phrases: frozenset[str]

    def mask(self, text: str) -> str:
        """The text in one line, with MASK for each word that is not known."""
        plain = " ".join(text.split())
        if plain.lower() in self.phrases:
            return plain
        dated = _DATE.search(plain) is not None
        return _WORD.sub(lambda found: found[0] if self._known(found[0], dated=dated) else MASK, plain)

    def unknown(self, text: str) -> Iterator[str]:
        """The words of the text, in lower case, that `mask` would not keep."""
        plain = " ".join(text.split())
        if plain.lower() in self.phrases:
            return
        dated = _DATE.search(plain) is not None
        for found in _WORD.finditer(plain):
            if not self._known(found[0], dated=dated):
                yield found[0].lower()

    def _known(self, word: str, *, dated: bool) -> bool:
        lower = word.lower()
        if any(map(str.isdigit, word)):
            return not dated and _FIGURE.fullmatch(lower) is not None
        return lower in self.words and not (dated and lower in MONTHS)


def known_words(reviewed: Iterable[str] = ()) -> KnownWords:
    """The project's own words, and those that a person has reviewed."""
    words, phrases = _shipped()
    return KnownWords(words | {word for text in reviewed for word in _words(text)}, phrases)


@cache
def _shipped() -> tuple[frozenset[str], frozenset[str]]:
    names = [name for concept in load_vocabulary().concepts for name in (concept.name, *concept.synonyms)]
    words = {word for text in _lexicon() for word in _words(text)}
    # A capitalised word in a name of the vocabulary may be a person's name: it is not a word by itself.
    words |= {word for name in names for word in _words(_PERSON.sub(" ", name))}
    phrases = {" ".join(name.lower().split()) for name in names if _PERSON.search(name)}
    return frozenset(words), frozenset(phrases)


def _lexicon() -> Iterator[str]:
    """Every word of the rules' lexicon, without those that the rules only guess by their ending."""
    known = lexicon()
    yield from known.words
    # A single letter of a phrase ("w / o") may be a person's initial: it is not a word by itself.
    parts = (token for choices in known.phrases.values() for tokens, _ in choices for token in tokens)
    yield from (token for token in parts if len(token) > 1 or not token.isalpha())
    yield from known.near_synonyms
    yield from misspellings()
    yield from (*LITTLE, UNITS, ORDINALS)
    yield from (form for row in table(Table.WORDS) for form in row["forms"].split(";"))
    for forms in (known.place_nouns, known.lung_tissues, known.exam_adjectives, known.meanings, known.causes):
        yield from forms
    yield from (*known.fresh, *known.normality)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
