"""Presence from a cue after the finding: "... is not seen", "... is possible", "... has resolved", "X versus Y"."""

from itertools import pairwise

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import OBSERVATIONS, Word
from vlmkg.reading.rules.known import is_aspect_of, without_its_tip
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrases import Phrase
from vlmkg.schema import Presence

_BACKWARD_BREAKS = frozenset({Word.BUT, Word.COLON, Word.RELATIVE, Word.WITH})
_NO = (["no"], ["(-)"], ["(-)."], ["- ve"])
_ADDED = frozenset({"superimposed", "coexisting", "coexistent", "concomitant", "concurrent", "superadded"})
_MEANT_TOO = frozenset({"component", "element", "focus", "process", "disease", "infection", "pneumonia"})
_CONSIDERED = frozenset({"suggested", "consideration", "considerations"})
EXCEPT = frozenset({"except", "except for", "other than", "apart from", "aside from", "save", "save for", "besides"})
_OR = frozenset({Word.OR, Word.VERSUS})
_SEVERAL = frozenset({"these", "they", "those", "both"})
BELIEVED = frozenset({"thought to be", "felt to be", "believed to be"})
"""What an observer believes of a finding: to be absent, or not to be one, denies it."""
_COMPLETE = frozenset({Word.COPULA, Word.REPORT, Word.IN})
_HEDGED_ENDS = frozenset({Word.HEDGE, Word.COPULA, Word.REPORT, Word.COMMA, Word.HOLE, Word.AND, Word.BUT})


def look_back(phrases: list[Phrase], end: int, cues: list[Unit]) -> None:
    """Apply the cues that stand after their subject, before `phrases[end]` or at the sentence's end."""
    if _is_still_possible(cues):
        _doubt_again(phrases[:end])
        return
    words = [unit.word for unit in _before_turn(cues)]
    denied = Word.NOT in words
    before = without_aside(phrases[:end], cues)
    if words[:2] != [Word.COMMA, Word.RELATIVE]:
        # Not "all lines except the PICC, which has been removed".
        before = _without_exception(before)
    gone = next((unit for unit in cues if unit.word is Word.GONE), None)
    before = before if gone is None else of_gone(before, gone)
    kept = denied and Word.GONE in words and _denies_the_end(words)
    both = denied and Word.GONE in words and not kept
    doubted = any(unit.word is Word.HEDGE and unit.text not in BELIEVED for unit in cues)
    if Word.GONE in words and Word.EXCLUDE not in words and not both and (kept or doubted):
        # "Has not resolved" is there; "may have resolved" may be.
        set_back(before, Presence.PRESENT if kept else Presence.UNCERTAIN)
    elif Word.NOT_EXCLUDED in words or (denied and Word.EXCLUDE in words):
        set_back(before, Presence.UNCERTAIN)
    elif (
        Word.GONE in words
        or _answers_no(cues)
        or (denied and Word.HEDGE not in words)
        or (Word.EXCLUDE in words and _of_finding(before))
    ):
        set_back(before, Presence.ABSENT, whole=any(unit.text in _SEVERAL for unit in cues))
    elif denied and Word.HEDGE in words and words.index(Word.HEDGE) < words.index(Word.NOT):
        # "It is probably not".
        set_back(before, Presence.UNCERTAIN)
    elif _hedges_back(_before_turn(cues)) or any(unit.text in _CONSIDERED for unit in cues):
        if _has_companion(before) and _is_seen(before[1]):
            # "Pneumonia with a small effusion is likely": the effusion is seen.
            _doubt(before[0])
            return
        set_back(before, Presence.UNCERTAIN)
        if _has_companion(before):
            _doubt(before[0])


def _is_still_possible(cues: list[Unit]) -> bool:
    """ "Is not seen but cannot be excluded"; what cannot be excluded is what was named last."""
    words = [unit.word for unit in cues]
    if Word.BUT not in words or Word.GONE in words:
        return False
    turned = words[words.index(Word.BUT) :]
    return Word.NOT_EXCLUDED in turned or (Word.EXCLUDE in turned and Word.NOT in turned)


def _doubt_again(before: list[Phrase]) -> None:
    for phrase in reversed(before):
        for unit in phrase.units:
            if unit.word in OBSERVATIONS:
                unit.presence = Presence.UNCERTAIN
        if phrase.head is not None:
            return


def _has_companion(before: list[Phrase]) -> bool:
    """ "Pneumonia with a small effusion is likely": the illness that is named first is what is likely."""
    at = next((at for at in range(len(before) - 1, 0, -1) if before[at].joined_by(Word.WITH)), 0)
    head = before[0].head if before else None
    if at != 1 or before[1].joint[-1].text != "with" or head is None or _is_added(before[1]):
        return False
    if head.word is not Word.FINDING or head.text in lexicon().shadows - lexicon().meanings:
        return False
    return not any(unit.definite for unit in before[0].units)


