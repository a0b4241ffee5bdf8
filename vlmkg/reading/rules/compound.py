"""Cues of several words, resolved before anything else: "hard to rule out", "not free of", "almost gone".

Each rule takes the units of one sentence and gives them back with the cue as one unit, or without a cue that says
nothing of the patient today.
"""

from itertools import pairwise

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit

_RULING_OUT = frozenset({"to rule out", "to exclude", "rule out", "r / o", "exclude", "excluded", "ruled out"})
_REACH = 3
"""Units between "hard" and what is hard to do."""
_ALMOST = frozenset(
    {
        "almost",
        "all but",
        "nearly",
        "largely",
        "mostly",
        "partially",
        "partly",
        "incompletely",
        "virtually",
        "practically",
    }
)
_A_LITTLE = frozenset({"by", "back", "slightly", "somewhat", "partially", "into", "to"})
_RESOLVED = frozenset({"resolved", "cleared", "disappeared"})
_SHARES = frozenset({"most", "some", "much", "half", "part", "majority", "bulk", "portion"})
_COUNTS = frozenset({"one", "two", "three", "four", "five", "several", "many", "few", "1", "2", "3", "4", "5"})
_DRAWN = frozenset({"pulled", "withdrawn", "retracted"})
_PAST = frozenset({"before", "previously", "earlier", "yesterday", "prior", "previous", "formerly", "last"})
_THEN = frozenset({Word.SHOW, Word.IN, Word.NOTHING, Word.REPORT, Word.COPULA, Word.DEGREE})
_AT = frozenset({"on", "in", "at"})
_EMPTY = frozenset(
    {"without", "w / o", "free of", "free from", "devoid of", "lacking", "lack of", "absence of", "of", "for"}
)
_EMPTYING = ("resolution of", "clearing of", "clearance of", "removal of", "disappearance of")
_UNSURE_OF = frozenset(
    {Word.COPULA, Word.THERE, Word.NOTHING, Word.RELATIVE, Word.REPORT, Word.SUBJECT, Word.DEGREE, Word.OF}
)
_TURNS = frozenset({Word.COMMA, Word.BUT, Word.AND, Word.COLON})
_CONFIRM = frozenset({"confirmed", "certain", "established", "guaranteed"})
_DENIALS = frozenset({Word.NEGATION, Word.NOT, Word.GONE, Word.THERE})
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
_HELPERS = frozenset({"do", "does", "did"})
_CONTRACTED = frozenset({"don", "doesn", "didn", "dont", "doesnt", "didnt"})
_EXAM_TALK = frozenset({Word.RECOMMEND, Word.EXAM, Word.TALK})


