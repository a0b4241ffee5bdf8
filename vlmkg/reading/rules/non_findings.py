"""Statements about the exam, history and next steps: none of them is a finding."""

from itertools import pairwise

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import (
    ANATOMY,
    ANATOMY_NOUNS,
    CONTENT,
    OBSERVATION_ADJECTIVES,
    OBSERVATION_NOUNS,
    Word,
)
from vlmkg.reading.rules.labels import Unit

_CLAUSE_BREAKS = frozenset({Word.COMMA, Word.COLON, Word.BUT, Word.RELATIVE})
_HAD = frozenset({"recent", "previous", "prior", "past"})
_ILLNESSES = frozenset(
    {"pneumonia", "infection", "tuberculosis", "tb", "bronchitis", "aspiration", "embolism", "chf"}
    | {"lymphoma", "cancer", "malignancy", "sarcoidosis", "influenza", "covid", "asthma", "copd", "bronchiolitis"}
)
_TURNED_PATIENT = frozenset({"rotated", "tilted"})
_OF_POSITION = frozenset({Word.IN, Word.SIDE, Word.COMMA, Word.DEGREE, Word.AND, Word.NOTHING, Word.COPULA})
_LONGEST_TITLE = 3
_LONGEST_POSITION = 6
_TURNED = frozenset({Word.RELATIVE, Word.GONE, Word.COLON})
_ASKED = frozenset({"you ask about", "you asked about", "asked about", "you query", "you queried"})
_TOLD = frozenset({"history of", "known history of", "prior history of", "h / o", "hx of"}) | _ASKED
_EXAM_NOUNS = frozenset({"view", "views", "film", "films", "image", "images", "comparison", "comparisons"})
_EXAM_ENDS = _CLAUSE_BREAKS | {Word.SUBJECT, Word.THERE, Word.COPULA, Word.HARD}
_HISTORY_ENDS = _CLAUSE_BREAKS | {Word.COPULA, Word.SHOW, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.SUBJECT, Word.THERE}
_BEFORE_SUSPECTED = frozenset({Word.COMMA, Word.AND, Word.BUT, Word.COLON, Word.NOTHING, Word.NEGATION, Word.OF})
_VERBAL = frozenset({Word.COPULA, Word.SHOW, Word.NOT, Word.REPORT, Word.GONE})
_AGAIN = frozenset({"repeat", "follow - up", "follow up", "followup"})
_SHOWN = frozenset({Word.NEGATION, Word.NOTHING, Word.HEDGE})
_ONGOING = frozenset(
    {"persists", "persisted", "persistent", "remains", "unchanged", "stable", "present", "seen", "again"}
)
_VERBS = frozenset({Word.HEDGE, Word.COPULA, Word.COMMA, Word.AND, Word.NOT, Word.SUBJECT})
_DONE_ENDINGS = (
    "tomy", "scopy", "graphy", "gram", "psy", "centesis", "drainage", "therapy", "placement", "removal", "aspiration",
    "plasty", "replacement", "repositioning", "retraction", "advancement", "surgery", "resection", "correlation",
)  # fmt: skip
_SEARCHES = frozenset({"evaluation", "assessment", "examined", "study", "exam", "examination", "sensitivity"})
_DOUBTS = frozenset({"correlate", "correlation", "correlate clinically", "consider"})
_OF_EITHER = frozenset(
    {"is suggested", "are suggested", "be considered"}
    | {f"{verb} be considered" for verb in ("should", "could", "may", "might", "must")}
)
_OF_TALK = _VERBS - {Word.HEDGE, Word.NOT} | {Word.OF, Word.COLON, Word.WITH, Word.IN, Word.RELATIVE, Word.REPORT}
_BEFORE_TALK = _VERBS - {Word.HEDGE}
_UNNAMED = frozenset({"finding", "findings"})
_WHOLE_BODY = frozenset({"chest", "abdomen", "thorax", "pelvis"})
_RESULTS = frozenset({"normal", "negative", "unremarkable", "stable", "unchanged", "abnormal", "clear"})
_OTHER_EXAMS = frozenset(
    {
        *("prelim", "preliminary read", "preliminary report", "wet read", "initial read", "initial report"),
        "overnight read",
        "prior",
        "previous",
        "last",
        "yesterday",
        "comparison",
        "earlier",
        "outside",
        "lateral",
        "frontal",
        "ap",
        "pa",
        "old",
        "recent",
    }
)


