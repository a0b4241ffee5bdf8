"""Canonical words for comparing names: lower case, one word for all forms, singular, without function words."""

import re
from functools import cache, lru_cache

from vlmkg.normalization.tables import Table, table
from vlmkg.reading.lexicon.spelling import right_spelling

LITTLE = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "for",
        "from",
        "in",
        "into",
        "is",
        "its",
        "of",
        "on",
        "or",
        "per",
        "the",
        "to",
        "with",
    }
)
_TOKEN = re.compile(r"\w+")
_LONGEST_FORM = 2


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Canonical words by surface form."""
    found: dict[str, tuple[str, ...]] = {}
    for row in table(Table.WORDS):
        canonical = tuple(row["canonical"].split())
        found |= dict.fromkeys(row["forms"].split(";"), canonical)
    return found


def singular(word: str) -> str:
    """The singular of a regular English plural; other words as they are."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def _tokens(text: str) -> list[str]:
    return [right_spelling(token) for token in _TOKEN.findall(text.lower())]


@lru_cache(maxsize=65536)
def canonical(text: str) -> tuple[str, ...]:
    """The canonical words of a phrase, in order, without function words."""
    tokens = _tokens(text)
    forms, found, at = _forms(), [], 0
    while at < len(tokens):
        for length in range(min(_LONGEST_FORM, len(tokens) - at), 0, -1):
            words = forms.get(" ".join(tokens[at : at + length]))
            if words is not None:
                break
        else:
            length, words = 1, (singular(tokens[at]),)
        found += [word for word in words if word not in LITTLE]
        at += length
    return tuple(found)


@lru_cache(maxsize=65536)
def lemma(text: str) -> str:
    """The code of a local phrase: lower-case singular words, separated by single spaces."""
    return " ".join(singular(token) for token in _tokens(text)) or text.strip().lower()


@lru_cache(maxsize=65536)
def is_plural(text: str) -> bool:
    """Whether the phrase's last word is a plural."""
    tokens = _TOKEN.findall(text.lower())
    return bool(tokens) and (tokens[-1] in IRREGULAR_PLURALS or singular(tokens[-1]) != tokens[-1])


IRREGULAR_PLURALS = frozenset(
    {"bases", "apices", "hila", "hili", "vertebrae", "pleurae", "bronchi", "scapulae", "humeri"}
)
