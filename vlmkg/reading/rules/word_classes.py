"""Words whose class depends on their neighbours: "to", "findings", "interval", "midline", "clear of"."""

from collections.abc import Callable

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import (
    ANATOMY,
    CONTENT,
    OBSERVATION_ADJECTIVES,
    OBSERVATION_NOUNS,
    OBSERVATIONS,
    Word,
)
from vlmkg.reading.rules.labels import Unit

_TIME_WORDS = ("prior", "previous", "recent", "old", "earlier", "remote", "new")
_BEFORE_AGE = frozenset({Word.HEDGE, Word.NOT, Word.DEGREE, Word.NOTHING})
_COMPARATIVES = frozenset({"most", "more", "rather", "quite", "somehow"})
_EMPTIED = frozenset({"clear", "free"})
_MANY_DEVICES = frozenset({"tubes", "lines", "devices"})
_BOWELS = frozenset({"small", "large", "and", "or"})
_HOLLOW = frozenset({"thoracic", "pleural", "abdominal", "peritoneal", "pelvic", "cranial", "nasal", "pericardial"})
_LINKING = frozenset({Word.AND, Word.OR, Word.COMMA, Word.IN, Word.OF, Word.NEGATION})
_ANSWERS = frozenset({"negative", "yes", "present", "seen"})
_TURNING = frozenset({"only", "just", "merely"})
_TAKEN_IN = frozenset({"aspirated", "inhaled", "swallowed", "ingested", "foreign", "dislodged"})
_BEHIND_LINE = frozenset({Word.GONE, Word.IN, Word.REPORT, Word.COPULA})
_DATING = frozenset({"in", "last", "since", "until"})
_HAVING = frozenset({"has", "have", "had"})
_VERBAL = frozenset({Word.OF, Word.IN})

Rule = Callable[[list[Unit], int, Word, Word], Word]


def in_context(units: list[Unit]) -> list[Unit]:
    """The units with their class in this sentence, without those that say nothing here."""
    kept = []
    for index, unit in enumerate(units):
        if unit.word is Word.NOTHING and unit.text not in _TURNING:
            continue
        rule = _BY_TEXT.get(unit.text) or _BY_WORD.get(unit.word)
        if rule is not None:
            before = units[index - 1].word if index else Word.OTHER
            after = units[index + 1].word if index + 1 < len(units) else Word.OTHER
            unit.word = rule(units, index, before, after)
        if unit.word is not Word.NOTHING:
            kept.append(unit)
    return kept


