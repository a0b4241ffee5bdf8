"""A second finding without a name of its own: "no large effusion, but a small one", "that on the left has gone"."""

from vlmkg.reading.lexicon.words import CONTENT, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit

_ONES = frozenset({"one", "ones"})
_SIZES = frozenset(
    {"small", "large", "big", "tiny", "minimal", "trace", "moderate", "subtle", "minor", "sizable", "sizeable"}
    | {"larger", "smaller", "major", "significant", "new", "thin", "faint"}
)
_THAT = frozenset({"that", "those"})
_PLACING = frozenset({"on", "in", "at", "of"})
_HAVING = (("has",), ("have",), ("had",))
_TURNS = frozenset({Word.COMMA, Word.BUT, Word.AND, Word.COLON})
_VERBS = frozenset({Word.COPULA, Word.SHOW})
_NAMING = OBSERVATION_NOUNS | {Word.HEDGE, Word.NOT_EXCLUDED, Word.EXCLUDE, Word.NOT}
_OVER = frozenset({Word.GONE, Word.NEGATION, Word.NOT})
_ENDINGS = frozenset({Word.GONE, Word.NEGATION})


def with_second_ones(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The units of a sentence in which nothing is said of the first finding that holds for the second alone."""
    if not _ONES.isdisjoint(tokens):
        units = _another_size(units, tokens)
    if not _THAT.isdisjoint(tokens):
        units = _that_elsewhere(units, tokens)
    if tokens[-1] == "not" and tokens[-2:-1] in _HAVING:
        units = _without_left_out(units)
    return units


def _without_left_out(units: list[Unit]) -> list[Unit]:
    """ "The fibrosis has not.": denied is what was said before of something else, and not the fibrosis."""
    alone = sum(unit.word in OBSERVATION_NOUNS for unit in units) == 1
    alone = alone and all(unit.word in CONTENT for unit in units[:-2])
    return units[:-2] if alone else units


def _another_size(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "No large effusion, but a small one": there is an effusion. What it is not is left out."""
    one = next((at for at in range(1, len(tokens)) if tokens[at] in _ONES and tokens[at - 1] in _SIZES), None)
    denial = next((at for at, unit in enumerate(units) if unit.word is Word.NEGATION), None)
    if one is None or denial is None or units[denial].last > one:
        return units
    noun = next((at for at in range(denial + 1, len(units)) if units[at].word in OBSERVATION_NOUNS), None)
    if noun is None or units[noun].first > one:
        return units
    between = [unit for unit in units[noun + 1 :] if unit.last < one]
    behind = [unit for unit in units if unit.first > one]
    named = any(unit.word in _NAMING for unit in between + behind)
    if named or not any(unit.word in _TURNS for unit in between) or any(unit.word is Word.NEGATION for unit in between):
        return units
    said = [unit for unit in units[denial + 1 :] if unit.text not in _SIZES or unit.first > units[noun].first]
    return units[:denial] + said


def _that_elsewhere(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "The right effusion has resolved, that on the left has not": there is one on the left.

    "The right drain is unchanged, that on the left has been removed": the named one stays.
    """
    that = next(
        (at for at in range(2, len(tokens) - 2) if tokens[at] in _THAT and tokens[at + 1] in _PLACING), len(tokens)
    )
    before = [unit for unit in units if unit.last < that]
    after = [unit for unit in units if unit.first > that]
    turned = before[-1:] != [] and before[-1].word in _TURNS
    if not after or not turned or not any(unit.word in OBSERVATION_NOUNS for unit in before):
        return units
    if any(unit.word in OBSERVATION_NOUNS or unit.word in _TURNS for unit in after):
        return units
    while before and before[-1].word in _TURNS:
        before = before[:-1]
    ended = any(unit.word in _ENDINGS for unit in before)
    if after[-1].word is Word.NOT:
        place = [unit for unit in after[:-1] if unit.word not in _VERBS and unit.word is not Word.RELATIVE]
        if not any(unit.word is Word.GONE for unit in before):
            return before + place
        sided = any(unit.word is Word.SIDE for unit in place)
        kept = [unit for unit in before if unit.word is not Word.GONE and unit.word not in _VERBS]
        return [unit for unit in kept if not (sided and unit.word is Word.SIDE)] + place
    if any(unit.word is Word.GONE for unit in before) and not any(unit.word in _OVER for unit in after):
        # "Has resolved, but that on the left persists".
        kept = [unit for unit in before if unit.word is not Word.GONE and unit.word not in _VERBS]
        sided = any(unit.word is Word.SIDE for unit in after)
        kept = [unit for unit in kept if not (sided and unit.word is Word.SIDE)]
        return kept + [unit for unit in after if unit.word is not Word.RELATIVE]
    gone = any(unit.word is Word.GONE for unit in after)
    return before if gone and not ended and any(unit.word in CONTENT for unit in after) else units
