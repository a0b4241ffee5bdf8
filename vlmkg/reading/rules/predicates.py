"""Denials and doubts of a finding's description, with the verb omitted or in front; the finding stays present."""

from itertools import pairwise

from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.known import is_definite
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrases import Phrase
from vlmkg.reading.rules.statements import Statement
from vlmkg.schema import Presence

_STATES = frozenset({Word.GONE, Word.REPORT})
_PREDICATES = frozenset({Word.CHANGE, Word.DESCRIPTOR})
_OF_THESE = frozenset({"neither", "neither of", "none of the", "none of these", "none of those"})
_INVERTED = ([Word.NEGATION, Word.SHOW], [Word.NEGATION, Word.COPULA])


def leaves_verb_out(before: list[Unit], phrases: list[Phrase], tail: list[Unit]) -> bool:
    """ "The edema is improved, the effusion is not": denied is what was said before, and not the effusion."""
    cues = [unit.word for unit in tail if unit.word is not Word.HEDGE]
    if not cues or cues[-1] is not Word.NOT or not set(cues) <= {Word.NOT, Word.COPULA, Word.SHOW}:
        return False
    link = next(
        (at for at in range(len(phrases) - 1, -1, -1) if phrases[at].joined_by(Word.COMMA, Word.AND, Word.BUT)), 0
    )
    said = before + [unit for phrase in phrases[:link] for unit in phrase.joint + phrase.describing]
    said += phrases[link].joint if phrases else []
    verbs = [unit.word for unit in said if unit.word in _PREDICATES or (unit.word in _STATES)]
    placed = any(one.word is Word.COPULA and two.word is Word.IN for one, two in pairwise(said))
    return (bool(verbs) and verbs[-1] is not Word.REPORT) or (not verbs and placed)


def has_gone_too(statement: Statement) -> bool:
    """ "The effusion has not resolved but the edema has": the edema has resolved."""
    phrases, tail = statement.phrases, statement.tail
    if [unit.word for unit in tail] != [Word.SHOW] or not phrases or phrases[-1].head is None:
        return False
    said = [unit.word for unit in statement.before]
    said += [unit.word for phrase in phrases for unit in phrase.joint + phrase.describing]
    turned = phrases[-1].joined_by(Word.BUT)
    return turned and Word.NOT in said and Word.GONE in said and said.index(Word.NOT) < said.index(Word.GONE)


def denies_predicate(statement: Statement, index: int) -> bool:
    """ "Nor has the effusion changed", "the edema has not changed, nor has the effusion": only the change is denied."""
    phrase = statement.phrases[index]
    if denies_what_it_did(statement, index):
        return True
    inverted = phrase.joint[-2:] if is_definite(phrase) and phrase.head is not None else []
    if [unit.word for unit in inverted] not in _INVERTED or inverted[0].text not in {"nor", "neither"}:
        return False
    after = statement.phrases[index + 1] if index + 1 < len(statement.phrases) else None
    if after is None:
        said = statement.before + [unit for one in statement.phrases[:index] for unit in one.joint + one.describing]
        said += phrase.joint[:-2]
        states = [unit.word for unit in said if unit.word in _PREDICATES or unit.word in _STATES]
        return not statement.tail and bool(states) and states[-1] is not Word.REPORT
    return after.head is None and not after.joint and any(unit.word is Word.CHANGE for unit in after.describing)


def denies_what_it_did(statement: Statement, index: int) -> bool:
    """ "No evidence that the nodule has grown", "it does not appear that the effusion has resolved"."""
    phrases, phrase = statement.phrases, statement.phrases[index]
    if phrase.head is None or not phrase.joined_by(Word.NEGATION, Word.NOT):
        return False
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    following = [unit.word for unit in (after.joint if after else statement.tail)]
    directly = phrase.joint[-1].word is Word.NEGATION
    if (
        directly
        and following[:1] == [Word.SHOW]
        and (Word.GONE in following or (after is not None and len(following) == 1 and _is_change(after)))
    ):
        # "No nodule has resolved", "neither effusion has increased".
        return True
    known = is_definite(phrase) or any(unit.text in _OF_THESE for unit in phrase.joint)
    if not known or not following or following[0] not in {Word.SHOW, Word.COPULA} or Word.REPORT in following:
        return False
    if after is None:
        return following[0] is Word.SHOW
    if following == [Word.SHOW]:
        return True
    return len(following) == 1 and after.head is None and bool(after.describing)


def _is_change(phrase: Phrase) -> bool:
    return bool(phrase.units) and all(unit.word is Word.CHANGE for unit in phrase.units)


def doubts_predicate(phrases: list[Phrase], index: int, state: Presence) -> bool:
    """ "Unclear whether the effusion is new": in doubt is that it is new."""
    after = phrases[index + 1] if index + 1 < len(phrases) else None
    doubted = state is Presence.UNCERTAIN and is_definite(phrases[index]) and phrases[index].head is not None
    return doubted and after is not None and after.predicate and after.head is None and bool(after.describing)
