"""Presence: how far a denial and a hedge reach.

A denial reaches forward until the clause turns ("but", "with", a new subject with its verb, a new statement). A hedge
reaches over its own noun group and over alternatives. Either without anything after it reaches back to its subject.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import OBSERVATIONS, Word
from vlmkg.reading.rules.ellipsis import is_bare_comparison
from vlmkg.reading.rules.known import BECOMING, BEGINNINGS, COURSES, LEFT_BY, TRACES, is_definite, is_of_known
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.lookback import look_back, mark_alternatives, set_back
from vlmkg.reading.rules.opening import opened
from vlmkg.reading.rules.phrases import Phrase
from vlmkg.reading.rules.predicates import (
    denies_predicate,
    denies_what_it_did,
    doubts_predicate,
    has_gone_too,
    leaves_verb_out,
)
from vlmkg.reading.rules.statements import Statement, statements
from vlmkg.schema import Presence

_ENDS_HEDGE = frozenset({Word.IN, Word.OF, Word.WITH, Word.COMMA, Word.COPULA, Word.SHOW, Word.BUT})
_NEW_SUBJECTS = frozenset({Word.SUBJECT, Word.THERE, Word.WITH})
_NEW = frozenset({"new", "newly", "acute", "active", "additional"})
_CHANGES = frozenset({Word.CHANGE, Word.DEGREE})
_ENDED = ("resolution of", "removal of", "clearing of", "clearance of", "disappearance of", "withdrawal of")
_DENIES_OR_SEES = frozenset({Word.REPORT, Word.NOT, Word.GONE, Word.NEGATION})
_REQUESTS = frozenset(
    {"r / o", "ro", "rule out", "?", "query", "evaluate for", "eval for", "assess for", "look for", "check for"}
)
_WITHOUT_OTHERS = (frozenset({Word.COPULA}), frozenset({Word.COPULA, Word.SHOW}))
_REFUSED = frozenset(
    {
        "negative for",
        "neg for",
        "- ve for",
        "denies",
        "denies any",
        "denied any",
        "negative . for",
        "negative with regard to",
    }
)
_TAKING_OUT = frozenset({"resection", "excision", "ablation", "embolization", "embolisation", "enucleation"})
_OF = frozenset({Word.OF})
_COMMA = frozenset({Word.COMMA})
_OWN_NO = frozenset({Word.COMMA, Word.NEGATION})
_SEVERAL_NO = 3
_EXAMPLES = frozenset({"including", "includes", "include", "e . g .", "e . g"})


def mark_presence(phrases: list[Phrase], tail: list[Unit]) -> None:
    """Set the presence of every observation of a sentence, one statement after the other."""
    for statement in statements(phrases, tail):
        _mark_statement(statement)


def _mark_statement(statement: Statement) -> None:
    phrases, tail = statement.phrases, statement.tail
    state, changed, refused = Presence.PRESENT, False, False
    for index, phrase in enumerate(phrases):
        following = phrases[index + 1].joint if index + 1 < len(phrases) else tail
        if state is not Presence.PRESENT:
            denied = state is Presence.ABSENT
            state = _goes_on(state, phrases, index, tail)
            # "No growth of the nodule or new nodule".
            changed = changed or (denied and state is Presence.PRESENT and is_of_known(phrases, index))
        state = opened(state, phrases, index, following)
        if phrase.joint and not refused:
            refused = any(unit.text in _REFUSED for unit in phrase.joint)
        news = changed and ((phrase.joined_by(Word.OR) and _is_news(phrase)) or (refused and _is_listed(phrase)))
        if news or (phrase.roles == _OF and _takes_out(phrases[index - 1])):
            state = Presence.ABSENT
        elif index and Word.IN in phrase.roles and (_less_favored(phrases, index) or _not_told_apart(phrases, index)):
            state = Presence.UNCERTAIN
        spared = (
            state is Presence.PRESENT or doubts_predicate(phrases, index, state) or denies_predicate(statement, index)
        )
        if not spared:
            _say(phrase, state)
        if _answers_no(phrases[max(0, index - 1)], phrase) or (
            index == 1 and _repeats_denied(phrases[0], phrase, last=len(phrases) == 2)
        ):
            set_back(phrases[:index], Presence.ABSENT)
        if state is Presence.ABSENT:
            change = _is_change(phrase)
            changed = changed or change
            state = _behind_change(phrases, index, following, change=change)
    spared = bool(tail and phrases) and denies_what_it_did(statement, len(phrases) - 1)
    if has_gone_too(statement):
        _say(phrases[-1], Presence.ABSENT)
    elif tail and not spared and not leaves_verb_out(statement.before, phrases, tail):
        look_back(phrases, len(phrases), tail)
    if not changed:
        mark_alternatives(phrases)


def _goes_on(state: Presence, phrases: list[Phrase], index: int, tail: list[Unit]) -> Presence:
    """What is left of the state of the phrase before when this one begins."""
    phrase = phrases[index]
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    following = after.joint if after else tail
    if state is Presence.ABSENT:
        if _explains_before_aside(phrases, index) or _between_denials(phrases, index) or _behind_state(phrases, index):
            return Presence.PRESENT
        over = _tells_more(phrase, following, after) or _is_new_now(phrases, index)
        if over or is_of_known(phrases, index) or _aside_is_over(phrases, index, following):
            return Presence.PRESENT
    asked = state is Presence.UNCERTAIN and _is_asked(phrases, index, tail)
    return _ending(state, phrase, following, listed=_in_list(phrases, index), asked=asked)


def _explains_before_aside(phrases: list[Phrase], index: int) -> bool:
    """ "Opacities without consolidation, typical of bronchiolitis": the opacities are; the denial was an aside."""
    words = [unit.word for unit in phrases[index].joint]
    if words not in ([Word.COMMA, Word.SUGGEST], [Word.COMMA, Word.SUGGEST_MAYBE]):
        return False
    start = next((at for at in range(index - 1, -1, -1) if Word.NEGATION in phrases[at].roles), 0)
    if any(unit.text in lexicon().normality for unit in phrases[index].describing):
        # "No pathology, consistent with a healthy chest".
        return True
    bare = start > 0 and [unit.text for unit in phrases[start].joint] in (["without"], [",", "without"])
    return bare and any(one.head is not None and one.head.presence is Presence.PRESENT for one in phrases[:start])


def _behind_state(phrases: list[Phrase], index: int) -> bool:
    """ "Heart not enlarged, effusion on the left": denied is the state of the heart, and no more."""
    if index < 2 or phrases[index].roles != _COMMA or phrases[index].head is None:
        return False
    subject, state = phrases[index - 2 : index]
    denied = [unit.word for unit in state.joint] == [Word.NOT] and state.head is None and not state.anatomy
    return denied and subject.head is None and bool(subject.anatomy)


def _between_denials(phrases: list[Phrase], index: int) -> bool:
    """ "No effusion, scoliosis, no fracture, no free air": each denied item has its own "no", and this one has none."""
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    if after is None or phrases[index].roles != _COMMA or phrases[index].head is None or after.roles != _OWN_NO:
        return False
    own = sum(one.joint[-1:] != [] and one.joint[-1].text == "no" for one in phrases)
    return own >= _SEVERAL_NO and phrases[index - 1].joint[-1:] != [] and phrases[index - 1].joint[-1].text == "no"


def _behind_change(phrases: list[Phrase], index: int, following: list[Unit], *, change: bool) -> Presence:
    """What a denial leaves behind it where it denies a change: "no change in the nodule", "effusion no smaller"."""
    phrase = phrases[index]
    alternative = bool(following) and following[0].word is Word.OR
    if is_bare_comparison(phrase) and not alternative:
        return Presence.PRESENT
    becomes = bool(following) and following[0].text in BECOMING and phrase.units[-1].text in COURSES
    # "No changes of edema", "no sequelae of prior infection" deny the illness.
    known = index + 1 < len(phrases) and is_definite(phrases[index + 1])
    named = phrase.units[-1].text in TRACES and following[:1] != [] and following[0].text in LEFT_BY and not known
    over = change and not becomes and not named and (not following or _opens_place(following))
    return Presence.PRESENT if over else Presence.ABSENT


def _is_listed(phrase: Phrase) -> bool:
    """ "Negative for change in the heart size, effusion or scar": the list goes on."""
    return phrase.joined_by(Word.OR, Word.COMMA, Word.AND) and phrase.head is not None and not is_definite(phrase)


def _takes_out(phrase: Phrase) -> bool:
    """ "Resection of the nodule": it is out."""
    head = phrase.head
    return head is not None and head.text in _TAKING_OUT and head.presence is Presence.PRESENT


def _aside_is_over(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "Edema, but no effusion, and scoliosis", "scar (without effusion) and scoliosis": the denial was an aside."""
    words = [unit.word for unit in phrases[index].joint]
    before = phrases[index - 1].joint if index > 0 else []
    if words == [Word.COMMA] and [unit.word for unit in before] == [Word.COMMA, Word.NEGATION]:
        # "Hyperinflation, without effusion, scar in the apex".
        placed = bool(following) and following[0].word is Word.IN and phrases[index].head is not None
        return placed and index > 1 and not _in_list(phrases, index)
    if words[:1] != [Word.COMMA] or words[-1] is not Word.AND or Word.NEGATION not in [unit.word for unit in before]:
        return False
    bracket = before[0].text == "(" and phrases[index].joint[0].text == ")"
    return bracket or [unit.word for unit in before[:2]] == [Word.COMMA, Word.BUT]