def _is_seen(phrase: Phrase) -> bool:
    """Whether an article stands before a finding that is no illness: "a small effusion"."""
    return phrase.head is not None and phrase.units[0].opens and phrase.head.text not in _MEANT_TOO


def _is_added(phrase: Phrase) -> bool:
    """ "Atelectasis with superimposed pneumonia is possible": the second is what is doubted."""
    return any(unit.text in _ADDED for unit in phrase.units)


def _denies_the_end(words: list[Word]) -> bool:
    """ "Has not resolved"; not "is not seen and has been removed"."""
    first, last = words.index(Word.NOT), words.index(Word.GONE)
    return first < last and not {Word.AND, Word.COMMA}.intersection(words[first:last])


def of_gone(before: list[Phrase], cue: Unit) -> list[Phrase]:
    """ "Drain removal" is said of the drain alone, a verb of its whole statement."""
    return before[-1:] if cue.text == "removal" else before


def without_aside(before: list[Phrase], cues: list[Unit]) -> list[Phrase]:
    """ "The effusion, which was large, has resolved": the verb after the comma is that of the effusion."""
    aside = next((at for at, phrase in enumerate(before) if at and phrase.joined_by(Word.RELATIVE)), None)
    closed = aside is not None and bool(cues) and cues[0].word is Word.COMMA and before[aside].joined_by(Word.COMMA)
    return before[:aside] if closed else before


def _without_exception(before: list[Phrase]) -> list[Phrase]:
    """ "All lines except the PICC have been removed": the verb is that of the lines."""
    for index in range(len(before) - 1, 0, -1):
        words = before[index].joint
        if words and words[0].text in EXCEPT and before[index - 1].head is not None:
            return before[:index]
        if not before[index].coordinated and not before[index].joined_by(Word.IN, Word.OF):
            break
    return before


def _answers_no(cues: list[Unit]) -> bool:
    """ "Effusion: no", "effusion - no", "effusion (no)"."""
    return [unit.text for unit in cues if unit.word not in {Word.COLON, Word.COMMA}] in _NO


def _before_turn(cues: list[Unit]) -> list[Unit]:
    """ "Is suspected but not visible": what is said before the clause turns counts."""
    if any(unit.word is Word.GONE for unit in cues):
        return cues
    turn = next((index for index, unit in enumerate(cues) if unit.word is Word.BUT), len(cues))
    said = any(unit.word in {Word.HEDGE, Word.REPORT, Word.NOT, Word.GONE} for unit in cues[:turn])
    return cues[:turn] if said else cues


def _of_finding(before: list[Phrase]) -> bool:
    """ "A fracture is excluded"; not "the sulcus is excluded" from the film."""
    return bool(before) and before[-1].head is not None


def _hedges_back(cues: list[Unit]) -> bool:
    """ "Is possible", "may be present"; not "may be outside the patient"."""
    words = [unit.word for unit in cues]
    return Word.HEDGE in words and set(words[words.index(Word.HEDGE) :]) <= _HEDGED_ENDS


def set_back(before: list[Phrase], presence: Presence, *, whole: bool = False) -> None:
    """Give the observations of the last statement in `before` this presence, where nothing was said of them yet.

    `whole`: of all of a list ("edema and an effusion: these have resolved").
    """
    for index in range(len(before) - 1, -1, -1):
        phrase = before[index]
        if is_aspect_of(before, index):
            continue
        for unit in without_its_tip(phrase):
            if unit.word in OBSERVATIONS and unit.presence is Presence.PRESENT:
                unit.presence = presence
        if whole and phrase.coordinated:
            continue
        if phrase.head is not None and not phrase.joint and index and before[index - 1].head is not None:
            # "Effusion no change pneumothorax no": run on without marks.
            return
        if phrase.joined_by(*_BACKWARD_BREAKS) or _new_clause(before, index) or _stands_alone(before, index):
            return


def _stands_alone(phrases: list[Phrase], index: int) -> bool:
    """ "Opacity, pneumonia cannot be excluded", "unlike the edema, the effusion has resolved", "drain, tip not seen":
    the comma begins the subject. Not in a list ("edema, effusion or scar cannot be excluded")."""
    phrase = phrases[index]
    if phrase.head is None or Word.COMMA not in phrase.roles or phrase.joined_by(Word.OR, Word.VERSUS):
        return False
    if any(one.coordinated and one.head is not None for one in phrases[index + 1 :]):
        return False
    heads = [one for one in phrases[:index] if one.head is not None]
    listed = len(heads) > 1 and heads[-1].coordinated and Word.AND in phrase.roles
    return not listed


