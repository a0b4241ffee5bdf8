"""What a sentence says of the exam, of history and of what to do next: none of it is a finding."""

from vlmkg.lexicon.load import lexicon
from vlmkg.lexicon.words import (
    ANATOMY,
    ANATOMY_ADJECTIVES,
    ANATOMY_NOUNS,
    CONTENT,
    OBSERVATION_ADJECTIVES,
    OBSERVATION_NOUNS,
    OBSERVATIONS,
    Word,
)
from vlmkg.rules.labels import Unit

_CLAUSE_BREAKS = frozenset({Word.COMMA, Word.COLON, Word.BUT, Word.RELATIVE})
_HISTORY_ENDS = _CLAUSE_BREAKS | {Word.COPULA, Word.SHOW, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.SUBJECT, Word.THERE}
_TIME_WORDS = frozenset({"prior", "previous", "recent", "old", "earlier", "remote", "new"})
_WHOLE_BODY = frozenset({"chest", "abdomen", "thorax", "pelvis"})
_BARE_FINDINGS = frozenset({"finding", "findings"})
_COMPARATIVES = frozenset({"most", "more", "rather", "quite", "somehow"})
_EMPTIED = frozenset({"clear", "free"})
_RESULTS = frozenset({"normal", "negative", "unremarkable", "stable", "unchanged", "abnormal", "clear"})
_OTHER_EXAMS = frozenset(
    {"prior", "previous", "comparison", "earlier", "outside", "lateral", "frontal", "ap", "pa", "old", "recent"}
)
_CHANGE_ONLY = frozenset({"interval"})


def without_exam_talk(units: list[Unit]) -> list[Unit]:
    """The units that speak of the patient's body today."""
    if any(unit.word is Word.TALK for unit in units):
        return []
    units = _without_history(_without_recommendation(units))
    units = _without_exam(units)
    return [unit for index, unit in enumerate(units) if _speaks(units, index)]


def _without_recommendation(units: list[Unit]) -> list[Unit]:
    cue = next((index for index, unit in enumerate(units) if unit.word is Word.RECOMMEND), None)
    if cue is None:
        return units
    for index in range(cue - 1, -1, -1):
        word = units[index].word
        talk = not _has_findings(units[index:cue]) or _about_exam(units[index:cue])
        if word in _CLAUSE_BREAKS or (word is Word.AND and talk):
            return units[:index] if talk else units[:cue]
    return [] if _about_exam(units[:cue]) or not _has_findings(units[:cue]) else units[:cue]


def _about_exam(units: list[Unit]) -> bool:
    return any(unit.word is Word.EXAM for unit in units)


def _has_findings(units: list[Unit]) -> bool:
    return any(unit.word in OBSERVATION_NOUNS for unit in units)


def _without_history(units: list[Unit]) -> list[Unit]:
    start = next((index for index, unit in enumerate(units) if unit.word is Word.HISTORY), None)
    if start is None or any(unit.word in {Word.SUGGEST, Word.SUGGEST_MAYBE} for unit in units[:start]):
        return units
    end = start + 1
    while end < len(units) and units[end].word not in _HISTORY_ENDS:
        end += 1
    return units[:start] + units[end:]


def _without_exam(units: list[Unit]) -> list[Unit]:
    """Drop exam words with the adjectives before them and the "of the chest" after them."""
    dropped = [unit.word is Word.EXAM for unit in units]
    if not any(dropped):
        return units
    for index in range(len(units) - 1, -1, -1):
        if not dropped[index]:
            continue
        before = index - 1
        while before >= 0 and _of_the_exam(units, before, index):
            dropped[before] = True
            before -= 1
        if before >= 0 and units[before].word is Word.IN:
            dropped[before] = True
            if any(one.text in _OTHER_EXAMS for one in units[before + 1 : index + 1]):
                _drop_denial(units, dropped, before)
        after = index + 1
        if after + 1 < len(units) and units[after].word is Word.OF and units[after + 1].text in _WHOLE_BODY:
            dropped[after] = dropped[after + 1] = True
    _drop_quality(units, dropped)
    return [unit for unit, drop in zip(units, dropped, strict=True) if not drop]