def _less_favored(phrases: list[Phrase], index: int) -> bool:
    """ "Favor atelectasis over infection"."""
    favored = any(unit.text.startswith(("favor", "favour")) for phrase in phrases[: index + 1] for unit in phrase.joint)
    return favored and phrases[index].head is not None and any(unit.text == "over" for unit in phrases[index].joint)


def _not_told_apart(phrases: list[Phrase], index: int) -> bool:
    """ "Cannot distinguish edema from pneumonia"."""
    said = any(
        "distinguish" in unit.text or "differentiate" in unit.text for one in phrases[:index] for unit in one.joint
    )
    return said and phrases[index].head is not None and phrases[index].joint[0].text == "from"


def _say(phrase: Phrase, state: Presence) -> None:
    """Give the phrase its presence; "not significantly changed effusion" denies the change alone."""
    unchanged = state is Presence.ABSENT and phrase.head is not None and _denies_change(phrase)
    for unit in phrase.units:
        if unit.word in OBSERVATIONS:
            change = unit.word in _CHANGES or unit.text == "change"
            unit.presence = Presence.PRESENT if unchanged and not change else state


def _denies_change(phrase: Phrase) -> bool:
    """Whether "not", and no "no", stands right before a word of change."""
    first = next((unit for unit in phrase.units if unit.word is not Word.DEGREE), None)
    denied = bool(phrase.joint) and phrase.joint[-1].word is Word.NOT
    return denied and first is not None and first.word is Word.CHANGE


