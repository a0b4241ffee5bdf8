"""Two denials in one sentence: "not without edema" is edema, "cannot say there is no edema" a doubt."""

from itertools import pairwise

from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, Word
from vlmkg.reading.rules.labels import Unit

_EMPTY = frozenset(
    {"without", "w / o", "free of", "free from", "devoid of", "lacking", "lack of", "absence of", "of", "for"}
)
_EMPTYING = ("resolution of", "clearing of", "clearance of", "removal of", "disappearance of")
_UNSURE_OF = frozenset(
    {Word.COPULA, Word.THERE, Word.NOTHING, Word.RELATIVE, Word.REPORT, Word.SUBJECT, Word.DEGREE, Word.OF}
)
_SUGGESTING = frozenset({Word.IN, Word.SUGGEST, Word.SUGGEST_MAYBE})
_TURNS = frozenset({Word.COMMA, Word.BUT, Word.AND, Word.COLON})
_CONFIRM = frozenset({"confirmed", "certain", "established", "guaranteed", "conclusive", "proof"})
_MISSING = frozenset({"absence of", "lack of"})
_UNSURE = frozenset(
    {"not convinced", "not persuaded", "unconvinced", "not confident", "not sure", "unsure", "not certain"}
    | {"cannot be certain", "uncertain whether", "uncertain if", "unclear whether", "unclear if", "doubtful", "doubt"}
    | {"not clear whether", "not clear if", "whether"}
)
_NO_REASON = frozenset(
    {"no reason to suspect", "no reason to believe", "no reason to think", "no cause to suspect"}
    | {"no grounds to suspect", "nothing to suggest", "nothing to indicate", "nothing to support"}
)
_NOR = frozenset({"neither", "nor", "none of the", "neither of"})
_DENIALS = frozenset({Word.NOT, Word.NEGATION})


def without_double_denials(units: list[Unit]) -> list[Unit]:
    """The units in which no denial denies another."""
    cues = [index for index, unit in enumerate(units) if unit.word in _DENIALS or unit.text in _UNSURE]
    if not any(units[index].word in _DENIALS for index in cues):
        return units
    dropped = _in_pairs(units, cues)
    for index in cues:
        if index in dropped:
            continue
        if units[index].text in _MISSING and _unconfirmed(units[index + 1 :]):
            units[index].word = Word.HEDGE
        elif units[index].text in _NOR:
            dropped |= _excludes_neither(units, index)
    return [unit for index, unit in enumerate(units) if index not in dropped] if dropped else units


def _in_pairs(units: list[Unit], cues: list[int]) -> set[int]:
    """Which units drop out because one denial meets the next; a doubt that is left is marked as one."""
    dropped: set[int] = set()
    for first, second in pairwise(cues):
        if first not in dropped and units[first].text in _NO_REASON and units[second].word is Word.NOT:
            # "No reason to believe that it is not benign".
            if all(unit.word not in _TURNS for unit in units[first:second]):
                dropped.add(first)
                units[second].word = Word.HEDGE
            continue
        if first in dropped or units[second].word is not Word.NEGATION:
            continue
        between = units[first + 1 : second]
        if units[second].text in _EMPTY and _says_empty(units, first, between):
            dropped |= {first, second}
            dropped |= {first + 1 + at for at, unit in enumerate(between) if unit.text in {"clear", "free"}}
        elif units[first].word is Word.NEGATION and _says_there_is(between):
            # "No evidence that there is no pneumothorax".
            dropped.add(first)
            units[second].word = Word.NOT_EXCLUDED
        elif not between and units[second].text.endswith(_EMPTYING):
            dropped |= {first, second}
        elif (
            units[first].word is not Word.NEGATION
            and not any(unit.word in CONTENT for unit in units[:first])
            and {one.word for one in between} <= _UNSURE_OF
        ):
            dropped.add(first)
            units[second].word = Word.NOT_EXCLUDED
    return dropped


def _says_there_is(between: list[Unit]) -> bool:
    """ "(No) evidence that there is (no)"."""
    words = {unit.word for unit in between}
    return {Word.RELATIVE, Word.THERE} <= words <= _UNSURE_OF | _SUGGESTING


def _says_empty(units: list[Unit], first: int, between: list[Unit]) -> bool:
    """Whether the first denies emptiness: "not (entirely) free of", "no lobe is free of"; not "no edema without"."""
    if units[first].word is Word.NOT:
        return all(unit.word is Word.DEGREE or unit.text in {"clear", "free"} for unit in between)
    bare = [unit for unit in between if unit.text not in {"clear", "free"}]
    verbs = [unit.word is Word.COPULA for unit in bare]
    return any(verbs) and all(unit.word is Word.COPULA or unit.word in ANATOMY for unit in bare)


def _unconfirmed(after: list[Unit]) -> bool:
    """Whether what follows, up to a turn, ends with "cannot be confirmed", "is not certain", "does not rule it out"."""
    turn = next((index for index, unit in enumerate(after) if unit.word in _TURNS), len(after))
    words = {unit.word for unit in after[:turn]}
    unsaid = any(unit.text in _CONFIRM for unit in after[:turn]) or _excludes_it(after[:turn])
    return (Word.NOT in words and unsaid) or Word.NOT_EXCLUDED in words


def _excludes_it(units: list[Unit]) -> bool:
    """ "Does not rule it out"; not "cannot exclude edema"."""
    last = next((at for at, unit in enumerate(units) if unit.word is Word.EXCLUDE), len(units))
    return last < len(units) and all(unit.word not in CONTENT for unit in units[last:])


def _excludes_neither(units: list[Unit], cue: int) -> set[int]:
    """ "Neither edema nor effusion can be excluded", "nor can an effusion be excluded": each is possible."""
    turn = next((at for at in range(cue + 1, len(units)) if units[at].word in {Word.BUT, Word.COLON}), len(units))
    last = next((at for at in range(turn - 1, cue, -1) if units[at].word is Word.EXCLUDE), None)
    if last is None or any(unit.word is Word.NOT for unit in units[cue + 1 : last]):
        return set()
    units[cue].word = Word.NOT_EXCLUDED
    for unit in units[cue + 1 : last]:
        if unit.word is Word.COMMA:
            unit.word = Word.OR
    return {last}
