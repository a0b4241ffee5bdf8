"""The lexicon's data files, read once: words and phrases by class."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.tokens import tokenize

Phrases = dict[str, list[tuple[tuple[str, ...], Word]]]

_NOUN_FILES = {
    "observation/finding": Word.FINDING,
    "observation/device": Word.DEVICE,
    "observation/process": Word.PROCESS,
    "anatomy/organ": Word.ORGAN,
    "anatomy/dimension": Word.DIMENSION,
    "anatomy/part": Word.PART,
}
_OTHER_FILES = {
    "anatomy/spans": Word.ORGAN,
    "anatomy/side": Word.SIDE,
    "anatomy/position": Word.POSITION,
    "anatomy/place": Word.PLACE,
    "anatomy/tissue": Word.TISSUE,
    "observation/finding_spans": Word.FINDING,
    "observation/device_spans": Word.DEVICE,
    "observation/descriptor_spans": Word.DESCRIPTOR,
    "observation/change": Word.CHANGE,
    "observation/degree": Word.DEGREE,
    "observation/number": Word.NUMBER,
    "observation/descriptor": Word.DESCRIPTOR,
}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` holds single tokens, `phrases` longer ones by their first token, the longest first. All lower case."""

    words: dict[str, Word]
    phrases: Phrases
    near_synonyms: dict[str, int]
    place_nouns: frozenset[str]
    lung_tissues: frozenset[str]
    exam_adjectives: frozenset[str]
    plain: frozenset[str]
    attributes: frozenset[str]
    meanings: frozenset[str]
    shadows: frozenset[str]
    causes: frozenset[str]
    fresh: frozenset[str]
    normality: frozenset[str]
    complete: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon."""
    words: dict[str, Word] = {}
    phrases: Phrases = {}
    for name, word in _entries():
        tokens = tuple(token.lower for token in tokenize(name))
        if len(tokens) == 1:
            words.setdefault(tokens[0], word)
        else:
            phrases.setdefault(tokens[0], []).append((tokens, word))
    for choices in phrases.values():
        choices.sort(key=lambda choice: -len(choice[0]))
    groups = enumerate(_lines("observation/near_synonyms"))
    synonyms = {form: number for number, line in groups for name in _names(line) for form in (name, *plurals(name))}
    return Lexicon(
        words,
        phrases,
        synonyms,
        place_nouns=_forms("anatomy/place_nouns"),
        lung_tissues=_forms("anatomy/lung_tissues"),
        exam_adjectives=frozenset(name for line in _lines("function/exam_adjectives") for name in _names(line)),
        plain=frozenset(name for line in _lines("function/plain") for name in _names(line)),
        attributes=_forms("observation/attributes"),
        meanings=_forms("observation/meanings"),
        shadows=_forms("observation/shadows"),
        causes=_forms("observation/causes"),
        fresh=_forms("observation/fresh"),
        normality=_forms("observation/normality"),
        complete=_forms("observation/complete"),
    )


def plurals(noun: str) -> tuple[str, ...]:
    """The regular plurals of an English or Latin noun: what a report may write, right or wrong."""
    if noun.endswith("sis"):
        return (noun[:-2] + "es",)
    if noun.endswith(("s", "x", "ch", "sh")):
        return (noun + "es",)
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return (noun[:-1] + "ies",)
    if noun.endswith("ma"):
        return (noun + "s", noun + "ta")
    if noun.endswith("um"):
        return (noun + "s", noun[:-2] + "a")
    return (noun + "s",)


def tsv_rows(name: str) -> list[list[str]]:
    """The rows of one table of the lexicon, without its comments."""
    raw = (files("vlmkg.reading.lexicon") / f"{name}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in raw.splitlines() if line.strip() and not line.startswith("#")]


@cache
def misspellings() -> dict[str, str]:
    """The right word by its misspelling, both lower case."""
    return {wrong: right for right, wrongs in tsv_rows("misspellings") for wrong in wrongs.split(";")}


@cache
def plain_words() -> frozenset[str]:
    """English words, lower case, that look like a misspelt word of the lexicon and are none."""
    return frozenset(name for line in _lines("function/plain_words") for name in _names(line))


def _entries() -> Iterator[tuple[str, Word]]:
    """(term, class), the first of two equal terms wins: plain forms before plurals, cues before plurals."""
    for path, word in _OTHER_FILES.items():
        yield from ((name, word) for line in _lines(path) for name in _names(line))
    nouns = [(name, word) for path, word in _NOUN_FILES.items() for line in _lines(path) for name in _names(line)]
    yield from nouns
    yield from _cues()
    yield from ((plural, word) for name, word in nouns for plural in plurals(name))


def _forms(path: str) -> frozenset[str]:
    """The words of a file with their plurals."""
    names = [name for line in _lines(path) for name in _names(line)]
    return frozenset([*names, *(plural for name in names for plural in plurals(name))])


def _cues() -> Iterator[tuple[str, Word]]:
    role = Word.OTHER
    for line in [*_lines("function/cues"), *_lines("function/shorthand")]:
        if line.startswith("["):
            role = Word[line.strip("[]")]
        else:
            yield from ((form, role) for name in _names(line) for form in (name, *_contracted(name)))


def _contracted(cue: str) -> Iterator[str]:
    """ "Cannot be judged" as "can not", "can't" and "could not be judged"."""
    if cue.startswith("cannot "):
        rest = cue.removeprefix("cannot ")
        yield from (f"{verb} {rest}" for verb in ("can not", "can't", "cant", "could not", "couldn't", "couldnt"))


def _names(line: str) -> list[str]:
    return [name.strip().lower() for name in line.split(",") if name.strip()]


def _lines(path: str) -> list[str]:
    raw = _file(path).read_text(encoding="utf-8")
    return [line for line in raw.splitlines() if line.strip() and not line.startswith("#")]


def _file(path: str) -> Traversable:
    folder, name = path.split("/")
    return files("vlmkg.reading.lexicon") / folder / f"{name}.txt"
