"""Words that are shared or left out: "right and left lower lobes", "mild, stable cardiomegaly", "none on the right"."""

from vlmkg.reading.lexicon.words import ANATOMY, ANATOMY_NOUNS, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrases import Phrase

_LINKS = frozenset({Word.AND, Word.OR, Word.COMMA, Word.THAN, Word.VERSUS, Word.BUT, Word.HOLE})
_NONE = frozenset({"none", "nil", "nothing"})
_LOBES = frozenset({"rul", "rml", "rll", "lul", "lll", "ruz", "rmz", "rlz", "luz", "lmz", "llz", "lingula"})
_COMPARATIVES = frozenset(
    {"smaller", "larger", "bigger", "better", "worse", "denser", "wider", "thicker", "longer", "shorter", "greater"}
    | {"higher", "lower", "less", "different"}
)
_OPPOSED = frozenset({"old", "chronic", "remote", "healed", "small", "tiny", "minor", "calcified", "benign", "prior"})
_BEFORE_OPPOSED = frozenset({Word.THERE, Word.COPULA, Word.COLON})
_HAVING = frozenset({"has", "have", "had"})
_DENIALS = frozenset({Word.NEGATION, Word.NOT})
_OUTLINED = frozenset({"heart", "aorta", "liver", "spleen", "kidney", "kidneys"})


def share_nouns(phrases: list[Phrase]) -> list[Phrase]:
    """The phrases, with those that have no noun of their own joined to the one whose noun they share."""
    result: list[Phrase] = []
    for phrase in phrases:
        before = result[-1] if result else None
        own = len(result) > 1 and result[-2].head is not None and _has_its_side(before, phrase)
        own = own or (len(result) > 1 and (_trails(before, phrase) or _denied_of(result[-2], before)))
        if before is not None and not own and _only_links(phrase) and _shares(before, phrase):
            cuts = [*before.cuts, len(before.units), *(cut + len(before.units) for cut in phrase.cuts)]
            compared = phrase.joined_by(Word.THAN)
            result[-1] = Phrase(before.joint, before.units + phrase.units, cuts, before.predicate, compared)
        else:
            result.append(phrase)
    return result


def _has_its_side(before: Phrase | None, phrase: Phrase) -> bool:
    """ "Drain on the right, chest tube ...", "drain right, chest tube ...": the side is that of the first finding."""
    placed = before is not None and (before.joined_by(Word.IN) or not before.joint)
    sided = placed and before is not None and all(_is_short(unit) for unit in before.units)
    tissue = phrase.units[0].word is Word.TISSUE and phrase.roles == {Word.AND}
    if sided and phrase.roles == {Word.COMMA} and phrase.units[0].word in ANATOMY_NOUNS:
        # "Cap on the left, trachea deviated".
        return True
    return sided and (tissue or phrase.roles == {Word.COMMA}) and phrase.head is not None


def _denied_of(subject: Phrase, before: Phrase | None) -> bool:
    """ "Heart not enlarged, small effusion": the word in front is denied of the heart, without a verb."""
    if before is None or before.anatomy or before.joint[-1:] == [] or before.joint[-1].word is not Word.NOT:
        return False
    return len(before.joint) == 1 and subject.head is None and bool(subject.anatomy)


def _trails(before: Phrase | None, phrase: Phrase) -> bool:
    """ "Effusion, small, unchanged, left": the side is that of the finding in front."""
    if before is None or before.anatomy or not (before.roles == phrase.roles == {Word.COMMA}):
        return False
    return all(unit.word is Word.SIDE for unit in phrase.units)


def _is_short(unit: Unit) -> bool:
    return unit.word is Word.SIDE or unit.text in _LOBES


def _only_links(phrase: Phrase) -> bool:
    return phrase.roles <= _LINKS and phrase.roles != {Word.HOLE} and bool(phrase.roles)


def _is_verb(before: Phrase) -> bool:
    """ "Has increased": the change is the verb, and no adjective of a noun to come."""
    changed = bool(before.units) and all(unit.word is Word.CHANGE for unit in before.units)
    return changed and bool(before.joint) and before.joint[-1].text in _HAVING


def _names_known(before: Phrase, phrase: Phrase) -> bool:
    """ "Improved, the effusion", "not enlarged, but a small effusion": the article begins a noun group of its own."""
    return phrase.units[0].opens and not before.anatomy


def _shares(before: Phrase, phrase: Phrase) -> bool:
    if before.head is not None or before.predicate or _stands_alone(before, phrase):
        return False
    has_noun = any(unit.word in ANATOMY_NOUNS or unit.word in OBSERVATION_NOUNS for unit in phrase.units)
    if any(unit.word in ANATOMY_NOUNS for unit in before.units):
        return _outlines(before, phrase) or _two_sides(before, phrase) or _two_lobes(before, phrase)
    if before.describing and before.anatomy and not phrase.joined_by(Word.THAN):
        return _each_side(before, phrase) or (
            has_noun and not phrase.describing and bool(phrase.anatomy) and not phrase.joined_by(Word.COMMA)
        )
    if phrase.joined_by(Word.BUT) and before.anatomy:
        return False
    if before.anatomy:
        return (has_noun or phrase.joined_by(Word.THAN)) and bool(phrase.anatomy)
    return has_noun or bool(phrase.anatomy)


