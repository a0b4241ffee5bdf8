"""Sides written as one letter: "R effusion", "effusion (L)", "small R and moderate L effusions", "R>L"."""

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.spelling import right_spelling
from vlmkg.reading.lexicon.words import CONTENT, OBSERVATION_NOUNS, Word

_LETTERS = frozenset({"l", "r"})
_SIDES = _LETTERS | {"left", "right", "lt", "rt"}
_COMPARING = frozenset({">", "<", ">>", "<<", "=", "\u2265", "\u2264"})
_LINKS = frozenset({"and", "&", "+", "/", "or", ",", "than"})
_SPLITS = frozenset({"/", "-", "t", "c"})
_PLACED = frozenset({"on", "the", "at", "in"})
_NOT_SIDED = frozenset({"spine", "spines"})
_ORDINALS = ("st", "nd", "rd", "th")
_RIBS = frozenset({"rib", "ribs"})
_REACH = 6


def may_be_side(token: str) -> bool:
    """Whether `side_letter` may give the token a class."""
    return token in _LETTERS or token in _COMPARING


def side_letter(tokens: tuple[str, ...], index: int) -> Word | None:
    """What "r", "l" or a sign between two sides does; None for "L - spine", "3 L", "L / S"."""
    before = tokens[index - 1] if index else ""
    after = tokens[index + 1] if index + 1 < len(tokens) else ""
    if tokens[index] in _COMPARING:
        if before in _SIDES and after in _SIDES:
            return Word.AND
        # "Emboli > metastases": what is the likelier.
        return Word.VERSUS if tokens[index] == ">" and _is_noun(before) and _is_noun(after) else None
    if tokens[index] not in _LETTERS or _names_no_side(tokens, index, before, after):
        return None
    found = (
        (before[-1:] == "(" and after[:1] == ")")
        or before in _COMPARING
        or _ends_behind_mark(tokens, index)
        or (after == ":" and index == 0)
        or after in _COMPARING
        or (after == "-" and tokens[index + 2 : index + 3] == ("sided",))
        or (before in _PLACED and not _is_content(after))
        or _is_content(after)
        or after == "#"
        or (after[:1].isdigit() and not _RIBS.isdisjoint(tokens))
        or after.endswith(_ORDINALS)
        or (after in _LINKS and _shares_a_noun(tokens, index))
        or ((after == "" or not after[:1].isalnum()) and _is_content(before))
        or (before in _LINKS and index > 1 and tokens[index - 2] in _SIDES)
    )
    return Word.SIDE if found else None


def _names_no_side(tokens: tuple[str, ...], index: int, before: str, after: str) -> bool:
    if after in _NOT_SIDED or (after == "-" and tokens[index + 2 : index + 3] == ("spine",)):
        return True
    if before in _SPLITS and not _ends_behind_mark(tokens, index):
        return not (before == "/" and index > 1 and tokens[index - 2] in _SIDES)
    return before.isdigit() or (after == "/" and tokens[index + 2 : index + 3] == ("s",))


def _ends_behind_mark(tokens: tuple[str, ...], index: int) -> bool:
    """ "Nodule - L", "nodule, L"."""
    last = index + 1 == len(tokens) and index > 1
    return last and tokens[index - 1] in {"-", "--", ","} and _is_content(tokens[index - 2])


def _is_content(token: str) -> bool:
    return (lexicon().words.get(right_spelling(token)) or guess(token)) in CONTENT


def _is_noun(token: str) -> bool:
    return (lexicon().words.get(right_spelling(token)) or guess(token)) in OBSERVATION_NOUNS


def _shares_a_noun(tokens: tuple[str, ...], index: int) -> bool:
    """ "R and L effusions", "small R, moderate L effusions": the other side follows."""
    return any(one in _SIDES or one == "bilateral" for one in tokens[index + 1 : index + _REACH])