def without_exam_talk(units: list[Unit]) -> list[Unit]:
    """The units that speak of the patient's body today."""
    units = _without_talk(units)
    if _is_told(units):
        return []
    found = _without_heading(_without_exam(_without_history(_without_recommendation(units))))
    return [] if len(found) <= _LONGEST_POSITION and _is_position(found) else found


def _is_position(units: list[Unit]) -> bool:
    """ "Rotated", "AP, rotated to the left": the patient lay so, and nothing is said of the body."""
    turned = any(unit.text in _TURNED_PATIENT for unit in units)
    return turned and all(unit.word in _OF_POSITION or unit.text in _TURNED_PATIENT for unit in units)


def _is_followed_up(units: list[Unit]) -> bool:
    """Whether the sentence says what became of what is followed up, and gives no advice."""
    return any(unit.word in _TURNED for unit in units) and sum(unit.word is Word.RECOMMEND for unit in units) == 1


def _is_told(units: list[Unit]) -> bool:
    """ "Recent pneumonia" and no more: an illness that the patient had, not one that is seen."""
    return len(units) == 2 and units[0].text in _HAD and units[1].text in _ILLNESSES


def _without_talk(units: list[Unit]) -> list[Unit]:
    """Without bookkeeping; a finding that somebody was told of stays: "large pneumothorax, discussed with Dr. Who"."""
    told = [index for index, unit in enumerate(units) if unit.word is Word.TALK]
    if not told:
        return units
    bounds = [-1, *told, len(units)]
    parts = [units[start + 1 : end] for start, end in pairwise(bounds)]
    named = [_bare(part) for part in parts if any(_is_named(unit) for unit in part)]
    kept = list(named[0]) if named else []
    for part in named[1:]:
        kept += [Unit(part[0].first - 1, part[0].first - 1, Word.COMMA, ","), *part]
    return kept


def _is_named(unit: Unit) -> bool:
    return unit.word in {Word.FINDING, Word.DEVICE} and unit.text not in _UNNAMED


def _bare(part: list[Unit]) -> list[Unit]:
    """Without the words at both ends that belong to the talk: "(results", "of the", "was"."""
    while part and part[-1].word in _BEFORE_TALK:
        part = part[:-1]
    while part and part[0].word in _OF_TALK:
        part = part[1:]
    return part


def _without_heading(units: list[Unit]) -> list[Unit]:
    """Without "chest:" in front: the name of the exam."""
    heading = len(units) > 2 and units[0].text in _WHOLE_BODY and units[1].word is Word.COLON
    return units[2:] if heading else units


def _without_recommendation(units: list[Unit]) -> list[Unit]:
    cue = next((index for index, unit in enumerate(units) if unit.word is Word.RECOMMEND), None)
    rest = None if cue is None else (_behind_title(units, cue) or _behind_exam(units, cue))
    if cue is None or rest is not None:
        return units if rest is None else _without_recommendation(rest)
    if cue == 0 and units[0].text.startswith("follow") and _is_followed_up(units):
        # "Follow-up of pneumothorax, which has resolved".
        return units[2:] if units[1:2] and units[1].word is Word.OF else units[1:]
    if units[cue].text == "please" and units[cue + 1 : cue + 2] and units[cue + 1].word is Word.RECOMMEND:
        cue += 1
    behind = units[cue + 1 : cue + 2]
    if (
        units[cue].text in _OF_EITHER
        and cue
        and _may_be_meant(_subject(units[:cue]), behind, act=any(unit.word is Word.OF for unit in units[:cue]))
    ):
        # "Pneumonia should be considered" doubts; "a CT should be considered" advises.
        units[cue].word = Word.HEDGE
        return units[: cue + 1]
    if _names_a_doubt(units, cue):
        units[cue].word = Word.SUGGEST_MAYBE
        for_next = units[cue + 1].word is Word.OF
        return units[: cue + 1] + units[cue + 2 if for_next else cue + 1 :]
    for index in range(cue - 1, -1, -1):
        word = units[index].word
        talk = not _has_findings(units[index:cue]) or _about_exam(units[index:cue])
        if word in _CLAUSE_BREAKS or (word is Word.AND and talk):
            return units[:index] if talk else _without_verb(units[:cue])
    said = not _about_exam(units[:cue]) and _has_findings(units[:cue])
    return _without_act(_without_verb(units[:cue])) if said else []