def _repeats_denied(title: Phrase, phrase: Phrase, *, last: bool) -> bool:
    """ "Free air: no free air", "effusion: no significant"."""
    denied = [unit.word for unit in phrase.joint[:2]] == [Word.COLON, Word.NEGATION]
    if not denied or title.head is None:
        return False
    if phrase.head is None:
        return last and not phrase.anatomy and all(unit.word is not Word.CHANGE for unit in phrase.units)
    return title.head.text == phrase.head.text


def _answers_no(before: Phrase, phrase: Phrase) -> bool:
    """ "Pneumothorax: negative", "occult blood was negative", "fracture negative"."""
    if phrase.units[0].text != "negative" or len(phrase.units) > 1:
        return False
    if not phrase.joint and before.head is not None and before.head.word is Word.FINDING:
        return True
    return phrase.joined_by(Word.COLON) or phrase.roles in _WITHOUT_OTHERS


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


def _ending(state: Presence, phrase: Phrase, following: list[Unit], *, listed: bool, asked: bool) -> Presence:
    """The state that is left of an earlier cue when this phrase begins."""
    words = {unit.word for unit in phrase.joint}
    if state is Presence.PRESENT or words & {Word.BUT, Word.COLON}:
        return Presence.PRESENT
    if listed and (phrase.coordinated or (state is Presence.ABSENT and not words & _NEW_SUBJECTS)):
        return state
    if state is Presence.ABSENT:
        turned = any(unit.word is Word.WITH and unit.text not in _EXAMPLES for unit in phrase.joint)
        fresh = turned or _is_preferred(phrase) or _said_and_done(phrase) or _fresh_statement(phrase, words, following)
        return Presence.PRESENT if fresh else state
    return state if _hedge_goes_on(phrase, words) or asked else Presence.PRESENT


def _is_asked(phrases: list[Phrase], index: int, tail: list[Unit]) -> bool:
    """ "R/O effusion, edema": a request, without a verb, asks for each item of its list."""
    request = any(unit.text in _REQUESTS for unit in phrases[0].joint[:1])
    verbs = any(unit.word in {Word.COPULA, Word.SHOW} for phrase in phrases for unit in phrase.joint) or tail
    return request and not verbs and phrases[index].coordinated


def _hedge_goes_on(phrase: Phrase, words: set[Word]) -> bool:
    """A hedge reaches over alternatives and coordinated findings; a comma, a place or a verb ends it."""
    if words == {Word.OF} and phrase.head is not None and bare_of(phrase):
        return True
    if words & {Word.OR, Word.VERSUS} or (phrase.coordinated and Word.COMMA not in words):
        return True
    if not words:
        return phrase.head is not None or phrase.predicate
    return not (words & _ENDS_HEDGE or Word.AND in words)


