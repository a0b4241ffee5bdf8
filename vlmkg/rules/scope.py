"""Presence: how far a denial and a hedge reach.

A denial reaches forward until the clause turns ("but", "with", a new subject with its verb, a new statement). A hedge
reaches over its own noun group and over alternatives. Either without anything after it reaches back to its subject.
"""

from vlmkg.lexicon.words import ANATOMY, OBSERVATIONS, Word
from vlmkg.rules.labels import Unit
from vlmkg.rules.phrases import Phrase
from vlmkg.schema import Presence

_BACKWARD_BREAKS = frozenset({Word.BUT, Word.COLON, Word.RELATIVE, Word.WITH})
_ENDS_HEDGE = frozenset({Word.IN, Word.OF, Word.WITH, Word.COMMA, Word.COPULA, Word.SHOW, Word.BUT})
_HEDGED_ENDS = frozenset({Word.HEDGE, Word.COPULA, Word.REPORT, Word.COMMA, Word.HOLE, Word.AND, Word.BUT})
_FRESH_WORDS = frozenset({Word.CHANGE})
_FRESH_STATES = frozenset({"normal", "clear", "intact", "unremarkable"})


def mark_presence(phrases: list[Phrase], tail: list[Unit]) -> None:
    """Set the presence of every observation of a sentence."""
    state = Presence.PRESENT
    for index, phrase in enumerate(phrases):
        following = phrases[index + 1].joint if index + 1 < len(phrases) else tail
        state = _ending(state, phrase, following, listed=_in_list(phrases, index))
        state = _opening(state, phrases, index)
        for unit in phrase.units:
            if unit.word in OBSERVATIONS:
                unit.presence = state
        if state is Presence.ABSENT and _is_change(phrase):
            # "No change in the nodule": the change is denied, the nodule is not.
            state = Presence.PRESENT if not following or _opens_place(following) else state
    _look_back(phrases, len(phrases), tail)
    _alternatives(phrases)


def _in_list(phrases: list[Phrase], index: int) -> bool:
    """Whether this phrase is inside "A, B or C"."""
    phrase = phrases[index]
    if phrase.head is None or any(unit.word is Word.CHANGE for unit in phrase.units):
        return False
    for later in phrases[index + 1 :]:
        if later.joined_by(Word.OR, Word.VERSUS) and later.coordinated:
            return True
        if not later.coordinated or later.head is None:
            return False
    return False


def _ending(state: Presence, phrase: Phrase, following: list[Unit], *, listed: bool) -> Presence:
    """The state that is left of an earlier cue when this phrase begins."""
    if state is Presence.PRESENT:
        return state
    words = {unit.word for unit in phrase.joint}
    if words & {Word.BUT, Word.COLON}:
        return Presence.PRESENT
    if state is Presence.ABSENT:
        if Word.WITH in words or _said_and_done(phrase) or _fresh_statement(phrase, words, following):
            return Presence.PRESENT
        return state
    if listed and phrase.coordinated:
        return state
    if words & {Word.OR, Word.VERSUS} or (phrase.coordinated and Word.COMMA not in words):
        return state
    if not words:
        return state if phrase.head is not None or phrase.predicate else Presence.PRESENT
    return Presence.PRESENT if words & _ENDS_HEDGE or Word.AND in words else state


def _said_and_done(phrase: Phrase) -> bool:
    """ "No effusion is seen, left crowding": after its verb and a comma the denial is over; so before "this", "there"."""
    words = [unit.word for unit in phrase.joint]
    if Word.OR in words or not {Word.COMMA, Word.AND, Word.BUT} & set(words):
        return False
    if Word.SUBJECT in words or Word.THERE in words:
        return True
    return Word.COMMA in words and bool({Word.REPORT, Word.COPULA} & set(words[: words.index(Word.COMMA)]))


def _fresh_statement(phrase: Phrase, words: set[Word], following: list[Unit]) -> bool:
    """Whether, after a denial, a comma or "and" opens a statement of its own."""
    if words & {Word.COMMA, Word.AND} and not words & {Word.OR}:
        if any(unit.text == "(" for unit in phrase.joint) and phrase.head is not None:
            return True
        if any(unit.word in _FRESH_WORDS or unit.text in _FRESH_STATES for unit in phrase.describing):
            return True
        verb = bool(following) and following[0].word in {Word.COPULA, Word.SHOW}
        return verb and phrase.head is None and any(unit.word in ANATOMY for unit in phrase.units)
    suggests = words & {Word.SUGGEST, Word.SUGGEST_MAYBE}
    return bool(suggests) and Word.COMMA in words