def with_whole_cues(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The labelled units of `tokens` with cues of several words made one, before the talk of the exam is taken out."""
    words = {unit.word for unit in units}
    if units and units[0].text == "exclude":
        # An order: "exclude pneumothorax".
        units[0].word = Word.NOT_EXCLUDED
    if Word.NOT in words:
        units = _without_denied_acts(units, tokens)
    if tokens[0] in {"any", "if"}:
        units = _if_any(units, tokens)
    if Word.RECOMMEND in words or Word.HARD in words:
        units = _conditions(_hard_to_exclude(units))
    if Word.GONE in words:
        units = _gone_for_good(_gone_in_part(units, tokens))
    if not words.isdisjoint({Word.NOT, Word.GONE}):
        units = _without_past(units)
    if Word.RETURN in words:
        units = _returned(units)
    return units


def without_double_denials(units: list[Unit]) -> list[Unit]:
    """The units in which no denial denies another: "not without edema" is edema, "cannot say there is no" a doubt."""
    cues = [index for index, unit in enumerate(units) if unit.word in {Word.NOT, Word.NEGATION}]
    if not cues or (len(cues) == 1 and units[cues[0]].text != "absence of"):
        return units
    dropped: set[int] = set()
    for first, second in pairwise(cues):
        if first in dropped or units[second].word is not Word.NEGATION:
            continue
        between = units[first + 1 : second]
        if units[second].text in _EMPTY and _says_empty(units, first, between):
            dropped |= {first, second}
            dropped |= {first + 1 + at for at, unit in enumerate(between) if unit.text in {"clear", "free"}}
        elif not between and units[second].text.endswith(_EMPTYING):
            dropped |= {first, second}
        elif (
            units[first].word is Word.NOT and not _names(units[:first]) and {one.word for one in between} <= _UNSURE_OF
        ):
            dropped.add(first)
            units[second].word = Word.NOT_EXCLUDED
    for index in cues:
        if index not in dropped and units[index].text == "absence of" and _unconfirmed(units[index + 1 :]):
            units[index].word = Word.HEDGE
    return [unit for index, unit in enumerate(units) if index not in dropped]


def _says_empty(units: list[Unit], first: int, between: list[Unit]) -> bool:
    """ "Not (entirely) free of", "no lobe is free of"; not "no edema without"."""
    if units[first].word is Word.NOT:
        return all(unit.word is Word.DEGREE or unit.text in {"clear", "free"} for unit in between)
    bare = [unit for unit in between if unit.text not in {"clear", "free"}]
    verbs = [unit.word is Word.COPULA for unit in bare]
    return any(verbs) and all(unit.word is Word.COPULA or unit.word in ANATOMY for unit in bare)


def _unconfirmed(after: list[Unit]) -> bool:
    """Whether what follows, up to a turn, ends with "cannot be confirmed", "is not certain"."""
    turn = next((index for index, unit in enumerate(after) if unit.word in _TURNS), len(after))
    words = [unit.word for unit in after[:turn]]
    said = Word.NOT in words and any(unit.text in _CONFIRM for unit in after[:turn])
    return said or Word.NOT_EXCLUDED in words


def _names(units: list[Unit]) -> bool:
    return any(unit.word in CONTENT for unit in units)


def _hard_to_exclude(units: list[Unit]) -> list[Unit]:
    """ "Hard to rule out", "no evidence to exclude", "unable to confidently exclude" as one doubt."""
    kept: list[Unit] = []
    index = 0
    while index < len(units):
        unit = units[index]
        reach = units[index + 1 : index + 1 + _REACH] if unit.word in {Word.HARD, Word.NEGATION} else []
        at = next((at for at, one in enumerate(reach) if one.text in _RULING_OUT), None)
        if at is not None and not _names([one for one in reach[:at] if one.word is not Word.DEGREE]):
            kept.append(Unit(unit.first, reach[at].last, Word.NOT_EXCLUDED, "cannot exclude"))
            index += at + 2
        else:
            if unit.word is not Word.HARD:
                kept.append(unit)
            index += 1
    return kept


def _conditions(units: list[Unit]) -> list[Unit]:
    """ "If there is an effusion it is small" doubts; "if there is concern, a CT is advised" advises."""
    for index, unit in enumerate(units):
        if not unit.text.startswith(("if there is", "if there are")) or unit.word is not Word.RECOMMEND:
            continue
        rest = units[index + 1 :]
        if rest and rest[0].word in CONTENT and not any(one.word in _EXAM_TALK for one in rest):
            unit.word = Word.HEDGE
    return units


def _if_any(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "If present, it is small", "any effusion is small": a doubt at the front."""
    if len(units) > 1 and units[0].text in {"if present", "if any"} and units[1].word is Word.COMMA:
        return [units[0], *units[2:]]
    asked = tokens[0] == "any" and tokens[-1][0] != "?" and units[:1] != [] and units[0].word in CONTENT
    if asked and any(unit.word is Word.COPULA for unit in units) and not any(unit.word in _DENIALS for unit in units):
        return [Unit(0, 0, Word.HEDGE, "any"), *units]
    return units


def _without_denied_acts(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """Without "not" before a verb that does not say whether something is there: "has not moved", "is not fully imaged".

    A denial stays before verbs of seeing and of beginning ("has not developed"), and before a finding.
    """
    named = {unit.first: index for index, unit in enumerate(units)}
    dropped: set[int] = set()
    for index, unit in enumerate(units):
        if unit.word is not Word.NOT or unit.text in {"neither of", "never"}:
            continue
        at, incomplete = unit.last + 1, False
        while at < len(tokens) and (tokens[at] in _FILLERS or tokens[at] in _WHOLLY or _is_adverb(tokens[at])):
            incomplete = incomplete or tokens[at] in _WHOLLY
            at += 1
        if at < len(tokens) and _denies_an_act(units, named.get(at), tokens, unit.first, at, incomplete=incomplete):
            dropped.add(index)
    return [unit for index, unit in enumerate(units) if index not in dropped]


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
    verb = tokens[at]
    after = next((unit for unit in units if unit.first > at), None)
    if verb in {"a", "an"}:
        # "Was not an option because of the edema".
        return after is not None and after.text in _CAUSES
    if not verb.isalpha() or verb in _COMING:
        return False
    participle = verb.endswith(_PARTICIPLES)
    helper = cue > 0 and tokens[cue - 1] in _HELPERS
    if not participle and not helper and tokens[cue] not in _CONTRACTED:
        return False
    return after is None or after.definite or after.word not in CONTENT


def _gone_for_good(units: list[Unit]) -> list[Unit]:
    """Without "almost gone" and "withdrawn by 2 cm": what they are said of is still there."""
    kept: list[Unit] = []
    for index, unit in enumerate(units):
        after = units[index + 1] if index + 1 < len(units) else None
        if unit.word is Word.GONE and kept and kept[-1].text in _ALMOST:
            kept.pop()
        elif unit.word is Word.GONE and unit.text in _DRAWN and after and _is_a_little(after):
            continue
        else:
            kept.append(unit)
    return kept


def _gone_in_part(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """Without "gone" where it is said of a part.

    "Most of it has resolved", "one of the two nodules has gone", "bilateral, resolved on the right".
    """
    return [
        unit for index, unit in enumerate(units) if unit.word is not Word.GONE or not _of_part(units, index, tokens)
    ]


def _of_part(units: list[Unit], index: int, tokens: tuple[str, ...]) -> bool:
    start = next((unit.last + 1 for unit in reversed(units[:index]) if unit.word in _TURNS), 0)
    front = tokens[start : units[index].first]
    if any(two == "of" and (one in _SHARES or one in _COUNTS) for one, two in pairwise(front)):
        return True
    placed = units[index].text in _RESOLVED and [unit.word for unit in units[index + 1 : index + 3]] == [
        Word.IN,
        Word.SIDE,
    ]
    rest = units[index + 3 :]
    sides = {unit.text for unit in [*units[:index], *rest] if unit.word is Word.SIDE}
    return placed and bool(sides - {units[index + 2].text}) and not any(unit.word in OBSERVATION_NOUNS for unit in rest)


def _is_a_little(after: Unit) -> bool:
    return after.word is Word.MEASURE or after.text in _A_LITTLE


def _without_past(units: list[Unit]) -> list[Unit]:
    """Without denials of another day: "not seen before", "resolved on the last film, has recurred"."""
    kept: list[Unit] = []
    index = 0
    while index < len(units):
        unit = units[index]
        end = _past_end(units, index) if unit.word in {Word.NOT, Word.GONE} else None
        if end is None:
            kept.append(unit)
            index += 1
        else:
            index = end
    return kept


def _past_end(units: list[Unit], index: int) -> int | None:
    """Where the denial of another day ends; None where the denial is of today."""
    at = index + 1
    while at < len(units) and units[at].word in _THEN and units[at].text not in _PAST:
        at += 1
    after = units[at + 1].word if at + 1 < len(units) else Word.OTHER
    if at == len(units) or after in CONTENT or (after is Word.REPORT and at > index + 1):
        return None
    placed = units[at - 1].text in _AT
    exam = at + 1 < len(units) and units[at + 1].word is Word.EXAM
    bare = units[at].text in {"before", "previously", "earlier", "yesterday"} or (
        units[at].word is Word.EXAM and placed
    )
    if units[at].text in _PAST and (placed or bare):
        return at + 2 if exam else at + 1
    return at + 1 if units[at].word is Word.EXAM and placed and units[at].text.isdigit() else None


def _returned(units: list[Unit]) -> list[Unit]:
    """ "Had resolved but has recurred", "the resolved effusion has recurred": it is there."""
    dropped: set[int] = set()
    for index, unit in enumerate(units):
        if unit.word is not Word.RETURN:
            continue
        unit.word = Word.REPORT
        named = False
        for at in range(index - 1, -1, -1):
            if units[at].word in OBSERVATION_NOUNS:
                named = True
            elif named and units[at].word in _TURNS:
                break
            elif units[at].word in {Word.GONE, Word.BUT} and units[at].text != "no":
                dropped.add(at)
    return [unit for index, unit in enumerate(units) if index not in dropped]