def _without_act(units: list[Unit]) -> list[Unit]:
    """Without what is advised: "biopsy (of the mass)" should be considered."""
    act = next((at for at, unit in enumerate(units) if unit.word in OBSERVATION_NOUNS), len(units))
    if act == len(units) or not units[act].text.endswith(_DONE_ENDINGS):
        return units
    of_it = act + 1 < len(units) and units[act + 1].word is Word.OF
    return units[act + 2 :] if of_it else units[act + 1 :]


def _behind_title(units: list[Unit], cue: int) -> list[Unit]:
    """The units behind "pneumonia follow-up:"; none where there is no such title."""
    titled = 0 < cue <= _LONGEST_TITLE and units[cue - 1].word is Word.FINDING and units[cue].text in _AGAIN
    behind = units[cue + 1 :]
    return behind[1:] if titled and behind and behind[0].word is Word.COLON else []


def _behind_exam(units: list[Unit], cue: int) -> list[Unit] | None:
    """ "Repeat film showed a nodule", "film to rule out edema showed a nodule", "the clinically suspected nodule".

    The units without the words that would set the finding aside; None if it is advice.
    """
    before, after = units[:cue], units[cue + 1 :]
    if units[cue].text == "clinically suspected":
        condition = bool(before) and before[-1].word not in _BEFORE_SUSPECTED
        if condition or not after or after[0].word not in CONTENT:
            return None
        said = any(unit.word in _VERBAL for unit in after)
        doubt = Unit(units[cue].first, units[cue].last, Word.HEDGE, "suspected")
        return before + after if said else [*before, doubt, *after]
    shown = next((at for at, unit in enumerate(after) if unit.word is Word.SHOW), None)
    if shown is None or shown + 1 == len(after) or after[shown + 1].word not in CONTENT | _SHOWN:
        return None
    if units[cue].text in _AGAIN and _names_exam(after[:shown]):
        return before + after[shown + 1 :]
    sought = units[cue].text.startswith("to ") and before[-1:] != [] and before[-1].word is Word.EXAM
    return before + after[shown + 1 :] if sought and not _about_exam(after[:shown]) else None


def _names_exam(units: list[Unit]) -> bool:
    """ "Film", "film three months later", "to the study dated 3/4"."""
    named = any(unit.word is Word.EXAM for unit in units)
    return named and all(unit.word not in CONTENT or unit.word in {Word.NUMBER, Word.POSITION} for unit in units)


def _names_a_doubt(units: list[Unit], cue: int) -> bool:
    """ "Correlate for pneumonia", "consider airspace disease": a meaning, not an exam, is asked for."""
    after = units[cue + 1 :]
    if units[cue].text not in _DOUBTS or any(unit.word in {Word.EXAM, Word.RECOMMEND, Word.HISTORY} for unit in after):
        return False
    if units[cue].text != "consider" and not (after and after[0].text == "for"):
        return False
    if units[cue].text == "consider":
        return any(unit.text in lexicon().meanings or _is_illness(unit) for unit in after)
    return any(unit.word is Word.FINDING for unit in after)


def _subject(before: list[Unit]) -> Unit:
    """The noun before its places: of "aneurysm of the aorta" the aneurysm. `before` is not empty."""
    done = next((unit for unit in before if unit.text.endswith(_DONE_ENDINGS)), None)
    if done is not None and any(unit.word is Word.OF for unit in before):
        # "Biopsy of the mass should be considered".
        return done
    at = len(before) - 1
    while at > 0 and (before[at].word in ANATOMY or before[at].word in {Word.IN, Word.OF}):
        at -= 1
    return before[at] if before[at].word is Word.FINDING and not before[at].definite else before[-1]


def _may_be_meant(unit: Unit, behind: list[Unit], *, act: bool) -> bool:
    """ "Lymphangitis should be considered"; not "the mass should be considered malignant", "biopsy is suggested".

    `act`: something is to be done to something ("aspiration of the cyst").
    """
    told = behind != [] and behind[0].word in CONTENT
    return (unit.text in lexicon().meanings and not act) or (_is_illness(unit) and not told)


