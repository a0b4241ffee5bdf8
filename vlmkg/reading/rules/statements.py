"""Statements: the clauses of a sentence, each with its own denials and doubts.

A denial or a doubt holds only for its own statement. A new statement begins at "there is" after another statement; at a
known subject with its verb ("no edema, the nodule is stable"); at a place in front ("on the left there is"); at the
other side ("no nodule on the right, scar on the left"); and at a device after a denied finding.
"""

from dataclasses import dataclass

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY_NOUNS, OBSERVATIONS, Word
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrases import Phrase

_LINKS = frozenset({Word.COMMA, Word.AND, Word.BUT})
_LOOSE = frozenset({Word.COMMA, Word.AND, Word.REPORT, Word.COPULA})
_CUES = frozenset(
    {
        Word.NEGATION,
        Word.NOT,
        Word.GONE,
        Word.HEDGE,
        Word.NOT_EXCLUDED,
        Word.EXCLUDE,
        Word.COPULA,
        Word.SHOW,
        Word.THERE,
    }
)
_FEWEST = 2
_WHERE = frozenset({Word.SIDE, Word.PLACE, Word.POSITION})
_SINGULAR = frozenset({"is", "was", "has", "remains", "persists"})
_PLACING = frozenset({Word.IN, Word.OF, Word.AND})
_VERBS = frozenset({Word.COPULA, Word.SHOW})
_SAID = frozenset({Word.COPULA, Word.SHOW, Word.THERE, Word.NEGATION, Word.NOT, Word.GONE, Word.NOT_EXCLUDED})
_BEFORE_THERE = frozenset({Word.NEGATION, Word.NOT, Word.HEDGE, Word.NOT_EXCLUDED, Word.RELATIVE})
SIDE_NAMES = {
    **dict.fromkeys(("left", "lt", "l", "lul", "lll", "leftward"), "left"),
    **dict.fromkeys(("right", "rt", "r", "rul", "rml", "rll", "rightward"), "right"),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """The phrases of one clause, and the function units after the last of them.

    `before`: what the statement before it says of its subject, as units.
    """

    phrases: list[Phrase]
    tail: list[Unit]
    before: list[Unit]


def statements(phrases: list[Phrase], tail: list[Unit]) -> list[Statement]:
    """The statements of a sentence, in order. Their phrases share the sentence's units."""
    if len(phrases) < _FEWEST or all(phrase.roles.isdisjoint(_CUES) for phrase in phrases):
        return [Statement(phrases, tail, [])]
    cuts = [(index, at) for index in range(1, len(phrases)) if (at := _opening(phrases, index, tail)) is not None]
    if not cuts:
        return [Statement(phrases, tail, [])]
    found: list[Statement] = []
    start, opened = 0, phrases[0].joint
    said: list[Unit] = []
    for index, at in [*cuts, (len(phrases), 0)]:
        after = phrases[index].joint[:at] if index < len(phrases) else tail
        first = phrases[start]
        opener = Phrase(opened, first.units, first.cuts, first.predicate, first.compared)
        found.append(Statement([opener, *phrases[start + 1 : index]], after, said))
        said = [unit for phrase in found[-1].phrases for unit in phrase.joint + phrase.describing] + after
        if index < len(phrases):
            start, opened = index, phrases[index].joint[at:]
    return found


def _opening(phrases: list[Phrase], index: int, tail: list[Unit]) -> int | None:
    """The position in the joint of this phrase at which a statement begins; None if the one before goes on."""
    phrase = phrases[index]
    if Word.THERE in phrase.roles or _behind_full_denial(phrases, index):
        return _before_there(phrase.joint) if Word.THERE in phrase.roles else len(phrase.joint)
    if Word.OR in phrase.roles or Word.COLON in phrase.roles:
        return None
    following = phrases[index + 1].joint if index + 1 < len(phrases) else tail
    if phrase.roles <= _LOOSE and not _goes_on(phrases, index):
        link = _link(phrase.joint)
        if _new_subject(phrases, index, tail, linked=link is not None):
            return len(phrase.joint) if link is None else link
    elif Word.IN not in phrase.roles:
        return None
    if _places_anew(phrases, index, following):
        return 0
    return _link(phrase.joint) if _fronted(phrase, following) or _other_side(phrases, index) else None


def _behind_full_denial(phrases: list[Phrase], index: int) -> bool:
    """ "No effusion is noted mild scoliosis": the verb ends the denial, and no mark stands before what is said next."""
    phrase = phrases[index]
    said = [unit.word for unit in phrase.joint] == [Word.COPULA, Word.REPORT]
    if not said or phrase.head is None or not _is_denied_any(phrases[:index]):
        return False
    return not _goes_on(phrases, index) and any(one.head is not None for one in phrases[:index])


def _has_verb(following: list[Unit]) -> bool:
    return bool(following) and (following[0].word in _VERBS or following[0].word is Word.NOT)


def _verb_behind_places(phrases: list[Phrase], index: int, tail: list[Unit]) -> bool:
    """ "The cysts of the scaphoid and radius are": a verb after the places that belong to the phrase."""
    at = index + 1
    while (
        at < len(phrases) and phrases[at].head is None and not phrases[at].describing and phrases[at].roles <= _PLACING
    ):
        at += 1
    return _has_verb(phrases[at].joint if at < len(phrases) else tail)


def _new_subject(phrases: list[Phrase], index: int, tail: list[Unit], *, linked: bool) -> bool:
    """Whether this phrase is the subject of a statement of its own."""
    phrase = phrases[index]
    following = phrases[index + 1].joint if index + 1 < len(phrases) else tail
    verb = _has_verb(following)
    if phrase.units[0].opens and (verb or _verb_behind_places(phrases, index, tail)) and _complete(phrases, index):
        return True
    if (_is_device(phrase) and _is_denied(phrases[:index], phrase)) or _in_its_absence(phrases, index, following):
        return True
    if linked:
        known = phrase.head is not None and phrase.units[0].definite
        seen = Word.COMMA in phrase.roles and (Word.AND in phrase.roles or _is_concession(phrases, index))
        if verb and _doubt_is_over(phrases, index, following):
            return True
        seen = seen or (Word.COMMA in phrase.roles and _is_full(phrases[:index]))
        second = verb and seen and sum(one.head is not None for one in phrases[:index]) == 1
        return second or (_is_denied_any(phrases[:index]) and (known or _after_list(phrases, index, verb=verb)))
    if not _is_denied_any(phrases[:index]) or phrase.predicate:
        return False
    return (verb and len(following) == 1) or _goes_unmarked(phrases, index, following)


def _is_full(before: list[Phrase]) -> bool:
    """ "There is no edema", "no edema in the left lung": a denial with its verb, or with its place."""
    placed = before[-1].head is None and Word.IN in before[-1].roles
    return placed or any(one.roles & _VERBS for one in before)


def _doubt_is_over(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "Likely edema and the nodule is gone": a verb in the singular is not that of both."""
    doubted = any(unit.word in {Word.HEDGE, Word.NOT_EXCLUDED} for one in phrases[:index] for unit in one.joint)
    return doubted and phrases[index].head is not None and following[0].text in _SINGULAR


def _after_list(phrases: list[Phrase], index: int, *, verb: bool) -> bool:
    """Whether what is denied was named in full: "no edema, and left effusion", "no edema is seen and new effusion"."""
    phrase = phrases[index]
    bare = not phrase.describing and not phrase.anatomy and not verb and len(phrases) == index + 1
    if phrase.head is None or bare:
        return False
    ended = phrases[index - 1].joined_by(Word.OR)
    if Word.COMMA not in phrase.roles:
        return phrase.joint[0].word in {Word.COPULA, Word.REPORT}
    listed = any(Word.COMMA in one.roles for one in phrases[1:index])
    return (Word.AND in phrase.roles and (ended or not listed)) or (ended and verb)


def _goes_unmarked(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "No edema small effusion", "no edema heart enlarged": statements without a mark between them."""
    phrase = phrases[index]
    if phrase.head is not None:
        return any(unit.text in lexicon().fresh for unit in phrase.describing) or _told_behind_place(phrases, index)
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    said_of = after is not None and not following and after.head is None and not after.anatomy
    return said_of and bool(phrase.anatomy) and phrase.anatomy[-1].word in ANATOMY_NOUNS and not phrase.describing


def _told_behind_place(phrases: list[Phrase], index: int) -> bool:
    """Whether a place and a word of change follow: "no nodule scar at the apex unchanged"."""
    behind = phrases[index + 1 : index + 3]
    if phrases[index].joint or [one.head for one in behind] != [None, None]:
        return False
    place, said = behind
    return Word.IN in place.roles and not said.joint and all(unit.text in lexicon().fresh for unit in said.units)


def _is_concession(phrases: list[Phrase], index: int) -> bool:
    """Whether the phrases before `index` concede: "though there is no edema, consolidation is present"."""
    first = phrases[0].joint[0].word if phrases[0].joint else Word.OTHER
    return first in {Word.BUT, Word.WITH} and all(Word.COMMA not in one.roles for one in phrases[1:index])


def _is_denied_any(before: list[Phrase]) -> bool:
    return any(unit.word is Word.NEGATION for one in before for unit in one.joint)


def _places_anew(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "No edema right basal scar is seen", "no edema heart enlarged", "scar has grown right scar has gone".

    No word stands between: behind a denied finding, or behind a verb and its words, something with a place is said.
    """
    phrase, before = phrases[index], phrases[index - 1]
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    verb = bool(following) and following[0].word in _VERBS
    if not phrase.joint and before.predicate and before.head is None and phrase.head is not None and verb:
        return True
    if phrase.joint or not phrase.anatomy:
        return False
    told = after is not None and not after.joint and after.head is None and bool(after.describing) and not after.anatomy
    if before.predicate and before.head is None:
        return False
    denied = before.head is not None and Word.NEGATION in before.roles
    if phrase.head is not None:
        return denied and (verb or told or (phrase.units[0].word in _WHERE and _ends_alone(phrases, index, following)))
    organ = any(unit.word is Word.ORGAN for unit in phrase.anatomy)
    return denied and organ and (told or phrase.units[-1] in phrase.describing)


def _in_its_absence(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "In the absence of fever, pneumonia is unlikely": the first comma ends what is said in front."""
    front = [unit.text for unit in phrases[0].joint]
    first = front[:1] == ["in"] and front[-1:] == ["absence of"]
    return first and _has_verb(following) and not any(Word.COMMA in one.roles for one in phrases[1:index])


def _ends_alone(phrases: list[Phrase], index: int, following: list[Unit]) -> bool:
    """ "No effusion bibasilar scar": the last of a sentence without marks."""
    marked = any(unit.word in {Word.COMMA, Word.OR} for phrase in phrases for unit in phrase.joint)
    return index == len(phrases) - 1 and not following and not marked


def _link(joint: list[Unit]) -> int | None:
    """The position of the last comma, "and" or "but" that is followed by no further one."""
    at = next((at for at in range(len(joint) - 1, -1, -1) if joint[at].word in _LINKS), None)
    while at is not None and at > 0 and joint[at - 1].word in _LINKS:
        at -= 1
    return at


def _before_there(joint: list[Unit]) -> int | None:
    """ "No edema, there is": at the comma; but "nor is there", "whether there is" go with the cue before them."""
    there = next(at for at, unit in enumerate(joint) if unit.word is Word.THERE)
    start = there
    while start > 0 and joint[start - 1].word not in _LINKS:
        start -= 1
    if any(unit.word in _BEFORE_THERE for unit in joint[start:there]):
        return None if start == 0 else _link(joint[:start])
    at = _link(joint[:start])
    return there if at is None else at


def _complete(phrases: list[Phrase], index: int) -> bool:
    """Whether something is said before this phrase already: "the edema and the effusion have resolved" is one list."""
    link = _link(phrases[index].joint) or 0
    before = [unit for phrase in phrases[:index] for unit in phrase.joint] + phrases[index].joint[:link]
    return any(unit.word in _SAID for unit in before) or any(phrase.predicate for phrase in phrases[:index])


def _is_device(phrase: Phrase) -> bool:
    return phrase.head is not None and phrase.head.word is Word.DEVICE


def _is_denied(before: list[Phrase], phrase: Phrase) -> bool:
    """ "No pneumothorax, tube in place": a finding is denied, and the device is not."""
    denied = any(unit.word is Word.NEGATION for one in before for unit in one.joint)
    found = any(one.head is not None and one.head.word is Word.FINDING for one in before)
    devices = any(_is_device(one) for one in before)
    return denied and found and not devices and Word.NEGATION not in phrase.roles


def _goes_on(phrases: list[Phrase], index: int) -> bool:
    """Whether the list that this phrase is in ends with "or": "no edema, tube or line"."""
    for later in phrases[index + 1 :]:
        if not later.coordinated:
            return False
        if Word.OR in later.roles:
            return True
    return False


def _fronted(phrase: Phrase, following: list[Unit]) -> bool:
    """ ", on the left there is"."""
    placed = Word.IN in phrase.roles and not any(unit.word in OBSERVATIONS for unit in phrase.units)
    return placed and bool(phrase.roles & _LINKS) and any(unit.word is Word.THERE for unit in following)


def _other_side(phrases: list[Phrase], index: int) -> bool:
    """ "No nodule on the right, scar on the left": the place of the second is the other side of the first's."""
    phrase = phrases[index]
    if phrase.head is None or not phrase.roles <= _LOOSE or not phrase.roles & _LINKS:
        return False
    before = _sides(phrases[index - 1])
    own = _sides(phrase)
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    if not own and after is not None and after.head is None and Word.IN in after.roles:
        own = _sides(after)
    if phrases[index - 1].head is None and not before:
        return False
    return bool(before) and bool(own) and not before & own


def _sides(phrase: Phrase) -> set[str]:
    return {SIDE_NAMES[unit.text] for unit in phrase.anatomy if unit.text in SIDE_NAMES}