def _new_clause(phrases: list[Phrase], index: int) -> bool:
    """Whether a statement was complete before this phrase: it had its verb, or its describing words."""
    phrase = phrases[index]
    if not phrase.joined_by(Word.AND, Word.COMMA):
        return False
    # "Edema is seen, while effusion and pneumothorax are absent": the clause begins at "while".
    turn = max((at for at in range(index) if phrases[at].joined_by(Word.BUT)), default=0)
    if any(one.predicate or one.joined_by(Word.COPULA, Word.SHOW, Word.THERE) for one in phrases[turn:index]):
        return True
    # "Effusion is seen, edema is not": its verb stands before the comma.
    link = next(at for at, unit in enumerate(phrase.joint) if unit.word in {Word.AND, Word.COMMA})
    if any(unit.word in _COMPLETE for unit in phrase.joint[:link]):
        return True
    # "Effusion at the base and pneumothorax: none": the first has its place, the second has none.
    placed = index > 0 and phrases[index - 1].head is None and phrases[index - 1].joined_by(Word.IN)
    return placed and Word.AND in phrase.roles and index == len(phrases) - 1 and len(phrases) == index + 1


def mark_alternatives(phrases: list[Phrase]) -> None:
    """ "X versus Y", "scar or atelectasis": each is uncertain, but not the change words of X."""
    doubtful = phrases[:1] != [] and Word.VERSUS in phrases[0].roles
    if doubtful:
        # "Features of zzz vs TB".
        _doubt(phrases[0])
    for index, (before, phrase) in enumerate(pairwise(phrases)):
        if phrase.roles.isdisjoint(_OR):
            doubtful = False
            continue
        # A third alternative ("fluid versus fat or scar") goes with the two before it.
        meant = doubtful or _either(before, phrase) or _explains_shadow(phrases, index)
        doubtful = phrase.joined_by(Word.VERSUS) or (phrase.joined_by(Word.OR) and meant)
        if doubtful:
            for one in (*_side_of_versus(phrases, before, phrase), *_listed_before(phrases, index)):
                _doubt(one)


def _explains_shadow(phrases: list[Phrase], index: int) -> bool:
    """ "Infiltrate, scar/lymphoma": two meanings of the shadow before them."""
    listed = phrases[index].roles == {Word.COMMA} and index > 0 and phrases[index + 1].roles == {Word.OR}
    shadow = phrases[index - 1].head if listed else None
    named = listed and all(_explains(one) and not _is_shadow(one) for one in phrases[index : index + 2])
    return named and shadow is not None and _is_shadow(phrases[index - 1])


def _listed_before(phrases: list[Phrase], index: int) -> list[Phrase]:
    """The first meanings of "cavity, pneumonia, infarct or scar"."""
    found = []
    while index > 1 and phrases[index].roles == {Word.COMMA} and phrases[index - 1].roles == {Word.COMMA}:
        if not _explains(phrases[index - 1]) or _is_shadow(phrases[index - 1]):
            break
        index -= 1
        found.append(phrases[index])
    return found if _is_shadow(phrases[max(0, index - 1)]) else []


def _is_shadow(phrase: Phrase) -> bool:
    return phrase.head is not None and phrase.head.text in lexicon().shadows


def _either(before: Phrase, phrase: Phrase) -> bool:
    """ "Scar or atelectasis": two explanations, of which neither is said to be there. Not "ectasia / tortuosity"."""
    words = any(unit.word is Word.OR and unit.text != "/" for unit in phrase.joint)
    return words and phrase.coordinated and all(_explains(one) for one in (before, phrase))


def _explains(phrase: Phrase) -> bool:
    head = phrase.head
    return head is not None and head.presence is Presence.PRESENT and head.text in lexicon().meanings


def _doubt(phrase: Phrase) -> None:
    for unit in phrase.units:
        if unit.word in OBSERVATIONS and unit.word is not Word.CHANGE and unit.presence is Presence.PRESENT:
            unit.presence = Presence.UNCERTAIN


def _side_of_versus(phrases: list[Phrase], before: Phrase, phrase: Phrase) -> list[Phrase]:
    """The finding on each side: left of "versus" it may have its place in between."""
    index = next(number for number, one in enumerate(phrases) if one is before)
    while index > 0 and not any(unit.word in OBSERVATIONS for unit in phrases[index].units):
        index -= 1
    return [phrases[index], phrase]
