"""Which language a text is in: English is read, everything else is set aside.

Words alone settle almost all texts: English reports consist of words that the lexicon or a short list of common ones
holds. Only where half of the words are strange, or one denies in another language, py3langid is asked (Lui and Baldwin,
"langid.py: An Off-the-shelf Language Identification Tool", 2012). It needs no network.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon, misspellings, tsv_rows
from vlmkg.reading.lexicon.words import Word
from vlmkg.report_parts import READ, Part, Stretch

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = "en"
_WORD = re.compile(r"\b[^\W\d_]+(?:'[^\W\d_]+)?\b")
_BEYOND_LATIN = re.compile(r"[\u0370-\u1dff\u2e80-\uffef]")
_HOLE = re.compile(r"x+", re.IGNORECASE)
_FAMILIAR = 0.5
"""A text with this share of familiar words is English whatever the library says of its names."""
_FEWEST_STRANGE = 3
"""Strange words that make a text worth asking about: a name and a misspelling do not."""
_LONGEST_ASKED = 4000
_SCRIPT_SHARE = 0.3
_LONGEST_ABBREVIATION = 5
_SURELY_FAMILIAR = 0.65
_BLOCK_END = re.compile(r"\n[ \t\r]*(?=\n)|(?<=[.!?:\u3002\uff01\uff1f])[ \t\r]*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
_KEPT_PIECES = 16_384
_LONGEST_KEPT = 60


Strange = dict[str, tuple[str, ...]]
"""The strange words of each piece between blanks that has any."""


class _Oddities(NamedTuple):
    """How many words of a text are strange, how many of these deny, and how many letters belong to another script."""

    strange: int
    denials: int
    beyond_latin: int


class _Count(NamedTuple):
    familiar: int
    strange: int
    denials: int
    beyond_latin: int


def language_of(text: str) -> str:
    """The ISO 639-1 code of a text's language; `en` if nothing speaks against English."""
    odd = _oddities(text, _strange_pieces(text))
    if not _raises_doubt(odd) or not _is_doubtful(_count(text, odd)):
        return ENGLISH
    return _ask(text[:_LONGEST_ASKED])


