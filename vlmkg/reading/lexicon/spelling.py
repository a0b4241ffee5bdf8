"""The correct spelling of a misspelt or British word: "infilterate", "enlagred", "oesophageal", "calibre".

A word is corrected if one rule, or one typing error, leads to exactly one word of the lexicon, and if it is not another
English word (`plain_words.txt`).
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon, misspellings, plain_words
from vlmkg.reading.lexicon.words import CONTENT, Word

_SHORTEST = 7
_SHORTEST_SWAPPED = 5
_SHORTEST_TWO_SLIPS = 9
_SHORTEST_BRITISH = 5
_LONGEST = 25
_VOWELS = frozenset("aeiouy")
_DENIES_OR_DOUBTS = frozenset(
    {Word.NEGATION, Word.NOT, Word.GONE, Word.HEDGE, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.REPORT, Word.EXCLUDE}
)
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BRITISH = (
    ("ae", "e"), ("oe", "e"), ("our", "or"), ("isation", "ization"), ("ised", "ized"), ("ising", "izing"),
    ("ise", "ize"), ("yse", "yze"), ("ogue", "og"), ("tre", "ter"), ("lled", "led"), ("lling", "ling"),
    ("graph", "gram"), ("coele", "cele"), ("sulph", "sulf"), ("mould", "mold"),
)  # fmt: skip


@lru_cache(maxsize=65536)
def right_spelling(word: str) -> str:
    """The lexicon's word that a lower-case token stands for; the token itself where none does."""
    known = lexicon()
    if word in known.words:
        return word
    listed = misspellings().get(word)
    if listed is not None:
        return listed
    if word in _in_phrases():
        return word
    if not word.isalpha() or not _SHORTEST_BRITISH <= len(word) <= _LONGEST:
        return word
    american = next((form for form in _american(word) if form in known.words), None)
    return american or _mended_where_safe(word) or word


def _mended_where_safe(word: str) -> str | None:
    """The mended word; none where the word is English, or one of its own kind."""
    if word in plain_words():
        return None
    if len(word) < _SHORTEST:
        return _swapped(word)
    guessed, right = guess(word), _mended(word)
    # "Brochiectasis" ends as a finding does; "pseudonodule" is a word of its own.
    return right if right is not None and guessed in {Word.OTHER, lexicon().words[right]} else None


@cache
def _in_phrases() -> frozenset[str]:
    """Every token of a phrase of the lexicon: "wedge - shaped" has "shaped"."""
    return frozenset(token for rows in lexicon().phrases.values() for tokens, _ in rows for token in tokens)


def _american(word: str) -> Iterator[str]:
    """The word by each rule of spelling, and by two of them: "oedematous", "visualised", "haemorrhagic oedema"."""
    once = [word.replace(british, american) for british, american in _BRITISH if british in word]
    yield from once
    for form in once:
        yield from (form.replace(british, american) for british, american in _BRITISH if british in form)


def _mended(word: str) -> str | None:
    """The one lexicon word a slip away, else two slips away."""
    near = {right for key in _shorter(word) for right in _by_shorter().get(key, ()) if right[0] == word[0]}
    once = [right for right in near if _is_one_slip(word, right)]
    if once:
        return min(once, key=lambda right: (abs(len(right) - len(word)), right)) if _same_stem(once) else None
    if len(word) < _SHORTEST_TWO_SLIPS:
        return None
    twice = [right for right in near if len(right) >= _SHORTEST_TWO_SLIPS and _is_two_slips(word, right)]
    return min(twice) if _same_stem(twice) else None


def _swapped(word: str) -> str | None:
    """The lexicon's word of which two inner letters were swapped: "sahdow", "ndoule"."""
    if len(word) < _SHORTEST_SWAPPED or guess(word) is not Word.OTHER:
        return None
    forms = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)} - {word}
    found = [form for form in forms if lexicon().words.get(form) in CONTENT]
    return found[0] if len(found) == 1 else None


def _same_stem(words: list[str]) -> bool:
    """Whether the words are forms of one: "opacity", "opacities"."""
    return bool(words) and all(one[:5] == words[0][:5] for one in words)


@cache
def _by_shorter() -> dict[str, tuple[str, ...]]:
    """The words that are worth mending, by themselves and by what is left of them without one letter."""
    words = [
        word
        for word, kind in lexicon().words.items()
        if (kind in CONTENT or kind in _DENIES_OR_DOUBTS) and word.isalpha() and len(word) >= _SHORTEST - 1
    ]
    table: dict[str, list[str]] = defaultdict(list)
    for word in words:
        for key in _shorter(word):
            table[key].append(word)
    # Tuples of strings, unlike lists, are not visited by the garbage collector.
    return {key: tuple(right) for key, right in table.items()}


def _shorter(word: str) -> set[str]:
    return {word, *[word[:at] + word[at + 1 :] for at in range(len(word))]}


def _is_one_slip(wrong: str, right: str) -> bool:
    """A letter left out, doubled or put in, two letters swapped, a vowel for a vowel, or a key beside the right one."""
    if len(wrong) == len(right):
        apart = [at for at in range(len(wrong)) if wrong[at] != right[at]]
        if len(apart) == 1:
            return _confused(wrong[apart[0]], right[apart[0]])
        swapped = len(apart) == 2 and apart[1] - apart[0] == 1
        return swapped and wrong[apart[0]] == right[apart[1]] and wrong[apart[1]] == right[apart[0]]
    longer, shorter = (wrong, right) if len(wrong) > len(right) else (right, wrong)
    return len(longer) - len(shorter) == 1 and shorter in _shorter(longer)


def _is_two_slips(wrong: str, right: str) -> bool:
    """Whether a word one slip from the wrong one is one slip from the right one; both share a form without a letter."""
    return any(_is_one_slip(form, right) for form in _slips(wrong))


def _slips(word: str) -> Iterator[str]:
    """The word with one letter less, or with two neighbours swapped, or one letter doubled."""
    yield from _shorter(word)
    yield from (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    yield from (word[:at] + word[at] + word[at:] for at in range(len(word)))


def _confused(one: str, other: str) -> bool:
    return (one in _VOWELS and other in _VOWELS) or other in _beside()[one]


@cache
def _beside() -> dict[str, frozenset[str]]:
    """The letters beside each letter of a keyboard, in its row."""
    found: dict[str, set[str]] = {letter: set() for row in _ROWS for letter in row}
    for row in _ROWS:
        for one, two in pairwise(row):
            found[one].add(two)
            found[two].add(one)
    return {letter: frozenset(near) for letter, near in found.items()}