def _drop_denial(units: list[Unit], dropped: list[bool], before: int) -> None:
    """ "Not seen on the prior exam", "not seen on the lateral view": no denial of what is seen today."""
    while before > 0 and units[before - 1].word in {Word.REPORT, Word.COPULA}:
        before -= 1
    if before > 0 and units[before - 1].word is Word.NOT:
        dropped[before - 1] = True


def _bare_part(units: list[Unit], index: int) -> bool:
    """ "Portions of the bowel": the portion is not said, and "of" joins nothing."""
    return index >= 0 and units[index].word is Word.PART and (index == 0 or units[index - 1].word not in ANATOMY)


def _drop_quality(units: list[Unit], dropped: list[bool]) -> None:
    """ "The lateral view is nondiagnostic", "the patient is rotated": said of the exam, not of the body."""
    verb = next((index for index, drop in enumerate(dropped) if not drop), len(units))
    if verb == 0 or verb == len(units) or units[verb].word is not Word.COPULA:
        return
    for index in range(verb + 1, len(units)):
        if units[index].word not in OBSERVATION_ADJECTIVES or units[index].text in _RESULTS:
            return
        dropped[index] = True


def _of_the_exam(units: list[Unit], before: int, exam: int) -> bool:
    """An adjective of the exam; a body part only right before it: "rib series", not "the spine, lateral view"."""
    unit = units[before]
    if unit.word is Word.AND:
        return _exam_word(units, before - 1)
    close = units[exam].first - unit.last == 1
    return unit.text in lexicon().exam_adjectives and (close or unit.word not in ANATOMY_NOUNS)


def _exam_word(units: list[Unit], index: int) -> bool:
    return index >= 0 and (units[index].word is Word.EXAM or units[index].text in lexicon().exam_adjectives)


def _speaks(units: list[Unit], index: int) -> bool:
    """Whether the unit stays; a bare "findings" becomes a word that stands for the finding named last."""
    unit = units[index]
    before = units[index - 1].word if index else Word.OTHER
    after = units[index + 1].word if index + 1 < len(units) else Word.OTHER
    if unit.word is Word.NOTHING:
        return False
    if unit.text in _TIME_WORDS and before is not Word.COPULA:
        return after in CONTENT or after is Word.HOLE or before in {Word.AND, Word.OR}
    if unit.text in _CHANGE_ONLY:
        return after in OBSERVATIONS
    if unit.word is Word.DEGREE:
        return after in (OBSERVATION_ADJECTIVES if unit.text in _COMPARATIVES else OBSERVATIONS)
    if unit.word is Word.PART:
        return before in ANATOMY_ADJECTIVES or before in ANATOMY_NOUNS
    if unit.word is Word.NOT and index + 2 < len(units) and units[index + 1].text == "well":
        return units[index + 2].word is not Word.REPORT
    if unit.word is Word.OF and (before is Word.SUBJECT or _bare_part(units, index - 1)):
        return False
    if unit.word is Word.OF and index and units[index - 1].text in _EMPTIED:
        unit.word = Word.NEGATION
    if unit.word is Word.CHANGE and unit.text.endswith("ing") and after in {Word.OF, Word.IN}:
        # "Worsening of the opacity": a noun.
        unit.word = Word.PROCESS
    if unit.text == "midline" and after not in CONTENT and before is not Word.IN:
        # "The trachea is midline": said of it; "a midline scar": where.
        unit.word = Word.DESCRIPTOR
    if unit.text == "to" and before in OBSERVATION_ADJECTIVES and after in OBSERVATION_ADJECTIVES:
        return False
    if unit.text in _BARE_FINDINGS and before not in CONTENT and before not in {Word.NEGATION, Word.HOLE}:
        unit.word = Word.SUBJECT
    return True