def bare_of(phrase: Phrase) -> bool:
    """ "Focus of airspace disease"; but "worsening of the effusion" speaks of one that is known to be there."""
    return (
        bool(phrase.joint) and phrase.joint[-1].word is Word.OF and phrase.units[0].first == phrase.joint[-1].last + 1
    )


def possibly_from(phrase: Phrase) -> bool:
    """ "Effusion, possibly from pleuritis", "clips, XXXX from surgery": the cause is named."""
    cues = phrase.joint[-2:]
    return cues[-1:] != [] and cues[-1].text == "from" and cues[0].word in {Word.HEDGE, Word.HOLE}


def _is_preferred(phrase: Phrase) -> bool:
    """ "Rather than edema this looks like fibrosis"."""
    words = [unit.word for unit in phrase.joint]
    return words[:1] == [Word.SUBJECT] and len(words) > 1 and words[1] in {Word.COPULA, Word.SUGGEST, Word.SHOW}


def _said_and_done(phrase: Phrase) -> bool:
    """After its verb and a comma a denial is over ("no effusion is seen, left crowding"); so before "this", "there"."""
    words = [unit.word for unit in phrase.joint]
    if Word.OR in words or not {Word.COMMA, Word.AND, Word.BUT} & set(words):
        return False
    if Word.SUBJECT in words or Word.THERE in words:
        return True
    return Word.COMMA in words and bool({Word.REPORT, Word.COPULA} & set(words[: words.index(Word.COMMA)]))


def _fresh_statement(phrase: Phrase, words: set[Word], following: list[Unit]) -> bool:
    """Whether, after a denial, a comma or "and" opens a statement of its own."""
    if not words and phrase.head is not None and any(unit.text in lexicon().fresh for unit in phrase.describing):
        # "No disease stable scar": run on without a stop.
        return True
    if not words & {Word.COMMA, Word.AND} or Word.OR in words:
        return bool(words & {Word.SUGGEST, Word.SUGGEST_MAYBE}) and Word.COMMA in words
    if any(unit.text == "(" for unit in phrase.joint) and phrase.head is not None:
        return True
    if Word.AND in words and Word.COMMA in words and phrase.head is not None and phrase.units[0].opens:
        # "No edema, and no scar, and a nodule".
        return True
    if not phrase.cuts and any(unit.text in lexicon().fresh for unit in phrase.describing):
        return True
    verb = bool(following) and following[0].word in {Word.COPULA, Word.SHOW}
    return verb and phrase.head is None and bool(phrase.anatomy)


def _tells_more(phrase: Phrase, following: list[Unit], after: Phrase | None) -> bool:
    """Whether, behind "and" or a comma, something is said of the finding that only what is there can have.

    "No edema, and the effusion is stable", "..., effusion unchanged", "..., effusion persists", "..., effusion is
    possible"; not "no edema, and effusion is seen".
    """
    if Word.OR in phrase.roles or not phrase.joined_by(Word.AND, Word.COMMA) or not (phrase.head or phrase.anatomy):
        return False
    if not following:
        return after is not None and after.head is None and bool(after.describing) and not after.anatomy
    words = {unit.word for unit in following}
    if Word.NOT_EXCLUDED in words or {Word.NOT, Word.EXCLUDE} <= words or following[0].text.startswith("again"):
        return True
    if following[0].word not in {Word.COPULA, Word.SHOW} or words & _DENIES_OR_SEES:
        return False
    return after is not None or words == {Word.COPULA} or Word.HEDGE in words


def _is_new_now(phrases: list[Phrase], index: int) -> bool:
    """ "Resolution of the edema, new effusion", "resolved edema and new effusion"."""
    cues = [unit for phrase in phrases[:index] for unit in phrase.joint if unit.word in {Word.NEGATION, Word.GONE}]
    ended = bool(cues) and (cues[-1].word is Word.GONE or cues[-1].text.endswith(_ENDED))
    linked = phrases[index].joined_by(Word.COMMA, Word.AND)
    return ended and linked and any(one.text in _NEW for one in phrases[index].describing)


def _is_change(phrase: Phrase) -> bool:
    """Of what is there: "no progression of", "no change in"; not "no development of"."""
    changes = any(unit.word is Word.PROCESS or unit.text in {"change", "changes"} for unit in phrase.units)
    return changes and not any(unit.text in BEGINNINGS for unit in phrase.units)


def _is_news(phrase: Phrase) -> bool:
    """ "No change in the nodule or new nodule", "or progression": denied again."""
    process = phrase.head is not None and phrase.head.word is Word.PROCESS
    return process or Word.HOLE in phrase.roles or any(unit.text in _NEW for unit in phrase.describing)


def _opens_place(following: list[Unit]) -> bool:
    return any(unit.word in {Word.IN, Word.OF} for unit in following)