def _opening(state: Presence, phrases: list[Phrase], index: int) -> Presence:
    """The state that the cues right before this phrase open, and their effect on what stands before them."""
    joint = phrases[index].joint
    denied = False
    negated = any(unit.word in {Word.NEGATION, Word.OR} for unit in joint)
    for position, unit in enumerate(joint):
        word = unit.word
        if word is Word.NEGATION:
            state = Presence.ABSENT
        elif word is Word.NOT:
            state, denied = Presence.ABSENT, True
        elif word in {Word.HEDGE, Word.SUGGEST_MAYBE, Word.NOT_EXCLUDED}:
            kept = state is Presence.ABSENT and not denied and (negated or word is not Word.HEDGE)
            state = state if kept else Presence.UNCERTAIN
        elif word is Word.EXCLUDE:
            state = Presence.UNCERTAIN if denied else Presence.ABSENT
        elif word is Word.GONE:
            state = _gone(phrases[:index], joint, position)
        elif word in {Word.REPORT, Word.COMMA, Word.BUT} and _closes(joint, position):
            _look_back(phrases, index, joint[: position + 1])
            state = Presence.PRESENT if denied or state is Presence.UNCERTAIN else state
            denied = False
    return state


def _closes(joint: list[Unit], position: int) -> bool:
    """Whether the cues before this mark had no finding of their own: they speak of what stands before."""
    cues = [unit.word for unit in joint[:position] if unit.word not in {Word.REPORT}]
    return bool(cues) and any(word in {Word.NOT, Word.HEDGE, Word.EXCLUDE, Word.NOT_EXCLUDED} for word in cues)


def _gone(before: list[Phrase], joint: list[Unit], position: int) -> Presence:
    """ "Has resolved" denies its subject; "resolved effusion" denies what follows."""
    verb = any(unit.word in {Word.COPULA, Word.SHOW} for unit in joint[:position])
    if before and (verb or position + 1 < len(joint)):
        _set_back(before, Presence.ABSENT)
        return Presence.PRESENT
    return Presence.ABSENT


def _look_back(phrases: list[Phrase], end: int, cues: list[Unit]) -> None:
    """Apply the cues that stand after their subject, before `phrases[end]` or at the sentence's end."""
    words = [unit.word for unit in cues]
    denied = Word.NOT in words
    before = phrases[:end]
    if Word.NOT_EXCLUDED in words or (denied and Word.EXCLUDE in words):
        _set_back(before, Presence.UNCERTAIN)
    elif Word.GONE in words or (denied and Word.HEDGE not in words):
        _set_back(before, Presence.ABSENT)
    elif Word.EXCLUDE in words and before and before[-1].head is not None:
        _set_back(before, Presence.ABSENT)
    elif _hedges_back(cues) or any(unit.text == "suggested" for unit in cues):
        _set_back(before, Presence.UNCERTAIN)


def _hedges_back(cues: list[Unit]) -> bool:
    """ "Is possible", "may be present"; not "may be outside the patient"."""
    words = [unit.word for unit in cues]
    return Word.HEDGE in words and set(words[words.index(Word.HEDGE) :]) <= _HEDGED_ENDS


def _set_back(before: list[Phrase], presence: Presence) -> None:
    for index in range(len(before) - 1, -1, -1):
        phrase = before[index]
        for unit in phrase.units:
            if unit.word in OBSERVATIONS and unit.presence is Presence.PRESENT:
                unit.presence = presence
        if phrase.joined_by(*_BACKWARD_BREAKS) or _new_clause(before, index):
            return


def _new_clause(phrases: list[Phrase], index: int) -> bool:
    """Whether a statement was complete before this phrase: it had its verb, or its describing words."""
    phrase = phrases[index]
    if not phrase.joined_by(Word.AND, Word.COMMA):
        return False
    return any(one.predicate or one.joined_by(Word.COPULA, Word.SHOW, Word.THERE) for one in phrases[:index])


def _alternatives(phrases: list[Phrase]) -> None:
    """ "X versus Y": both are uncertain, but not the change words of X."""
    for before, phrase in zip(phrases, phrases[1:], strict=False):
        if not phrase.joined_by(Word.VERSUS):
            continue
        for one in _side_of_versus(phrases, before, phrase):
            for unit in one.units:
                if unit.word in OBSERVATIONS and unit.word is not Word.CHANGE and unit.presence is Presence.PRESENT:
                    unit.presence = Presence.UNCERTAIN


def _side_of_versus(phrases: list[Phrase], before: Phrase, phrase: Phrase) -> list[Phrase]:
    """The finding on each side: left of "versus" it may have its place in between."""
    index = next(number for number, one in enumerate(phrases) if one is before)
    while index > 0 and not any(unit.word in OBSERVATIONS for unit in phrases[index].units):
        index -= 1
    return [phrases[index], phrase]


def _is_change(phrase: Phrase) -> bool:
    return bool(phrase.units) and any(
        unit.word is Word.PROCESS or unit.text in {"change", "changes"} for unit in phrase.units
    )


def _opens_place(following: list[Unit]) -> bool:
    return any(unit.word in {Word.IN, Word.OF} for unit in following)
