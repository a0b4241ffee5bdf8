"""Words that nobody listed, where a finding stands: "no zzz", "small zzz at the left base", "possible zzz".

Present and not read would be lost without a word; so a word of medicine's open vocabulary is a finding by its position.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word

_SHORTEST = 5
_BEFORE = frozenset(
    {Word.NEGATION, Word.HEDGE, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.DESCRIPTOR, Word.NUMBER, Word.TISSUE, Word.PLACE}
    | {Word.DEVICE}
)
_AFTER = frozenset(
    {
        Word.IN,
        Word.OF,
        Word.COPULA,
        Word.REPORT,
        Word.AND,
        Word.OR,
        Word.WITH,
        Word.SUGGEST,
        Word.SUGGEST_MAYBE,
        Word.BUT,
    }
)
_BEFORE_ARTICLE = frozenset({Word.COPULA, Word.SHOW, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.NOT, Word.WITH})
_TITLE_MARKS = ((":",), ("--",), ("-",))
_ANSWERS = (("none",), ("no",), ("yes",), ("present",), ("absent",), ("negative",), ("positive",), ("nil",))
_ARTICLES = frozenset({"a", "an"})
_NO_NOUNS = (
    "ly",
    "ed",
    "ing",
    "able",
    "ible",
    "ous",
    "ful",
    "less",
    "ward",
    "wards",
    "wise",
    "ier",
    "iest",
    "ize",
    "ise",
)


def is_unknown_finding(tokens: tuple[str, ...], index: int, before: Word) -> bool:
    """Whether the token, which the lexicon lacks, stands where a finding's noun does.

    `before` is the class of the word right before it, or before its article; OTHER where that has none.
    """
    token = tokens[index]
    if len(token) < _SHORTEST or not token.isalpha() or token in lexicon().plain or token.endswith(_NO_NOUNS):
        return False
    if index == 0 and tokens[1:2] in _TITLE_MARKS and tokens[2:3] in _ANSWERS:
        # "Zzz: none".
        return True
    opened = before in (_BEFORE_ARTICLE if has_article(tokens, index) else _BEFORE)
    return opened and _closes(tokens, index)


def has_article(tokens: tuple[str, ...], index: int) -> bool:
    """Whether "a" or "an" stands right before the token."""
    return index > 0 and tokens[index - 1] in _ARTICLES


def _closes(tokens: tuple[str, ...], index: int) -> bool:
    if index + 1 == len(tokens) or not tokens[index + 1][0].isalnum():
        return tokens[index + 1 : index + 2] not in (("-",), ("'",), ("/",))
    return lexicon().words.get(tokens[index + 1]) in _AFTER
