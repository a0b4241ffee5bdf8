"""The class of a word that the lexicon lacks: by its adverb form, its prefix before a known word, its ending."""

from functools import cache, lru_cache

from vlmkg.reading.lexicon.load import lexicon, tsv_rows
from vlmkg.reading.lexicon.words import ANATOMY, OBSERVATION_ADJECTIVES, OBSERVATION_NOUNS, Word

_PLACE_PREFIXES = (
    "peri", "para", "sub", "infra", "supra", "retro", "inter", "intra", "trans", "juxta", "pre", "extra", "post", "mid",
    "hemi", "endo", "epi", "bi", "antero", "postero", "supero", "infero", "latero", "medio",
)  # fmt: skip
_FINDING_PREFIXES = (
    "non", "un", "hyper", "hypo", "micro", "macro", "multi", "pseudo", "poly", "over", "under", "post", "semi",
    "hydro", "pneumo", "hemo", "fibro", "broncho", "osteo", "mal", "sub", "bi", "tri",
)  # fmt: skip
_ENDING_MARGIN = 3
_LONGEST_WORD = 40


@cache
def _endings() -> tuple[tuple[int, dict[str, Word]], ...]:
    """The classes of endings by their length, the longest first."""
    rows = [(ending, Word[name]) for ending, name in tsv_rows("suffixes")]
    lengths = sorted({len(ending) for ending, _ in rows}, reverse=True)
    # Of two equal endings the first counts.
    return tuple((size, {ending: word for ending, word in reversed(rows) if len(ending) == size}) for size in lengths)


@lru_cache(maxsize=8192)
def guess(word: str) -> Word:
    """The class of an unknown lower-case word; OTHER if nothing suggests a medical word."""
    if len(word) > _LONGEST_WORD or not word.isalpha():
        return Word.OTHER
    return _by_adverb(word) or _by_prefix(word) or _by_ending(word) or Word.OTHER


def _by_adverb(word: str) -> Word | None:
    """ "Mildly" is the degree of "mild", "posteriorly" the place of "posterior"."""
    if not word.endswith("ly"):
        return None
    stem = word[:-2]
    roots = [stem, stem + "e", stem[:-1] + "y" if stem.endswith("i") else stem + "le"]
    roots += [stem[:-2]] if stem.endswith("al") else []
    for root in roots:
        word_class = lexicon().words.get(root)
        if word_class in ANATOMY:
            return word_class
        if word_class in {Word.DESCRIPTOR, Word.CHANGE}:
            return Word.DEGREE
    return None


def _by_prefix(word: str) -> Word | None:
    words = lexicon().words
    for prefix in _PLACE_PREFIXES:
        if word.startswith(prefix) and (found := words.get(word[len(prefix) :])) in ANATOMY and found is not None:
            return Word.PLACE if prefix not in {"hemi", "mid"} else found
    for prefix in _FINDING_PREFIXES:
        found = words.get(word[len(prefix) :]) if word.startswith(prefix) else None
        if found in OBSERVATION_NOUNS or found in OBSERVATION_ADJECTIVES:
            return found
    return None


def _by_ending(word: str) -> Word | None:
    for size, classes in _endings():
        if len(word) >= size + _ENDING_MARGIN and (found := classes.get(word[-size:])):
            return found
    return None