def _is_illness(unit: Unit) -> bool:
    """Not what is done: "consider biopsy", "consider drainage"."""
    return unit.word is Word.FINDING and not unit.text.endswith(_DONE_ENDINGS)


def _without_verb(units: list[Unit]) -> list[Unit]:
    """Without the words at the end that belong to the recommendation: "the effusion may warrant ..."."""
    while units and units[-1].word in _VERBS:
        units = units[:-1]
    return units


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
    if units[start].text in _TOLD and _says_of_today(units[end:]):
        return units[:start] + units[start + 1 :]
    return units[:start] + units[end:]


def _says_of_today(rest: list[Unit]) -> bool:
    """ "History of effusion, which is still present", "..., none now": what was told is what is seen or missed now."""
    if not rest or any(unit.word in OBSERVATION_NOUNS for unit in rest):
        return False
    gone = any(unit.word is Word.GONE for unit in rest)
    return gone or any(unit.text in _ONGOING for unit in rest)


def _without_exam(units: list[Unit]) -> list[Unit]:
    """Drop exam words with the adjectives before them and the "of the chest" after them."""
    dropped = [unit.word is Word.EXAM for unit in units]
    if not any(dropped):
        return units
    for index in range(len(units) - 1, -1, -1):
        if units[index].word is not Word.EXAM:
            continue
        if units[index].text in _SEARCHES:
            _drop_sought(units, dropped, index + 1)
        before = index - 1
        while before >= 0 and _of_the_exam(units, before, index):
            dropped[before] = True
            before -= 1
        if before >= 0 and (units[before].word is Word.IN or _is_reason(units, before)):
            dropped[before] = True
            if any(one.text in _OTHER_EXAMS for one in units[before + 1 : index + 1]):
                _drop_denial(units, dropped, before)
        before = _before_purpose(units, before)
        after = index + 1
        if before >= 0 and units[before].word is Word.NEGATION:
            known = after + 1 < len(units) and units[after].word is Word.OF and units[after + 1].definite
            if known or _nothing_denied(units, dropped, after):
                # "Without comparison", "no imaging of the effusion": an exam is missing, not a finding.
                dropped[before] = True
                if known:
                    dropped[after] = True
        if after + 1 < len(units) and units[after].word is Word.OF and units[after + 1].text in _WHOLE_BODY:
            dropped[after] = dropped[after + 1] = True
    _drop_quality(units, dropped)
    return [unit for unit, drop in zip(units, dropped, strict=True) if not drop]


def _is_reason(units: list[Unit], index: int) -> bool:
    """ "Due to rotation"; but "could be due to rotation" is a doubt of its own."""
    return units[index].word is Word.SUGGEST and not (index and units[index - 1].word in {Word.HEDGE, Word.COPULA})


def _nothing_denied(units: list[Unit], dropped: list[bool], after: int) -> bool:
    """Whether a denial right before an exam has no finding of its own: a clause ends after the exam."""
    rest = [unit for unit, drop in zip(units[after:], dropped[after:], strict=True) if not drop]
    ended = not rest or rest[0].word in _EXAM_ENDS or rest[0].definite
    return ended or units[after - 1].text in _EXAM_NOUNS


def _before_purpose(units: list[Unit], before: int) -> int:
    """ "No previous for comparison": what stands before "previous for"."""
    at = before
    if at >= 0 and units[at].word is Word.OF:
        at -= 1
        while at >= 0 and (units[at].text in lexicon().exam_adjectives or units[at].word is Word.NOTHING):
            at -= 1
    return at if at >= 0 and units[at].word is Word.NEGATION else before


def _drop_sought(units: list[Unit], dropped: list[bool], after: int) -> None:
    """ "Evaluation for pneumothorax is limited": it was looked for, not found."""
    if after < len(units) and units[after].text == "for":
        while after < len(units) and units[after].word not in _HISTORY_ENDS:
            dropped[after] = True
            after += 1


def _drop_denial(units: list[Unit], dropped: list[bool], before: int) -> None:
    """ "Not seen on the prior exam", "not seen on the lateral view": no denial of what is seen today."""
    while before > 0 and (
        units[before - 1].word in {Word.REPORT, Word.COPULA, Word.NOTHING} or units[before - 1].text == "well"
    ):
        before -= 1
    if before > 0 and units[before - 1].word is Word.NOT:
        dropped[before - 1] = True


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
