"""Words outside the lexicon that are findings by their position: "no zzz", "small zzz at the left base".

If a present finding were not read, it would be lost without a warning. So an unknown word is a finding by the words
before it (a denial, a doubt, a describing word, a verb with an article), by those after it (no noun), and by its form.
The weaker the position, the more the form must show: after a denial any noun is enough, after "left" only a word with a
typical ending.
"""

from functools import lru_cache

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import CONTENT, OBSERVATION_ADJECTIVES, Word

_SHORTEST_DENIED, _SHORTEST, _SHORTEST_ANYWHERE = 3, 5, 7
_OPENED = frozenset(
    {Word.HEDGE, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.DESCRIPTOR, Word.NUMBER, Word.TISSUE, Word.PLACE, Word.DEVICE}
)
_OPENED_BY_ARTICLE = frozenset({Word.COPULA, Word.SHOW, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.NOT, Word.WITH})
_PERHAPS = (
    frozenset({Word.WITH, Word.HEDGE, Word.NOT_EXCLUDED, Word.TISSUE, Word.SIDE, Word.OR}) | OBSERVATION_ADJECTIVES
)
_ARTICLES = frozenset({"a", "an"})
_BETWEEN = _ARTICLES | {
    *("the", "this", "these", "those", "known", "existing", "preexisting", "previously", "formerly"),
    *("aforementioned", "any"),
}
_FARTHEST = 2
_NO_NOUN_BEHIND = frozenset(Word) - CONTENT - {Word.NOTHING, Word.EXAM, Word.OTHER}
_SAID_BEHIND = frozenset(
    {Word.IN, Word.OF, Word.COPULA, Word.REPORT, Word.AND, Word.OR, Word.WITH, Word.BUT}
    | {Word.SUGGEST, Word.SUGGEST_MAYBE}
)
"""What may follow a noun group; the second, where the word's form alone does not say that it is a noun."""
_BEHIND = frozenset({"as", "than", "today", "now", "here", "currently"})
_INNER_MARKS = frozenset({"-", "'"})
_TITLE_MARKS = ((":",), ("--",), ("-",))
_ANSWERS = (("none",), ("no",), ("yes",), ("present",), ("absent",), ("negative",), ("positive",), ("nil",))
_NO_NOUNS = ("ly", "ed", "able", "ible", "ous", "ful", "less")
_NO_SHORT_NOUNS = ("ical", "ive", "ic", "est")
_NO_BARE_NOUNS = ("ing", "ward", "wards", "wise", "ier", "iest", "ize", "ise")
_ILLNESS_ENDINGS = ("ism", "isms", "osis", "pathy", "uria", "orrhea", "orrhoea", "esis")
_NOUN_ENDINGS = (
    *("tion", "tions", "sion", "sions", "ment", "ments", "ness", "ism", "isms", "ture", "tures", "pathy", "oid"),
    *("oids", "ions", "osis", "uria", "orrhea", "orrhoea", "ectomy", "ia", "ias", "esis"),
)


def is_open_word(token: str) -> bool:
    """Whether the token's form allows that it names a finding, wherever it stands."""
    return (
        token.isalpha()
        and token not in lexicon().plain
        and not token.startswith("xxxx")
        and not token.endswith(_NO_NOUNS)
    )


def is_unknown_finding(
    tokens: tuple[str, ...], index: int, before: tuple[Word, int] | None, *, denied: bool, normal: bool
) -> bool:
    """Whether the token, which the lexicon lacks, stands where a finding's noun does.

    `before`: the class of the word before it that says something, and the position behind that word. `denied`: that
    word denies, or goes on with a denial. `normal`: it says that something is as it should be.
    """
    token = tokens[index]
    if not is_open_word(token):
        return False
    if index == 0 and tokens[1:2] in _TITLE_MARKS and tokens[2:3] in _ANSWERS:
        # "Zzz: none".
        return len(token) >= _SHORTEST and not token.endswith(_NO_BARE_NOUNS)
    if before is None or normal or not _is_near(tokens, before[1], index):
        # "Diagnosis: zzzism."
        return len(tokens) == 1 and len(token) >= _SHORTEST_ANYWHERE and token.endswith(_ILLNESS_ENDINGS)
    if denied:
        return _may_be_denied(token) and _ends_group(tokens, index + 1, _NO_NOUN_BEHIND)
    article = index > 0 and tokens[index - 1] in _ARTICLES
    opened = before[0] in (_OPENED_BY_ARTICLE if article else _OPENED) and _may_be_named(token)
    if not opened and not (before[0] in _PERHAPS and _is_named_like_one(token)):
        return False
    return _ends_group(tokens, index + 1, _SAID_BEHIND if opened else _NO_NOUN_BEHIND)


def _is_near(tokens: tuple[str, ...], start: int, end: int) -> bool:
    return end - start <= _FARTHEST and all(token in _BETWEEN for token in tokens[start:end])


def _ends_group(tokens: tuple[str, ...], index: int, behind: frozenset[Word]) -> bool:
    """Whether the noun group is over at this token: at the end, at a mark, at a word of the classes `behind`."""
    if index == len(tokens):
        return True
    after = tokens[index]
    word = lexicon().words.get(after)
    if word is not None:
        return word in behind
    return after in _BEHIND or not (after[0].isalnum() or after in _INNER_MARKS)


@lru_cache(maxsize=8192)
def _may_be_denied(token: str) -> bool:
    return len(token) >= _SHORTEST_DENIED and not token.endswith(_NO_SHORT_NOUNS)


@lru_cache(maxsize=8192)
def _may_be_named(token: str) -> bool:
    return len(token) >= _SHORTEST and not token.endswith(_NO_BARE_NOUNS)


@lru_cache(maxsize=8192)
def _is_named_like_one(token: str) -> bool:
    return len(token) >= _SHORTEST_ANYWHERE and token.endswith(_NOUN_ENDINGS)