def set_foreign_aside(text: str, stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches; those parts of the read ones that are not English are set aside.

    In a report that is not English only paragraphs that are surely English stay; in an English report single paragraphs
    are set aside.
    """
    read = [text[one.start : one.end] for one in stretches if one.part in READ]
    strange = _strange_pieces(" ".join(read))
    if not strange and all(map(str.isascii, read)):
        return list(stretches)
    odd = [_oddities(words, strange) for words in read]
    total = _Oddities(*map(sum, zip(*odd, strict=True)))
    if not _raises_doubt(total):
        return list(stretches)
    whole = _Count(sum(len(_WORD.findall(words)) for words in read) - total.strange, *total)
    foreign = _is_doubtful(whole) and _ask(" ".join(read)) != ENGLISH
    return [part for one in stretches for part in (_parts(text, one, strange, foreign) if one.part in READ else [one])]


def _parts(text: str, stretch: Stretch, strange: Strange, foreign: bool) -> Iterator[Stretch]:
    """The stretch, cut only where English and another language meet."""
    if not foreign and _is_english_throughout(text[stretch.start : stretch.end], strange):
        yield stretch
        return
    held: Stretch | None = None
    for start, end in _cut(text, stretch.start, stretch.end, _BLOCK_END):
        block = text[start:end]
        odd = _oddities(block, strange)
        whole = not odd.beyond_latin and (foreign or not odd.denials)
        for first, last in ((start, end),) if whole else _cut(text, start, end, _SENTENCE_END):
            words = text[first:last]
            aside = _is_foreign(words, odd if whole else _oddities(words, strange), foreign)
            one = Stretch(first, last, Part.LANGUAGE if aside else stretch.part)
            if held and (held.part is one.part or not words.strip()):
                held = held._replace(end=last)
                continue
            if held:
                yield held
            held = one
    if held:
        yield held


def _is_foreign(words: str, odd: _Oddities, foreign: bool) -> bool:
    """Whether a block or sentence is set aside; `foreign`: so is the report as a whole."""
    if not foreign and not _raises_doubt(odd):
        return False
    count = _count(words, odd)
    doubted = foreign or (_is_doubtful(count) and _ask(words[:_LONGEST_ASKED]) != ENGLISH)
    return doubted and not _is_surely_english(count)


def _cut(text: str, start: int, end: int, ends: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    for found in ends.finditer(text, start, end):
        yield start, found.end()
        start = found.end()
    yield start, end


def _is_english_throughout(text: str, strange: Strange) -> bool:
    """Whether no part of the text, however it is cut, has enough unfamiliar words to put its language in doubt."""
    words = _strange_words(text, strange)
    return text.isascii() and len(words) < _FEWEST_STRANGE and not any(one.lower() in _denials() for one in words)


def _is_surely_english(count: _Count) -> bool:
    words = count.familiar + count.strange
    return count.familiar >= _FEWEST_STRANGE and count.familiar >= words * _SURELY_FAMILIAR and not count.denials


def _raises_doubt(odd: _Oddities) -> bool:
    """Whether words must be counted to tell the language: most texts have too little that is odd."""
    return odd.strange >= _FEWEST_STRANGE or odd.denials > 0 or odd.beyond_latin > 0


def _is_doubtful(count: _Count) -> bool:
    words = count.familiar + count.strange
    if count.denials:
        return count.familiar <= words * (1 - _FAMILIAR / 2)
    if count.beyond_latin:
        return count.beyond_latin >= words * _SCRIPT_SHARE
    return count.strange >= _FEWEST_STRANGE and count.familiar < words * _FAMILIAR


def _count(text: str, odd: _Oddities) -> _Count:
    return _Count(len(_WORD.findall(text)) - odd.strange, *odd)


def _oddities(text: str, strange: Strange) -> _Oddities:
    beyond = 0 if text.isascii() else len(_BEYOND_LATIN.findall(text))
    words = [word for word in _strange_words(text, strange) if len(word) > 1]
    if all(word.istitle() and word.lower() not in _denials() for word in words):
        # None, or names of people and places.
        return _Oddities(0, 0, beyond)
    return _Oddities(len(words), sum(word.lower() in _denials() for word in words), beyond)


def _strange_pieces(text: str) -> Strange:
    """The pieces between blanks that hold words which are neither familiar in either case nor a code."""
    odd = set(text.split()).difference(_familiar_pieces())
    return {piece: words for piece in odd if (words := _strange_in(piece))}


def _strange_words(text: str, strange: Strange) -> list[str]:
    """The strange words of a part of the text that has these strange pieces, each as often as it stands there."""
    return [word for piece in text.split() if piece in strange for word in strange[piece]] if strange else []


@cache
def _familiar_pieces() -> frozenset[str]:
    """The familiar words, also with the stops that stand right after a word."""
    return frozenset(word + stop for word in _familiar() for stop in ("", ".", ","))


def _strange_in(piece: str) -> tuple[str, ...]:
    return _strange_kept(piece) if len(piece) <= _LONGEST_KEPT else _strange_of(piece)


def _strange_of(piece: str) -> tuple[str, ...]:
    """The unfamiliar words in one whitespace-delimited token."""
    known = _familiar()
    return tuple(
        word
        for word in _WORD.findall(piece)
        if word not in known and (lower := word.lower()) not in known and not _is_code(word, lower)
    )


_strange_kept = lru_cache(maxsize=_KEPT_PIECES)(_strange_of)


@cache
def _familiar() -> frozenset[str]:
    known = lexicon()
    phrases = {token for rows in known.phrases.values() for phrase, _ in rows for token in phrase}
    return frozenset({*known.words, *phrases, *misspellings(), *_listed("english")})


@cache
def _denials() -> frozenset[str]:
    return _listed("denial")


def _listed(kind: str) -> frozenset[str]:
    return frozenset(word for name, words in tsv_rows("languages") if name == kind for word in words.split(";"))


def _is_code(word: str, lower: str) -> bool:
    """A hole, an abbreviation in capitals that denies in no language, or a word that looks medical by its ending."""
    short = len(word) <= _LONGEST_ABBREVIATION and word.isupper() and lower not in _denials()
    return short or bool(_HOLE.fullmatch(lower)) or (word.isascii() and guess(lower) is not Word.OTHER)


def _ask(text: str) -> str:
    code, _ = _identifier().classify(text)
    return str(code).partition("-")[0]


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - a second of work, for foreign texts alone

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