def _asked(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Effusion? No.": an answer follows."""
    answered = index > 0 and (after in {Word.NEGATION, Word.GONE, Word.NOT} or units[-1].text in _ANSWERS)
    return Word.COLON if answered else units[index].word


def _only(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "No mass, only a granuloma": the clause turns."""
    if before is Word.FINDING and after in CONTENT and any(unit.word is Word.NEGATION for unit in units[:index]):
        return Word.BUT
    return Word.BUT if before is Word.COMMA else units[index].word


def _none(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Nodules, none new", "nodules, none over 5 mm": it speaks of a word about them."""
    if before not in {Word.COMMA, Word.BUT, Word.AND}:
        return units[index].word
    if after in OBSERVATION_ADJECTIVES:
        return Word.NEGATION
    measured = after is Word.IN and index + 2 < len(units) and units[index + 2].word is Word.MEASURE
    return Word.NOTHING if measured else units[index].word


def _than(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Pneumonia less likely than edema": both are possible."""
    del after
    return Word.VERSUS if before is Word.HEDGE else units[index].word


def _rather(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "No mass, rather a scar": the clause turns; "rather large" is a degree."""
    return Word.BUT if before is Word.COMMA and after in OBSERVATION_NOUNS else _degree(units, index, before, after)


def _free(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The lungs are effusion free": denied; but "free air", "free fluid"."""
    return (
        Word.GONE
        if before is Word.FINDING
        and after not in OBSERVATIONS
        and "of" not in [unit.text for unit in units[index + 1 : index + 2]]
        else units[index].word
    )


def _gone(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The drain is out", "drain removal": gone; but "out of the chest", "scar after removal"."""
    said = before in {Word.DEVICE, Word.FINDING} or (units[index].text == "out" and before is Word.COPULA)
    return Word.GONE if said and after not in {Word.IN, Word.OF} else Word.NOTHING


def _either(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "On either side", "in either lung" is a place; "either edema or a scar" a doubt."""
    return Word.NOTHING if before is Word.IN or after in ANATOMY or after is Word.PART else units[index].word


def _yet(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Not yet improved" is about time."""
    del after
    return Word.NOTHING if before is Word.NOT else units[index].word


def _may(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Seen in May": a month."""
    del before, after
    dated = index > 0 and units[index - 1].text in _DATING and units[index - 1].last + 1 == units[index].first
    return Word.NOTHING if dated else Word.HEDGE


def _nor(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Nor is there a nodule" denies by itself; "no nodule nor mass" goes on denying."""
    del before
    return Word.NEGATION if index == 0 or after in {Word.COPULA, Word.SHOW} else units[index].word


def _time(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Prior granuloma", "is old"; but "since prior" is about another exam."""
    said = (
        before in {Word.COPULA, Word.AND, Word.OR}
        or _doubted(units, index)
        or (after is Word.BUT and not index)
        or after in CONTENT
        or after is Word.HOLE
    )
    return units[index].word if said else Word.NOTHING


def _doubted(units: list[Unit], index: int) -> bool:
    """ "Is likely old", "is not old", "is probably not clearly old"."""
    at = index - 1
    while at > 0 and units[at].word in _BEFORE_AGE:
        at -= 1
    return 0 < at < index - 1 and units[at].word is Word.COPULA


def _interval(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Interval change"; but "in the interval" is about time."""
    del before
    return units[index].word if after in OBSERVATIONS else Word.NOTHING


def _titles(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Incidental: a cyst", "part two: no cyst": the title of what follows."""
    del before
    named = any(unit.word in OBSERVATION_NOUNS for unit in units[:index])
    return Word.NOTHING if after is Word.COLON and index <= 1 and not named else units[index].word


def _negative(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Negative acute abnormality" denies; but "negative chest" describes."""
    del before
    return Word.NEGATION if after in OBSERVATIONS else units[index].word


def _to(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Mild to moderate" is one degree."""
    between = before in OBSERVATION_ADJECTIVES and after in OBSERVATION_ADJECTIVES
    return Word.NOTHING if between else units[index].word


def _midline(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The trachea is midline" says something of it; "a midline scar" says where."""
    return Word.DESCRIPTOR if after not in CONTENT and before is not Word.IN else units[index].word


def _findings(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """Bare "findings" stand for what was named last."""
    del after
    described = before in CONTENT or before in {Word.NEGATION, Word.HOLE}
    return units[index].word if described else Word.SUBJECT


def _appearance(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Stable appearance of the chest", "chronic appearing scar": the adjective is said of what follows."""
    if before not in OBSERVATION_ADJECTIVES:
        return units[index].word
    if after is Word.OF:
        units[index + 1].word = Word.NOTHING
        return Word.NOTHING
    return Word.NOTHING if after in CONTENT else units[index].word


def _of_bowel(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Small bowel" is a body part; a bowel is not small."""
    del before, after
    following = next((unit.text for unit in units[index + 1 :] if unit.text not in _BOWELS), "")
    bowel = following in {"bowel", "intestine"}
    return Word.POSITION if bowel else units[index].word


def _etiology(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Infectious etiology" names one; "the etiology is unclear" does not."""
    del after
    return units[index].word if before in OBSERVATION_ADJECTIVES else Word.NOTHING


def _adjacent(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Adjacent to the hilum" places; "adjacent atelectasis" says nothing of its own."""
    del before
    return Word.NOTHING if after in OBSERVATIONS else units[index].word


def _cavity(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The thoracic cavity" is a body part; "a cavity" in the lung is none."""
    del after
    return Word.PART if before is Word.TISSUE and units[index - 1].text in _HOLLOW else units[index].word


def _nodes(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "No hilar nodes", "possible mediastinal nodes": enlarged ones; "the nodes", "enlarged nodes" are a body part."""
    at = index - 1
    while at >= 0 and units[at].word in ANATOMY:
        at -= 1
    asked = at >= 0 and units[at].word in {Word.NEGATION, Word.HEDGE}
    behind = [unit.word for unit in units[index + 1 : index + 4] if unit.word is not Word.COPULA]
    asked = asked or behind[:1] == [Word.NOT_EXCLUDED] or behind[:2] == [Word.NOT, Word.EXCLUDE]
    return Word.FINDING if asked and after not in CONTENT and after is not Word.COPULA else units[index].word


def _both(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Collapse and effusion, both smaller": the two findings, and no side."""
    if before is not Word.COMMA or after not in OBSERVATION_ADJECTIVES:
        return units[index].word
    nouns = [at for at in range(index) if units[at].word in OBSERVATION_NOUNS]
    pair = len(nouns) > 1 and any(unit.word is Word.AND for unit in units[nouns[-2] : nouns[-1]])
    return Word.NOTHING if pair else units[index].word


def _main(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The right main bronchus" says which; "the main finding" does not."""
    del units, index, before
    return Word.POSITION if after in ANATOMY else Word.NOTHING


def _versus(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "1 cm versus 2 cm": compared with what was measured before; "cannot be told from edema": a doubt."""
    del before
    if units[index].text.endswith("from") and not any(unit.word in OBSERVATION_NOUNS for unit in units[:index]):
        return Word.HEDGE
    return Word.COMPARED if after is Word.MEASURE else units[index].word


def _nipple(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Probable nipple", "a nipple projects over the base": a shadow, and no place of anything."""
    doubted = any(unit.word is Word.HEDGE for unit in units[:index])
    return Word.FINDING if after not in CONTENT and (doubted or after is Word.IN) else units[index].word


def _minor(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The minor fissure" says which; "minor changes" how much."""
    del before
    return Word.DESCRIPTOR if after in OBSERVATIONS else units[index].word


def _degree(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """An adverb counts before what it is the degree of."""
    del before
    wanted = OBSERVATION_ADJECTIVES if units[index].text in _COMPARATIVES else OBSERVATIONS
    return Word.DEGREE if after in wanted else Word.NOTHING


def _part(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Peripheral portion"; but "portions of the bowel" does not say which. "The end of the drain" is no place."""
    if units[index].text in {"end", "ends"} and after is Word.OF:
        return Word.ASPECT
    return Word.PART if before in ANATOMY else Word.NOTHING


def _not(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Not well seen" is seen."""
    del before, after
    well = index + 2 < len(units) and units[index + 1].text == "well" and units[index + 2].word is Word.REPORT
    return Word.NOTHING if well else Word.NOT


def _report(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "The bones and visualized abdomen": an adjective without news. "Has not shown a mass": a verb that shows."""
    if any(one.text in _HAVING for one in units[max(0, index - 2) : index]) and after in CONTENT:
        return Word.SHOW
    return Word.NOTHING if before in _LINKING and after in CONTENT else units[index].word


def _of(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Clear of", "unremarkable for" deny; after bare "findings" or "portions", "of" joins nothing."""
    if units[index].text == "for" and index and units[index - 1].text == "unremarkable" and after in CONTENT:
        return Word.NEGATION
    if before is Word.SUBJECT or (before is Word.NOTHING and lexicon().words.get(units[index - 1].text) is Word.PART):
        return Word.NOTHING
    return Word.NEGATION if index and units[index - 1].text in _EMPTIED else Word.OF


def _is_whole(units: list[Unit], index: int) -> bool:
    """Whether nothing says that the clearing is in part: "some", "further", "slight"."""
    front = units[index - 1] if index else None
    return front is None or front.text in {"interval", "complete", "total", "full"}


def _change(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "Worsening of the opacity" is a noun; "clearing of the opacity" denies, "partial clearing of" does not."""
    del before
    if (
        units[index].text == "clearing"
        and after is Word.OF
        and index
        and units[index - 1].text in {"been", "is", "was"}
    ):
        # "There has been clearing of the opacity".
        return Word.NEGATION
    if units[index].text == "clearing" and after is Word.OF and _is_whole(units, index):
        return Word.GONE
    return Word.PROCESS if after in _VERBAL and units[index].text.endswith("ing") else Word.CHANGE


def _associated(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "No significant associated volume loss": it describes what is denied, and joins nothing."""
    denied = any(unit.word is Word.NEGATION for unit in units[max(0, index - 2) : index])
    return Word.NOTHING if denied and before in OBSERVATION_ADJECTIVES and after in CONTENT else units[index].word


def _tooth(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "An aspirated tooth" is a foreign body."""
    del before, after
    near = any(one.text in _TAKEN_IN for one in units[max(0, index - 2) : index])
    return Word.DEVICE if near else units[index].word


def _line(units: list[Unit], index: int, before: Word, after: Word) -> Word:
    """ "L IJ out", "right IJ, tip in the SVC": the line in the vein; "catheter via the right IJ" names the vein."""
    del before
    at = index - 1
    while at >= 0 and units[at].word is Word.SIDE:
        at -= 1
    opens = at < 0 or units[at].word in {Word.COMMA, Word.COLON, Word.AND}
    devices = any(unit.word is Word.DEVICE and unit.text not in _MANY_DEVICES for unit in units[:index])
    following = [unit.text for unit in units[index + 1 : index + 3]]
    said = after in _BEHIND_LINE or following[:1] in (["out"], ["tip"]) or following == [",", "tip"]
    return Word.DEVICE if opens and said and not devices else units[index].word


_BY_TEXT: dict[str, Rule] = {
    **dict.fromkeys(("ij", "rij", "lij"), _line),
    **dict.fromkeys(("tooth", "teeth"), _tooth),
    "associated": _associated,
    **dict.fromkeys(_TIME_WORDS, _time),
    **dict.fromkeys(("?", "?."), _asked),
    "nor": _nor,
    "may": _may,
    "than": _than,
    "none": _none,
    "yet": _yet,
    "either": _either,
    "rather": _rather,
    "free": _free,
    **dict.fromkeys(("out", "removal"), _gone),
    **dict.fromkeys(_TURNING, _only),
    **dict.fromkeys(("interval", "interim"), _interval),
    **dict.fromkeys(("incidental", "additional"), _titles),
    "negative": _negative,
    "to": _to,
    "midline": _midline,
    **dict.fromkeys(("appearance", "appearances", "appearing", "configuration", "positioning"), _appearance),
    "adjacent": _adjacent,
    **dict.fromkeys(("cavity", "cavities"), _cavity),
    **dict.fromkeys(("minor", "major"), _minor),
    "main": _main,
    **dict.fromkeys(("node", "nodes"), _nodes),
    "both": _both,
    **dict.fromkeys(("nipple", "nipples"), _nipple),
    **dict.fromkeys(("small", "large"), _of_bowel),
    **dict.fromkeys(("etiology", "etiologies"), _etiology),
    "finding": _findings,
    "findings": _findings,
}
_BY_WORD: dict[Word, Rule] = {
    Word.DEGREE: _degree,
    Word.PART: _part,
    Word.NOT: _not,
    Word.OF: _of,
    Word.REPORT: _report,
    Word.CHANGE: _change,
    Word.VERSUS: _versus,
    Word.NUMBER: _titles,
}
