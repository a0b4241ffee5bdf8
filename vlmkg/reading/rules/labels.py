"""Tokens to units: each word or phrase with what it does in the sentence."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.spelling import right_spelling
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, OBSERVATION_ADJECTIVES, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.sides import may_be_side, side_letter
from vlmkg.reading.rules.unknown import is_open_word, is_unknown_finding
from vlmkg.schema import Presence

_LENGTHS = frozenset(
    {"cm", "mm", "centimeter", "centimeters", "centimetre", "millimeter", "millimeters", "inch", "inches"}
)
_GLUED_LENGTH = re.compile(r"\d{1,4}(?:mm|cm)")
_LEVEL = re.compile(r"[tlcs]\d{1,2}")
_ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)")
_ORDINAL_WORDS = frozenset(
    {"second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"}
)
_DEFINITE = frozenset(
    {"the", "this", "these", "those", "known", "existing", "preexisting", "previously", "formerly", "aforementioned"}
)
_ARTICLES = frozenset({"a", "an", "another"})
_SMALL_WORDS = _DEFINITE | _ARTICLES
_BEFORE_NOUNS = frozenset({Word.NOTHING, Word.REPORT, Word.SUBJECT, Word.DEGREE})
_SHAPES = ((_LEVEL, Word.ORGAN), (re.compile(r"(?:19|20)\d\d"), Word.EXAM))
"""Levels of the spine, and years: a year stands for the exam of that time."""
_WEIGHTINGS = frozenset({"t1", "t2"})
_SIGNALS = frozenset(
    {"weighted", "flair", "signal", "bright", "dark", "hyperintense", "hypointense", "isointense", "intense", "stir"}
    | {"hyperintensity", "hyperintensities", "hypointensity", "images", "sequence", "sequences", "prolongation"}
)
"""Words that make "T2" a way of weighting an MR image, not a vertebra."""
_JOINED_FRONT = frozenset({"non", "re", "x", "semi", "post", "pre", "air", "left", "right", "follow", "mid", "hemi"})
_JOINED_END = frozenset(
    {"sided", "like", "shaped", "ray", "rays", "off", "up", "related", "containing", "filled", "ve"}
)
_HEARD = "know"
_BEFORE_HEARD = frozenset(
    {"is", "are", "was", "were", "and", "or", "but", "with", "there", "show", "shows", "has", "have"}
)
_HEARD_WITH = frozenset({"evidence", "sign", "signs", "definite", "other", "convincing", "radiographic"})
_NUMERALS = frozenset("23456789")
_APOSTROPHES = frozenset({"\u2019", "\u2018", "`", "\u00b4"})
_MARKS = {
    ",": Word.COMMA,
    "(": Word.COMMA,
    ")": Word.COMMA,
    "),": Word.COMMA,
    "):": Word.COLON,
    "/": Word.OR,
    ":": Word.COLON,
    ";": Word.COMMA,
    "--": Word.COLON,
    "___": Word.HOLE,
    **dict.fromkeys(("(?", "/?", ",?", "-?", "/ ?", "?)", "(?)", "(?)."), Word.HEDGE),
}
_LAST_ASKED = frozenset({"?).", "?),"})
_LONGEST_MEASURE = 16
_PURPOSES = frozenset({"screening", "screen", "surveillance", "survey"})
_CONTACTS = frozenset({"contact", "contacts"})
_NO_FINDING_SIGNS = _PURPOSES | {"may"}
_PERHAPS_NO_FINDING = frozenset({Word.HEDGE, Word.FINDING, Word.RECOMMEND})
_ENDED_PURPOSES = tuple((one,) for one in sorted(_PURPOSES))
_MAY_BE = tuple((one,) for one in ("be", "represent", "reflect", "have", "indicate", "suggest", "correspond", "relate"))
_KEPT_FORMS = 65_536
_SIGN = "sign"
_PLAIN_SIGNS = frozenset(
    {"vital", "clinical", "radiological", "radiographic", "warning", "plus", "minus", "telltale", "ct"}
)
_BROKEN_FRONT = frozenset({"non"})
_SHORTEST_GLUED = 6
_DENIED_WORDS = frozenset({"focal", "acute", "active", "significant", "large", "new", "abnormal", "interval"})


@dataclass(slots=True)
class Unit:
    """A word or phrase of a sentence: tokens `first` to `last` inclusive, its class, what the report says of it.

    `presence` counts only for observations. `definite`: "the", "this" or "known" says that it was spoken of before;
    `opens`: it follows an article, so a noun group begins with it.
    """

    first: int
    last: int
    word: Word
    text: str
    presence: Presence = Presence.PRESENT
    definite: bool = False
    opens: bool = False


class _Form(NamedTuple):
    """What a token is, whatever stands around it.

    `text` is its right spelling. `several`: it may begin a phrase, a measure or a broken word. `listed` is its class in
    the lexicon. `glued`: a denial without its space. `alone` is the class of a word that the lexicon lacks; None where
    its neighbours decide. `open`: it may be a word that nobody listed for a finding.
    """

    text: str
    several: bool
    listed: Word | None
    glued: bool
    alone: Word | None
    open: bool


@lru_cache(maxsize=_KEPT_FORMS)
def _form(token: str) -> _Form:
    text = "'" if token in _APOSTROPHES else right_spelling(token)
    known = lexicon()
    several = text in known.phrases or text[0].isdigit() or text in _BROKEN_FRONT
    listed = known.words.get(text)
    glued = listed is None and _glued_denial(text)
    alone = None if listed is not None or glued or text == _HEARD or may_be_side(text) else _unlisted_alone(text)
    return _Form(text, several, listed, glued, alone, text not in _SMALL_WORDS and is_open_word(text))


def label(tokens: tuple[str, ...]) -> list[Unit]:
    """The units of one sentence (lower-case tokens), in order. Words without a role are left out."""
    forms = list(map(_form, tokens))
    tokens = tuple([form.text for form in forms])
    units: list[Unit] = []
    index = 0
    definite = opens = False
    contracted = "'" in tokens
    purposes = not _NO_FINDING_SIGNS.isdisjoint(tokens)
    while index < len(tokens):
        token, several, word, glued, alone, is_open = forms[index]
        verb = _denied_verb(tokens, index) if contracted else None
        if verb is not None:
            # "Isn't" is a verb and its denial.
            units.append(Unit(index, index, verb, token[:-1]))
            units.append(Unit(index + 1, index + 2, Word.NOT, "not"))
            index += 3
            continue
        length = 1
        if several and (found := _several(tokens, index)):
            length, word = found
        if word is None:
            if glued:
                units.append(Unit(index, index, Word.NEGATION, "no"))
                word = lexicon().words[token[2:]]
            word = word or alone or _zero(tokens, index) or side_letter(tokens, index) or _unlisted(tokens, index)
        if word is Word.NOTHING and _ends_name(tokens, index, units):
            # "The Spinnaker sign": a sign with a name of its own.
            units.append(Unit(index - 1, index, Word.FINDING, token, definite=definite, opens=definite or opens))
            index += 1
            continue
        if purposes and word in _PERHAPS_NO_FINDING and _names_no_finding(tokens, index, length):
            # "On 3 May", "tuberculosis screening: ...".
            index += length
            continue
        if word is Word.OTHER and is_open and _is_finding_here(tokens, index, units):
            word = Word.FINDING
        if word is Word.OTHER and token in _LAST_ASKED and not _doubts_bracket(units):
            # The last of "(oedema? drug reaction?).".
            word = Word.HEDGE
        if word is not Word.OTHER:
            text = token if length == 1 else " ".join(tokens[index : index + length])
            units.append(Unit(index, index + length - 1, word, text, definite=definite, opens=definite or opens))
            definite = word in _BEFORE_NOUNS and (definite or text in _DEFINITE)
            opens = False
        elif token in _DEFINITE:
            definite = True
        elif token in _ARTICLES:
            opens = True
        index += length
    return units


def _doubts_bracket(units: list[Unit]) -> bool:
    """Put the doubt of "(scar/tumour?)." where its bracket opens. Returns whether there is one."""
    bracket = next((unit for unit in reversed(units) if unit.text == "("), None)
    if bracket is not None:
        bracket.word = Word.HEDGE
    return bracket is not None


def _names_no_finding(tokens: tuple[str, ...], index: int, length: int) -> bool:
    """Whether a word that may doubt or be found is the name of a month, or of what an exam is made for."""
    word = tokens[index]
    if word == "may":
        dated = index > 0 and (tokens[index - 1].isdigit() or _ORDINAL.fullmatch(tokens[index - 1]) is not None)
        dated = dated or (index + 1 < len(tokens) and _ORDINAL.fullmatch(tokens[index + 1]) is not None)
        return dated and tokens[index + 1 : index + 2] not in _MAY_BE
    after = tokens[index + length : index + length + 2]
    if word == "surveillance":
        return after[:1] == (":",)
    return after[:1] != () and (after[0] in _PURPOSES or (after[0] in _CONTACTS and after[1:2] in _ENDED_PURPOSES))


def _ends_name(tokens: tuple[str, ...], index: int, units: list[Unit]) -> bool:
    """Whether a word that nobody listed stands before "sign", and no "of" after it."""
    name = tokens[index - 1] if index else ""
    free = tokens[index] == _SIGN and (not units or units[-1].last < index - 1)
    return free and name.isalpha() and tokens[index + 1 : index + 2] != ("of",) and not _is_plain(name)


def _is_plain(token: str) -> bool:
    return token in _SMALL_WORDS or token in lexicon().plain or token in _PLAIN_SIGNS


def _denied_verb(tokens: tuple[str, ...], index: int) -> Word | None:
    """The verb of "isn't", "hasn't", which the lexicon has without its denial; "don't" is a phrase of the lexicon."""
    if tokens[index + 1 : index + 3] != ("'", "t") or not tokens[index].endswith("n"):
        return None
    verb = lexicon().words.get(tokens[index][:-1])
    return verb if verb in {Word.COPULA, Word.SHOW} else None


@cache
def _phrases_of_two() -> dict[tuple[str, ...], list[tuple[tuple[str, ...], Word]]]:
    """The phrases of the lexicon by their first two tokens, the longest first."""
    found: dict[tuple[str, ...], list[tuple[tuple[str, ...], Word]]] = {}
    for rows in lexicon().phrases.values():
        for phrase, word in rows:
            found.setdefault(phrase[:2], []).append((phrase, word))
    return found


def _several(tokens: tuple[str, ...], index: int) -> tuple[int, Word | None] | None:
    """A measure, a phrase of the lexicon or a word broken in two: how many tokens, and what it is."""
    token = tokens[index]
    if token[0].isdigit() and (measure := _measure(tokens, index)):
        return measure
    for phrase, word in _phrases_of_two().get(tokens[index : index + 2], ()):
        if tokens[index : index + len(phrase)] == phrase:
            return len(phrase), word
    return _negated_word(tokens, index) if token in _BROKEN_FRONT else None


def _measure(tokens: tuple[str, ...], index: int) -> tuple[int, Word | None] | None:
    """A length with its unit: "5 mm", "1 . 8 cm", "2 . 1 x 3 cm", "8mm"."""
    token = tokens[index]
    if _GLUED_LENGTH.fullmatch(token):
        return 1, Word.MEASURE
    if not token.isdigit():
        return None
    end = index + 1
    while end < len(tokens) and end - index < _LONGEST_MEASURE:
        if tokens[end] in _LENGTHS:
            return end - index + 1, Word.MEASURE
        if not (tokens[end].isdigit() or tokens[end] in {".", "x", "-", "by", "to"}):
            return None
        end += 1
    return None


def _negated_word(tokens: tuple[str, ...], index: int) -> tuple[int, Word | None] | None:
    """ "Non calcified", "non - displaced": one word broken in two, and no statement of what it denies."""
    end = index + 2 if tokens[index + 1 : index + 2] == ("-",) else index + 1
    word = lexicon().words.get(tokens[end]) if end < len(tokens) else None
    return (end - index + 1, word) if word in OBSERVATION_ADJECTIVES else None


def _glued_denial(token: str) -> bool:
    """ "Noeffusion", "noevidence of": a denial without its space."""
    word = lexicon().words.get(token[2:]) if token.startswith("no") and len(token) >= _SHORTEST_GLUED else None
    return word in OBSERVATION_NOUNS or word in {Word.TISSUE, Word.NOTHING} or token[2:] in _DENIED_WORDS


def _zero(tokens: tuple[str, ...], index: int) -> Word | None:
    """ "0 effusions", "effusion: 0"."""
    counts = tokens[index] == "0" and (index + 1 == len(tokens) or _content_ahead(tokens, index, 1))
    return Word.GONE if counts else None


def _unlisted_alone(token: str) -> Word | None:
    """The class of a token that the lexicon lacks; None if its neighbours decide."""
    if token in _MARKS:
        return _MARKS[token]
    if token.startswith("xxxx"):
        return Word.HOLE
    if token in _WEIGHTINGS:
        return None
    shaped = next((word for pattern, word in _SHAPES if pattern.fullmatch(token)), None)
    if shaped is not None:
        return shaped
    counts = _ORDINAL.fullmatch(token) or token in _ORDINAL_WORDS or token.isdigit()
    return None if counts or token[0] == "#" else guess(token)


def _unlisted(tokens: tuple[str, ...], index: int) -> Word:
    """The class of a token that the lexicon lacks, where its neighbours decide."""
    token = tokens[index]
    if token == _HEARD:
        return Word.NEGATION if _is_heard_no(tokens, index) else Word.OTHER
    if token in _WEIGHTINGS:
        return Word.OTHER if _is_weighting(tokens, index) else Word.ORGAN
    if _ORDINAL.fullmatch(token) or token in _ORDINAL_WORDS:
        return Word.POSITION if _anatomy_ahead(tokens, index, 4) else Word.OTHER
    if token in _NUMERALS:
        return Word.NUMBER if _content_ahead(tokens, index, 1) else Word.OTHER
    return guess(token) if token[0] != "#" else _number_sign(tokens, index)


def _is_heard_no(tokens: tuple[str, ...], index: int) -> bool:
    """ "There is know effusion": the voice recognition took "no" for "know"."""
    free = index == 0 or tokens[index - 1] in _BEFORE_HEARD or not tokens[index - 1].isalnum()
    after = tokens[index + 1 : index + 2]
    return free and after != () and (lexicon().words.get(after[0]) in CONTENT or after[0] in _HEARD_WITH)


def _is_weighting(tokens: tuple[str, ...], index: int) -> bool:
    return tokens[index] in _WEIGHTINGS and not _SIGNALS.isdisjoint(tokens[index + 1 : index + 4])


def _is_finding_here(tokens: tuple[str, ...], index: int, units: list[Unit]) -> bool:
    """Whether a word that the lexicon lacks stands where a finding does, given the units before it."""
    at = len(units) - 1
    while at > 0 and units[at].word is Word.NOTHING and units[at].last + 1 == index:
        at -= 1
    if at < 0:
        return is_unknown_finding(tokens, index, None, denied=False, normal=False)
    word = units[at].word
    listed = word is Word.OR and any(unit.word is Word.NEGATION for unit in units)
    return is_unknown_finding(
        tokens,
        index,
        (word, units[-1].last + 1),
        denied=word is Word.NEGATION or listed,
        normal=units[at].text in lexicon().normality,
    )


def joins(words: list[str], index: int) -> bool:
    """Whether the dash at this position, between blanks, is inside a word: "step - off", "non - displaced"."""
    before = words[index - 1] if index else ""
    after = words[index + 1] if index + 1 < len(words) else ""
    listed = any(phrase[1:3] == ("-", after) for phrase, _ in lexicon().phrases.get(before, ()))
    return (
        listed
        or (before.isdigit() and after.isdigit())
        or before in _JOINED_FRONT
        or after in _JOINED_END
        or before in {"", "("}
    )


def _number_sign(tokens: tuple[str, ...], index: int) -> Word:
    """ "# left 5th rib", "clavicle #" is a fracture; "# 3" is a number."""
    if tokens[index + 1 : index + 2] and tokens[index + 1][0].isdigit() and not _ORDINAL.fullmatch(tokens[index + 1]):
        return Word.OTHER
    words = lexicon().words
    near = [words.get(token) for token in tokens[max(0, index - 1) : index] + tokens[index + 1 : index + 4]]
    return Word.FINDING if any(word in ANATOMY for word in near) else Word.OTHER


def _anatomy_ahead(tokens: tuple[str, ...], index: int, distance: int) -> bool:
    """Whether the next noun is one of the body: "second rib", not "second nodule"."""
    words = (lexicon().words.get(token) for token in tokens[index + 1 : index + 1 + distance])
    return next((word in ANATOMY for word in words if word in ANATOMY or word in OBSERVATION_NOUNS), False)


def _content_ahead(tokens: tuple[str, ...], index: int, distance: int) -> bool:
    words = lexicon().words
    return any(words.get(token) in CONTENT for token in tokens[index + 1 : index + 1 + distance])
