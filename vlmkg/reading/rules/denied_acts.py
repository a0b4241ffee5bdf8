"""Denials of acts and properties, which say nothing about whether a finding is there.

"Has not moved", "is not fully imaged", "is not worrisome" leave the finding where it is; "has not developed" does not.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import CONTENT, Word
from vlmkg.reading.rules.labels import Unit

_FILLERS = frozenset(
    {"been", "be", "being", "yet", "really", "well", "all", "that", "so", "particularly", "very", "further"}
)
_WHOLLY = frozenset(
    {"fully", "entirely", "completely", "wholly", "adequately", "optimally", "ideally", "properly", "appropriately"}
)
_CAUSES = frozenset({"due to", "secondary to", "because of", "owing to", "as a result of"})
_BEYOND = frozenset({"below", "beyond", "past", "above", "distal to", "inferior to"})
_COMING = frozenset(
    {"developed", "occurred", "formed", "arisen", "happened", "emerged", "develop", "occur", "form", "arise", "emerge"}
    | {"see", "identify", "detect", "find", "appreciate", "visualize", "visualise", "note", "recognize", "recognise"}
    | {
        "observe",
        "discern",
        "perceive",
        "believe",
        "think",
        "identified",
        "made",
        "mistaken",
        "confused",
        "support",
        "supported",
        "indicate",
    }
    | {"to", "the", "a", "an", "any", "as", "have", "exist", "existed", "need", "include", "resolve", "clear"}
)
_PARTICIPLES = ("ed", "wn", "en")
_JUDGING = ("some", "ful", "ous", "ive", "ic", "ical", "worrying", "concerning", "bothersome", "urgent")
"""Endings of words that judge a finding: "is not worrisome", "is not specific"."""
_SET_IN = frozenset({"inserted", "placed", "sited", "implanted"})
_SEEABLE = ("able", "ible")
_ARTICLES = frozenset({"a", "an"})
_BE = frozenset({"is", "are", "was", "were"})
_HELPERS = frozenset({"do", "does", "did"})
_CONTRACTED = frozenset({"don", "doesn", "didn", "dont", "doesnt", "didnt"})


def without_denied_acts(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """Without "not" before a verb that does not say whether something is there: "has not moved", "is not fully imaged".

    A denial stays before verbs of seeing and of beginning ("has not developed"), and before a finding.
    """
    named = {unit.first: index for index, unit in enumerate(units)}
    dropped: set[int] = set()
    for index, unit in enumerate(units):
        if unit.word is not Word.NOT or unit.text == "neither of":
            continue
        if unit.text == "never":
            dropped |= _never_gone(units, index)
            continue
        if unit.first and unit.text == "not" and tokens[unit.first - 1] in _ARTICLES:
            # "A not insignificant effusion".
            dropped.add(index)
            continue
        if _hides_change(tokens, unit.last + 1):
            dropped.add(index)
            continue
        at, incomplete = unit.last + 1, False
        while at < len(tokens) and (tokens[at] in _FILLERS or tokens[at] in _WHOLLY or _is_adverb(tokens[at])):
            incomplete = incomplete or tokens[at] in _WHOLLY
            at += 1
        if at < len(tokens) and _denies_an_act(units, named.get(at), tokens, unit.first, at, incomplete=incomplete):
            dropped.add(index)
    return [unit for index, unit in enumerate(units) if index not in dropped]


def _hides_change(tokens: tuple[str, ...], at: int) -> bool:
    """ "Disease, not significantly XXXX compared to prior": the hole was "changed"."""
    while at < len(tokens) and tokens[at].endswith("ly"):
        at += 1
    return tokens[at : at + 1] == ("xxxx",) and tokens[at + 1 : at + 2] in (("compared",), ("from",), ("since",))


def _never_gone(units: list[Unit], index: int) -> set[int]:
    """ "Never completely resolved pneumonia": which units drop out."""
    at = index + 1
    while at < len(units) and units[at].word in {Word.DEGREE, Word.DESCRIPTOR}:
        at += 1
    gone = at + 1 < len(units) and units[at].word is Word.GONE and units[at + 1].word in CONTENT
    return set(range(index, at + 1)) if gone else set()


def _is_adverb(token: str) -> bool:
    """An adverb that the lexicon lacks: "not currently", "not directly"."""
    return token.endswith("ly") and token not in lexicon().words


def _denies_an_act(
    units: list[Unit], index: int | None, tokens: tuple[str, ...], cue: int, at: int, *, incomplete: bool
) -> bool:
    """Whether the word at token `at` is a verb of none of the kinds that a denial counts for."""
    if index is not None:
        # "Not fully imaged"; not "not fully excluded", "not entirely clear".
        beyond = index + 1 < len(units) and units[index + 1].text in _BEYOND
        return (incomplete or beyond) and units[index].word in {Word.REPORT, Word.IN}
    after = next((unit for unit in units if unit.first > at), None)
    if tokens[at] in _ARTICLES:
        # "Was not an option because of the edema".
        return after is not None and after.text in _CAUSES
    if not tokens[at].isalpha() or tokens[at] in _COMING:
        return False
    if tokens[at] in _SET_IN:
        # "Tube not yet inserted"; but "line not placed in the vein".
        return at + 1 < len(tokens) and tokens[at + 1].isalnum()
    return _is_other_verb(after, tokens, cue, at)


def _is_other_verb(after: Unit | None, tokens: tuple[str, ...], cue: int, at: int) -> bool:
    """Whether the unlisted word at token `at` is a verb, or judges: "not failing", "is not worrisome"."""
    verb, before = tokens[at], tokens[cue - 1] if cue else ""
    if before == "," and not verb.endswith(_SEEABLE) and after is None:
        return True
    if before in _BE and verb.endswith(_JUDGING):
        return after is None or after.word not in CONTENT
    if not verb.endswith(_PARTICIPLES) and before not in _HELPERS and tokens[cue] not in _CONTRACTED:
        return False
    return after is None or after.definite or after.word not in CONTENT
