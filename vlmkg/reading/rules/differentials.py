"""What a finding may be, and what an exam is to tell apart: "the differential of the nodule includes a granuloma"."""

from vlmkg.reading.lexicon.words import CONTENT, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit

_DIFFERENTIALS = frozenset({"differential", "ddx", "dd", "differentials"})
_TELLING_APART = frozenset({"differentiate", "distinguish", "discriminate"})


def with_differentials(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The units of `tokens`, with what is only considered as doubted."""
    if not _DIFFERENTIALS.isdisjoint(tokens):
        units = _differential_of(units)
    if not _TELLING_APART.isdisjoint(tokens) and "from" in tokens:
        units = _to_tell_apart(units, tokens)
    return units


def _differential_of(units: list[Unit]) -> list[Unit]:
    """ "The differential of the nodule includes a granuloma": the nodule may be one."""
    at = next((at for at, unit in enumerate(units[:2]) if unit.text.split()[0] in _DIFFERENTIALS), None)
    behind = units[at + 1 : at + 2] if at is not None else []
    if at is None or not behind or not (behind[0].word is Word.OF or behind[0].text == "for"):
        return units
    rest = units[at + 2 :]
    verb = next((one for one in rest if one.word in {Word.WITH, Word.COLON, Word.COPULA, Word.SHOW}), None)
    if verb is None or not any(one.word in OBSERVATION_NOUNS for one in rest if one.first < verb.first):
        return units
    verb.word = Word.SUGGEST_MAYBE
    return units[:at] + rest


def _to_tell_apart(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Ultrasound to differentiate collapse from effusion": either may be there."""
    verb = next(at for at, token in enumerate(tokens) if token in _TELLING_APART)
    other = next((unit for unit in units if unit.text == "from" and unit.first > verb), None)
    before = [unit for unit in units if unit.last < verb]
    if tokens[verb - 1 : verb] != ("to",) or other is None or not before:
        return units
    if before[-1].text == "to":
        before = before[:-1]
    asked = any(unit.word in {Word.EXAM, Word.RECOMMEND, Word.SUGGEST_MAYBE} for unit in before)
    if not asked or any(unit.word in CONTENT for unit in before):
        return units
    other.word = Word.VERSUS
    return [Unit(verb, verb, Word.HEDGE, tokens[verb]), *(unit for unit in units if unit.first > verb)]
