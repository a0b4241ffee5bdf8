"""The effect of the cues right before a phrase: they begin a denial or a doubt, or end one.

A cue without a finding after it belongs to the finding before it.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.known import is_definite
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.lookback import BELIEVED, look_back, of_gone, set_back, without_aside
from vlmkg.reading.rules.phrases import Phrase
from vlmkg.schema import Presence

_BEFORE_CAUSES = frozenset({Word.COMMA, Word.AND, Word.COPULA, Word.RELATIVE, Word.SUBJECT, Word.HOLE})
_CUES = frozenset({Word.NEGATION, Word.NOT, Word.EXCLUDE, Word.NOT_EXCLUDED, Word.GONE, Word.HEDGE, Word.SUGGEST_MAYBE})
_EXCHANGED = frozenset({"replaced by", "replaced with", "exchanged for", "substituted by", "superseded by"}) | {
    *("changed over to", "changed over for", "swapped for", "swapped to", "switched to", "switched for"),
    *("switched over to", "exchanged to", "exchanged with"),
    "given way to",
    "gave way to",
    "gives way to",
    "giving way to",
}
_VERBS = frozenset({Word.COPULA, Word.SHOW})
_BEHIND_CUES = frozenset({Word.IN, Word.COLON, Word.SUGGEST, Word.WITH})
_DOUBTED = frozenset(
    {"queried", "suspected", "questioned", "possible", "favored", "favoured", "questionable"}
    | {"equivocal", "feared", "doubtful", "presumed", "probable", "considered", "uncertain"}
)
_GIVEN = frozenset({"given", "in view of", "in light of"})
_SUGGESTED_BY = frozenset({"is suggested by", "are suggested by", "suggested by"})
_SUSPECTED = frozenset({"suspected", "feared", "queried", "questioned"})
_LIKELY = frozenset({"likely", "most likely", "probably", "possibly"})
_TAKEN_OUT = frozenset({"removed", "pulled", "out", "taken out", "withdrawn", "extubated"})
_NONE = frozenset({"none", "nil", "zero"})
_SO_IS = ([Word.COMMA, Word.SHOW], [Word.COMMA, Word.COPULA])


def opened(state: Presence, phrases: list[Phrase], index: int, following: list[Unit]) -> Presence:
    """The state that the cues right before this phrase open, and their effect on what stands before them."""
    joint = phrases[index].joint
    if index and joint and _doubts_subject(phrases, index):
        return Presence.PRESENT
    if state is Presence.PRESENT and _CUES.isdisjoint(phrases[index].roles):
        return Presence.UNCERTAIN if _likely_cause(phrases[index]) else state
    denied = False
    for position, unit in enumerate(joint):
        word = unit.word
        if word is Word.NEGATION:
            state = _denied(state, phrases, index, position, following)
        elif word is Word.NOT:
            if _denies_what_is_known(phrases, index, position):
                continue
            state, denied = Presence.ABSENT, True
        elif word in {Word.HEDGE, Word.SUGGEST_MAYBE, Word.NOT_EXCLUDED}:
            state = _doubted(state, joint, position, denied=denied)
        elif word is Word.EXCLUDE:
            state = Presence.UNCERTAIN if denied else Presence.ABSENT
        elif word is Word.GONE:
            state = _gone(phrases, index, position, following)
        elif _turns(phrases, index, position):
            state = Presence.PRESENT
        elif (
            (
                word in {Word.REPORT, Word.COMMA, Word.BUT}
                or _lost_its_verb(joint, position)
                or (index > 0 and _ends_doubt(joint, position))
                or _gives_cause(phrases, index, position)
            )
            and _closes(joint, position)
            and not _heads_list(phrases, index)
        ):
            look_back(phrases, index, joint[: position if word in _BEHIND_CUES else position + 1])
            if [unit.word for unit in joint[position:]] in _SO_IS and state is Presence.UNCERTAIN:
                # "Pneumonia is possible, as is an effusion".
                return state
            state = Presence.PRESENT if denied or state is Presence.UNCERTAIN else state
            denied = False
    return Presence.UNCERTAIN if state is Presence.PRESENT and _likely_cause(phrases[index]) else state


def _is_where(phrase: Phrase) -> bool:
    """Whether the phrase is a side alone."""
    return all(unit.word is Word.SIDE for unit in phrase.units)


def _doubts_subject(phrases: list[Phrase], index: int) -> bool:
    """ "Bronchitis is suggested by the wall", "atresia is suspected as the tube is coiled": the subject is doubted.

    It is marked here, and what follows is there.
    """
    joint = phrases[index].joint
    if joint[-1].text in _SUGGESTED_BY:
        set_back(phrases[:index], Presence.UNCERTAIN)
        return True
    reason = joint[-1].text in _SUSPECTED and phrases[index].units[0].definite and _far(joint[-1], phrases[index])
    if reason:
        look_back(phrases, index, joint)
    return reason


def _far(cue: Unit, phrase: Phrase) -> bool:
    """Whether a word stands between the cue and the article of the phrase."""
    return phrase.units[0].first - cue.last > len(("as", "the"))


def _turns(phrases: list[Phrase], index: int, position: int) -> bool:
    """ "No difference apart from a smaller effusion", "complications: none. Diagnosis: edema": a denial is over."""
    joint = phrases[index].joint
    if joint[position].word is Word.BUT:
        return any(unit.word is Word.NEGATION for unit in joint[:position])
    ended = _begins_anew(joint, position) or _says_it_is_not(phrases, index, position)
    return joint[position].word is Word.COLON and ended


def _denied(state: Presence, phrases: list[Phrase], index: int, position: int, following: list[Unit]) -> Presence:
    """The state behind "no", "without"; what it answers or ends before it is marked."""
    joint = phrases[index].joint
    if position + 1 < len(joint) and joint[position + 1].word is Word.ASPECT:
        # "No cause for the effusion": the effusion is there.
        return Presence.PRESENT
    if [unit.word for unit in joint[position + 1 :]] == [Word.COMMA]:
        cue = joint[position].text
        if (index and cue == "without") or (cue == "absence of" and joint[0].text == "in"):
            # "Left effusion without, right effusion with, loculation", "in the absence of fever, pneumonia ...".
            return Presence.PRESENT
    if _answers(joint, position, following):
        set_back(phrases[:index], Presence.ABSENT)
        return state
    if index and _is_doubt_of_subject(joint[:position]):
        look_back(phrases, index, joint[:position])
    return Presence.ABSENT


def _doubted(state: Presence, joint: list[Unit], position: int, *, denied: bool) -> Presence:
    """The state behind a doubt; a denial that goes on ("no edema or possible scar") stays one."""
    word = joint[position].word
    before = joint[position - 1].word if position else Word.OTHER
    negated = any(unit.word in {Word.NEGATION, Word.OR} for unit in joint)
    kept = not denied and (negated or word is not Word.HEDGE)
    # "No opacity that could represent", "does not suggest": the meaning is denied with its sign.
    kept = kept or before is Word.RELATIVE or (word is Word.SUGGEST_MAYBE and before is Word.NOT)
    # "Not thought to be a fracture".
    kept = kept or (before is Word.NOT and joint[position].text in BELIEVED)
    return state if kept and state is Presence.ABSENT else Presence.UNCERTAIN


def _answers(joint: list[Unit], position: int, following: list[Unit]) -> bool:
    """ "Effusion: no, edema: yes", "effusion: no edema: yes": the denial answers what stands before it."""
    if not position or joint[position - 1].word is not Word.COLON:
        return False
    titled = position + 1 == len(joint) and bool(following) and following[0].word is Word.COLON
    return titled or (position + 1 < len(joint) and joint[position + 1].word in {Word.COMMA, Word.BUT, Word.AND})


def _denies_what_is_known(phrases: list[Phrase], index: int, position: int) -> bool:
    """ "No longer obscures the line"; "the edema has resolved, but not the effusion": neither is denied."""
    phrase, joint = phrases[index], phrases[index].joint
    after = joint[position + 1 :]
    if after and after[0].word in {Word.IN, Word.OF} and is_definite(phrase):
        return True
    return (
        not after
        and position > 0
        and joint[position - 1].word in {Word.BUT, Word.COMMA}
        and any(unit.word is Word.GONE for unit in joint[:position])
    )


def _begins_anew(joint: list[Unit], position: int) -> bool:
    """ "Complications: none. Diagnosis: edema" without its stop."""
    colons = sum(unit.word is Word.COLON for unit in joint[:position])
    return colons > 0


def _says_it_is_not(phrases: list[Phrase], index: int, position: int) -> bool:
    """ "The left base is clear, the right is not: consolidation persists": what comes after the colon is there."""
    before = [unit.word for unit in phrases[index].joint[:position]]
    return index > 0 and phrases[index - 1].head is None and before[-2:] == [Word.COPULA, Word.NOT]


def _ends_doubt(joint: list[Unit], position: int) -> bool:
    """ "Edema is possible and", "edema cannot be excluded -": the doubt had its subject."""
    if joint[position].word not in {Word.AND, Word.COLON}:
        return False
    return _is_doubt_of_subject(joint[:position])


def _is_doubt_of_subject(cues: list[Unit]) -> bool:
    words = {unit.word for unit in cues}
    return Word.NOT_EXCLUDED in words or {Word.NOT, Word.EXCLUDE} <= words or {Word.COPULA, Word.HEDGE} <= words


def _gives_cause(phrases: list[Phrase], index: int, position: int) -> bool:
    """ "Cannot be excluded given the edema", "suspected at the base": the doubt is over, what follows is its reason."""
    joint = phrases[index].joint
    if index == 0 or joint[position].word not in {Word.WITH, Word.SUGGEST, Word.IN}:
        return False
    cues = {unit.word for unit in joint[:position]}
    if joint[position].text in _GIVEN and any(unit.word is Word.HEDGE for unit in joint[:position]):
        # "Is a possibility given the shift".
        return True
    if any(unit.text in _DOUBTED for unit in joint[:position]) and (
        joint[position].word is not Word.WITH or position == 1 or joint[0].word is Word.COPULA
    ):
        # "Suspected at the base", "suspected because of the shift".
        return True
    if joint[position].word is Word.IN and position == 1 and joint[0].text in _LIKELY:
        # "Contusion likely in the left base"; "density likely in the left base" doubts the place alone.
        head = phrases[index - 1].head
        named = head is not None and head.word is Word.FINDING and head.text not in lexicon().shadows
        return named and not is_definite(phrases[index - 1])
    return Word.NOT_EXCLUDED in cues or {Word.NOT, Word.EXCLUDE} <= cues


def _heads_list(phrases: list[Phrase], index: int) -> bool:
    """ "Not visualized: effusion, pneumothorax", "not seen is the nodule"."""
    joint = phrases[0].joint
    if index or not joint:
        return False
    inverted = joint[0].word is Word.NOT and any(unit.word is Word.COPULA for unit in joint)
    fronted = joint[0].text == "no longer" and all(unit.word in {Word.NOT, Word.REPORT} for unit in joint)
    return joint[-1].word is Word.COLON or inverted or fronted


def _likely_cause(phrase: Phrase) -> bool:
    """ "A deformity, XXXX chronic", "which is XXXX old": the hole was "likely"."""
    if Word.HOLE not in phrase.roles:
        return False
    words = [unit.word for unit in phrase.joint]
    cue = len(words) > 1 and words[-1] is Word.HOLE and set(words) <= _BEFORE_CAUSES
    return cue and phrase.head is None and bool(phrase.describing) and phrase.describing[-1].text in lexicon().causes


def _lost_its_verb(joint: list[Unit], position: int) -> bool:
    """ "Effusion has not developed and": "not" denied a verb that names nothing."""
    return position > 0 and joint[position].word is Word.AND and joint[position - 1].word is Word.NOT


def _closes(joint: list[Unit], position: int) -> bool:
    """Whether the cues before this mark had no finding of their own: they speak of what stands before."""
    cues = [unit.word for unit in joint[:position] if unit.word not in {Word.REPORT}]
    return bool(cues) and any(word in {Word.NOT, Word.HEDGE, Word.EXCLUDE, Word.NOT_EXCLUDED} for word in cues)


def _is_list_of_devices(before: list[Phrase], cue: Unit) -> bool:
    """ "Tube removed line removed drain unchanged"."""
    return cue.text in _TAKEN_OUT and before[-1:] != [] and _is_device(before[-1])


def _is_device(phrase: Phrase) -> bool:
    return phrase.head is not None and phrase.head.word is Word.DEVICE


def _gone(phrases: list[Phrase], index: int, position: int, following: list[Unit]) -> Presence:
    """ "Has resolved" denies its subject, "has not resolved" does not; "resolved effusion" denies what follows.

    "Has been removed, as has the line": both.
    """
    before, joint = phrases[:index], phrases[index].joint
    if before and position + 1 == len(joint) and joint[position].text not in _NONE and _is_where(phrases[index]):
        # "Drains removed bilaterally".
        look_back(phrases, index, joint)
        return Presence.PRESENT
    cues = {unit.word for unit in joint[:position]}
    if before and [unit.word for unit in joint[position + 1 :]] in _SO_IS:
        set_back(before, Presence.ABSENT)
        return Presence.ABSENT
    exchanged = joint[position].text in _EXCHANGED
    # "Tube removed line remains", "tube removed line removed": run on without a stop.
    run_on = following[:1] != [] and (following[0].word in _VERBS or joint[0].text in _TAKEN_OUT)
    exchanged = exchanged or (len(joint) == 1 and (run_on or _is_list_of_devices(before, joint[0])))
    if before and (exchanged or cues & {Word.COPULA, Word.SHOW} or position + 1 < len(joint)):
        if Word.NOT not in cues:
            set_back(
                of_gone(without_aside(before, joint), joint[position]),
                Presence.UNCERTAIN if Word.HEDGE in cues else Presence.ABSENT,
            )
        return Presence.PRESENT
    return Presence.PRESENT if not before and Word.COPULA in cues else Presence.ABSENT