def _stands_alone(before: Phrase, phrase: Phrase) -> bool:
    return (
        is_bare_comparison(before)
        or _names_known(before, phrase)
        or _is_verb(before)
        or _measured_place(before, phrase)
    )


def is_bare_comparison(phrase: Phrase) -> bool:
    """ "No smaller", "no worse": the finding before it has not changed, and nothing after it is denied."""
    denied = phrase.joint[-1:] != [] and phrase.joint[-1].word in _DENIALS
    return denied and len(phrase.units) == 1 and phrase.units[0].text in _COMPARATIVES


def _measured_place(before: Phrase, phrase: Phrase) -> bool:
    """ "In the RLL (9 mm) and LUL": the measurement is of what is in the RLL."""
    return phrase.head is None and all(unit.word is Word.MEASURE for unit in before.units)


def _each_side(before: Phrase, phrase: Phrase) -> bool:
    """ "Small right and moderate left effusions": each side has its own words."""
    sided = all(one.describing and any(unit.word is Word.SIDE for unit in one.anatomy) for one in (before, phrase))
    return (
        sided
        and phrase.head is not None
        and phrase.joined_by(Word.AND, Word.COMMA)
        and before.units[-1].word is Word.SIDE
    )


def _outlines(before: Phrase, phrase: Phrase) -> bool:
    """ "Heart and mediastinal contours"."""
    dimension = phrase.units[-1].word is Word.DIMENSION and len(phrase.units) > 1
    return dimension and phrase.joined_by(Word.AND) and before.units[-1].text in _OUTLINED and phrase.head is None


def _two_lobes(before: Phrase, phrase: Phrase) -> bool:
    """ "RUL and LLL opacities"."""
    named = all(one.units[0].text in _LOBES for one in (before, phrase)) and len(before.units) == 1
    return named and phrase.head is not None


def _two_sides(before: Phrase, phrase: Phrase) -> bool:
    """ "Left lung and left hilar granulomas"."""
    sides = [any(unit.word is Word.SIDE for unit in one.units) for one in (before, phrase)]
    plural = phrase.head is not None and phrase.head.text.endswith("s")
    plain = phrase.units[0].word is Word.SIDE and plural
    return all(sides) and plain and phrase.joined_by(Word.AND)


def without_other_side(units: list[Unit]) -> list[Unit]:
    """Without "but no right" in "left but no right effusion", "but no new" in "old but no new scar".

    It denies a second finding, not the one on the left.
    """
    if not any(unit.word in _DENIALS for unit in units):
        return units
    first, behind = _no_right(units)
    if behind:
        return units[:first] + units[behind:]
    for index in range(len(units) - 3):
        opposed = units[index].text in _OPPOSED and all(unit.word in _BEFORE_OPPOSED for unit in units[:index])
        if units[index].word is not Word.SIDE and not opposed:
            continue
        end = _other_side_end(units, index + 1)
        if end is not None and _finding_ahead(units, end):
            return units[: index + 1] + units[end:]
    return units


def _no_right(units: list[Unit]) -> tuple[int, int]:
    """First and end of "no right," in "no right, small left effusion"; (0, 0) where there is no such thing."""
    first = next((at for at, unit in enumerate(units) if unit.word is Word.NEGATION), len(units))
    words = [unit.word for unit in units[first : first + 3]]
    if any(unit.word not in _BEFORE_OPPOSED for unit in units[:first]) or words[:2] != [Word.NEGATION, Word.SIDE]:
        return 0, 0
    end = first + 2
    while end < len(units) and units[end].word in _LINKS:
        end += 1
    other = end
    while other < len(units) and units[other].word is Word.DESCRIPTOR:
        other += 1
    sided = end < other < len(units) and units[other].word is Word.SIDE and units[other].text != units[first + 1].text
    return (first, end) if end > first + 2 and sided and _finding_ahead(units, other + 1) else (0, 0)


def _other_side_end(units: list[Unit], start: int) -> int | None:
    """Where ", but not right," ends; None if nothing of the kind stands there."""
    at = start
    while at < len(units) and units[at].word in {Word.COMMA, Word.BUT, Word.AND}:
        at += 1
    denied = at > start and at + 1 < len(units) and units[at].word in _DENIALS
    if not denied or units[at + 1].word is not units[start - 1].word:
        return None
    at += 2
    return at + 1 if at < len(units) and units[at].word is Word.COMMA else at


def _finding_ahead(units: list[Unit], index: int) -> bool:
    """Whether the words from here on lead up to an observation noun."""
    while index < len(units) and (units[index].word in ANATOMY or units[index].word is Word.DESCRIPTOR):
        index += 1
    return index < len(units) and units[index].word in OBSERVATION_NOUNS


def without_elsewhere(units: list[Unit]) -> list[Unit]:
    """Without ", none on the right" behind a finding: it denies a second one, not the one before it."""
    for index, unit in enumerate(units):
        said = unit.text in _NONE and any(one.word in OBSERVATION_NOUNS for one in units[:index])
        linked = said and units[index - 1].word in {Word.COMMA, Word.AND, Word.BUT}
        if not linked or units[index + 1 : index + 2] == [] or units[index + 1].word is not Word.IN:
            continue
        end = index + 2
        while end < len(units) and units[end].word in ANATOMY:
            end += 1
        if end > index + 2:
            return units[: index - 1] + without_elsewhere(units[end:])
    return units
