"""Doubts of several words: "hard to rule out", "if there is an effusion", "may be missed", "r/o edema: none seen"."""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import CONTENT, OBSERVATION_NOUNS, OBSERVATIONS, Word
from vlmkg.reading.rules.labels import Unit

_RULING_OUT = frozenset({"to rule out", "to exclude", "rule out", "r / o", "exclude", "excluded", "ruled out"})
_REACH = 3
"""Units between "hard" and what is hard to do."""
_DENIALS = frozenset({Word.NEGATION, Word.NOT, Word.GONE, Word.THERE})
_EXAM_TALK = frozenset({Word.RECOMMEND, Word.EXAM, Word.TALK})
_CONDITIONS = frozenset({"any", "if", "should"})
_MAKES = frozenset({"makes", "make", "making"})
_HARD = frozenset({"hard", "difficult", "impossible"})
_LOOKS = frozenset({"look", "looks", "looked", "looking", "seems", "seem"})
_AS_QUERIED = frozenset(
    ("as", said, ",")
    for said in ("queried", "suspected", "suggested", "asked", "requested", "feared", "questioned", "thought", "stated")
)
_UNLESS = frozenset({"unless", "if"})
_POINTING = frozenset({"this", "it", "that", "these", "those", "they"})
_VERBS = frozenset({Word.COPULA, Word.SUGGEST, Word.SUGGEST_MAYBE})
_RULE = frozenset({"rule", "rules", "ruled", "ruling"})
_HIDDEN = frozenset({"hidden", "masked", "missed", "overlooked", "concealed", "obscured"})
_SEEMING = frozenset({"apparent", "seeming"})
_UNREAL = frozenset({"artifactual", "artefactual", "projectional"})
_APPEARANCES = _SEEMING | _UNREAL
_ARTEFACTS = _UNREAL | frozenset(
    {"artifact", "artefact", "artifacts", "artefacts", "nipple", "nipples", "skin", "technique", "projection"}
    | {"rotation", "rotated", "positional", "positioning", "overlying", "overlap", "overlapping", "superimposition"}
    | {"superimposed", "summation", "magnification", "magnified", "motion", "clothing", "hair", "rib", "ribs"}
    | {"costochondral", "vessel", "vessels", "inspiration", "exposure", "blanket", "sheet", "braid", "button"}
)
"""Words for what looks like a finding in a film and is none."""
_NO_BODY = frozenset(
    {"nipple", "nipples", "artifact", "artefact", "artifacts", "artefacts", "skin", "summation", "superimposition"}
    | {"clothing", "hair", "button", "braid", "overlap", "projection"}
)
_QUERIED = frozenset({"queried", "questioned", "suspected", "described", "raised", "reported", "thought"})
_BODY = frozenset({"vessel", "vessels", "rib", "ribs", "costochondral", "fat", "sternum", "transverse", "osteophyte"})
"""Parts of the body that were taken for what was queried."""
_IN_TRUTH = frozenset({"fact", "actually", "reality"})
_MASSES = frozenset(
    {"lesion", "nodule", "mass", "consolidation", "infiltrate", "lesions", "nodules", "masses", "infiltrates"}
)
_IS = frozenset(
    {"is", "are", "represents", "represent", "reflects", "reflect", "corresponds to", "correspond to", "was"}
)
_ARTICLES = frozenset({"a", "an", "the", "only", "just", "merely", "in", "fact", "actually"})
_DUE = frozenset({"due to", "secondary to", "related to", "because of", "from", "reflects", "represents"})
_DOES = frozenset({"can", "did", "does", "do", "to", "not", "cannot", "could", "t"})
_FOR = (("for",), ("against",), ("of",))
_CAN = frozenset({"can", "may", "might", "could", "would"})
_NEAR = 5
"""Tokens between "could" and "be missed"."""
_ASKED = frozenset(
    {"r / o", "ro", "rule out", "?", "query", "queried", "evaluate for", "eval for", "assess for", "look for"}
    | {"looking for", "check for", "checked for", "screen for", "screening for", "search for"}
    | {"question", "question of", "looked for", "as to the question of", "regarding the question of"}
)
_ANSWERS = frozenset({Word.NEGATION, Word.NOT, Word.GONE})
_FOUND = frozenset({"confirmed", "yes", "present", "seen", "found", "identified", "demonstrated"})


def with_whole_doubts(units: list[Unit], tokens: tuple[str, ...], words: set[Word]) -> list[Unit]:
    """The units of `tokens`, of the classes `words`, with each doubt of several words as one unit."""
    if tokens[0] in _CONDITIONS:
        units = _condition_in_front(units, tokens)
    if not _MAKES.isdisjoint(tokens) and not _HARD.isdisjoint(tokens):
        units = _hard_to_see(units, tokens)
    if Word.SUGGEST in words and Word.NOT in words and Word.BUT in words:
        units = _atypical(units)
    if "like" in tokens and Word.BUT in words:
        units = _looks_like(units, tokens)
    if Word.NOT in words and "as" in tokens:
        units = _without_aside(units, tokens)
    if tokens[0] in _UNLESS:
        units = _unless(units, tokens)
    if Word.RECOMMEND in words or Word.HARD in words:
        units = _conditions(_hard_to_exclude(_nothing_new(units)))
    if "out" in tokens and not _RULE.isdisjoint(tokens):
        units = _ruled_out(units, tokens)
    if not _APPEARANCES.isdisjoint(tokens):
        units = _artefacts(units, tokens)
    elif not (_NO_BODY.isdisjoint(tokens) and _IN_TRUTH.isdisjoint(tokens)) or not (
        _BODY.isdisjoint(tokens) or _QUERIED.isdisjoint(tokens)
    ):
        units = _taken_for_finding(units, tokens)
    if not _HIDDEN.isdisjoint(tokens):
        units = _hidden(units, tokens)
    if units and units[0].text in _ASKED and units[0].word in {Word.HEDGE, Word.NOT_EXCLUDED}:
        units = _answered(units)
    return units


def _names(units: list[Unit]) -> bool:
    return any(unit.word in CONTENT for unit in units)


def _nothing_new(units: list[Unit]) -> list[Unit]:
    """ "Nothing acute", "nothing focal": denied."""
    for index, unit in enumerate(units[:-1]):
        if unit.text == "nothing" and units[index + 1].word in {Word.DESCRIPTOR, Word.CHANGE}:
            unit.word = Word.NEGATION
    return units


def _hard_to_exclude(units: list[Unit]) -> list[Unit]:
    """ "Hard to rule out", "no evidence to exclude", "unable to confidently exclude" as one doubt."""
    kept: list[Unit] = []
    index = 0
    while index < len(units):
        unit = units[index]
        reach = units[index + 1 : index + 1 + _REACH] if unit.word in {Word.HARD, Word.NEGATION} else []
        at = next((at for at, one in enumerate(reach) if one.text in _RULING_OUT), None)
        if at is not None and not _names([one for one in reach[:at] if one.word is not Word.DEGREE]):
            kept.append(Unit(unit.first, reach[at].last, Word.NOT_EXCLUDED, "cannot exclude"))
            index += at + 2
        else:
            if unit.word is not Word.HARD:
                kept.append(unit)
            index += 1
    return kept


def _conditions(units: list[Unit]) -> list[Unit]:
    """ "If there is an effusion it is small" doubts; "if there is concern, a CT is advised" advises."""
    for index, unit in enumerate(units):
        if not unit.text.startswith(("if there is", "if there are")) or unit.word is not Word.RECOMMEND:
            continue
        rest = units[index + 1 :]
        if rest and rest[0].word in CONTENT and not any(one.word in _EXAM_TALK for one in rest):
            unit.word = Word.HEDGE
    return units


def _condition_in_front(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "If present, it is small", "any effusion is small", "if this is a nodule", "should an effusion grow"."""
    if len(units) > 1 and units[0].text in {"if present", "if any"} and units[1].word is Word.COMMA:
        return [units[0], *units[2:]]
    front = units[:1] != [] and units[0].word in CONTENT
    named = any(unit.word in OBSERVATION_NOUNS for unit in units[:3])
    supposed = tokens[0] in {"should", "if"} and front and named and not any(unit.definite for unit in units[:2])
    if tokens[0] == "if" and tokens[1:2] != () and tokens[1] in _POINTING:
        verb = next((at for at, unit in enumerate(units) if unit.word not in {Word.SUBJECT, Word.NOTHING}), len(units))
        if verb + 1 < len(units) and units[verb].word in _VERBS and units[verb + 1].word in CONTENT:
            return [*units[:verb], Unit(units[verb].first, units[verb].last, Word.HEDGE, "if"), *units[verb + 1 :]]
    if supposed and not any(unit.word in {Word.EXAM, Word.RECOMMEND} for unit in units[:2]):
        return [Unit(0, 0, Word.HEDGE, tokens[0]), *units]
    asked = tokens[0] == "any" and tokens[-1][0] != "?" and front
    if asked and any(unit.word is Word.COPULA for unit in units) and not any(unit.word in _DENIALS for unit in units):
        return [Unit(0, 0, Word.HEDGE, "any"), *units]
    return units


def _ruled_out(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Ruled the patient out for pneumothorax": the verb in two parts, with its object between them."""
    verb = next(at for at, token in enumerate(tokens) if token in _RULE)
    out = next((at for at in range(verb + 2, min(verb + _NEAR, len(tokens))) if tokens[at] == "out"), None)
    inside = [unit for unit in units if out is not None and unit.first <= out and unit.last >= verb]
    if out is None or "-" in tokens[verb:out] or any(one.word in CONTENT or one.first < verb for one in inside):
        return units
    asked = tokens[verb] == "rule" and (verb == 0 or tokens[verb - 1] not in _DOES)
    word = Word.NOT_EXCLUDED if asked else Word.EXCLUDE
    behind = out + 1 if tokens[out + 1 : out + 2] in _FOR else out
    before = [unit for unit in units if unit.last < verb]
    return [*before, Unit(verb, behind, word, "rule out"), *(unit for unit in units if unit.first > behind)]


def _artefacts(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Apparent cardiomegaly is due to technique", "the lucency is artifactual": what only seems so is doubted."""
    verb = next((at for at, unit in enumerate(units) if unit.word in _VERBS or unit.text in _DUE), len(units))
    if not _names(units[:verb]) or verb == len(units) or any(unit.word in _DENIALS for unit in units):
        return units
    seems = next((unit for unit in units[:verb] if unit.text in _SEEMING), None)
    unreal = _ARTEFACTS if seems else _UNREAL
    if unreal.isdisjoint(tokens[units[verb].first :]):
        return units
    for unit in units[verb:]:
        if unit.word is Word.DESCRIPTOR and unit.text in unreal:
            unit.word = Word.HEDGE
    if seems:
        seems.word = Word.HEDGE
        return units
    return [Unit(0, 0, Word.HEDGE, "apparent"), *units]


def _taken_for_finding(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "The nodule described above represents a nipple shadow", "the fracture is a skin fold": neither is there.

    "The nodule queried before is a vessel" as well.
    """
    verb = next((at for at, unit in enumerate(units) if unit.text in _IS), None)
    if verb is None:
        return units
    queried = not _QUERIED.isdisjoint(tokens[: units[verb].first])
    if any(unit.word in _DENIALS or (unit.word is Word.HEDGE and unit.text not in _QUERIED) for unit in units):
        return units
    said = tokens[units[verb].last + 1 :]
    behind = [token for token in said if token not in _ARTICLES][:2]
    truly = not _IN_TRUTH.isdisjoint(said[:2]) and not _ARTICLES.isdisjoint(said[1:3])
    named = [unit for unit in units[:verb] if unit.word is Word.FINDING]
    body = queried and not _BODY.isdisjoint(behind)
    unnamed = _NO_BODY.isdisjoint(behind) and not truly and not body
    if unnamed or not named or named[0].text in lexicon().shadows - _MASSES:
        return units
    before = [unit for unit in units[:verb] if unit.word is not Word.REPORT or unit.first > named[0].first]
    return [Unit(0, 0, Word.HEDGE, "apparent"), *before, *units[verb:]]


def _hard_to_see(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "The drain makes effusion hard to judge": nobody knows whether there is one."""
    make = next(at for at, token in enumerate(tokens) if token in _MAKES)
    hard = next((at for at in range(make + 1, len(tokens)) if tokens[at] in _HARD), None)
    inside = [unit for unit in units if hard is not None and make < unit.first < hard]
    if not inside or inside[0].definite or not any(unit.word is Word.FINDING for unit in inside):
        return units
    before = [unit for unit in units if unit.last <= make]
    after = [
        unit for unit in units if unit.first > make and not (unit.first == hard and unit.word is Word.NOT_EXCLUDED)
    ]
    return [*before, Unit(make, make, Word.HEDGE, "may be"), *after]


def _looks_like(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "It looks like a nodule but is a vessel": it only looks so."""
    like = tokens.index("like")
    turn = next((at for at, unit in enumerate(units) if unit.word is Word.BUT and unit.first > like), len(units))
    real = tokens[units[turn].last + 1 : units[turn].last + 2] if turn < len(units) else ()
    if tokens[like - 1] not in _LOOKS or real not in (("is",), ("are",), ("was",), ("were",)):
        return units
    before = [unit for unit in units if unit.last < like]
    return [*before, Unit(like, like, Word.HEDGE, "like"), *(unit for unit in units if unit.first > like)]


def _atypical(units: list[Unit]) -> list[Unit]:
    """ "Not typical of edema, but this cannot be excluded": doubted."""
    at = next((at for at in range(1, len(units)) if units[at].word is Word.SUGGEST), None)
    turn = next((at for at, unit in enumerate(units) if unit.word is Word.BUT), len(units))
    after = {unit.word for unit in units[turn:]}
    possible = Word.NOT_EXCLUDED in after or {Word.NOT, Word.EXCLUDE} <= after
    if at is None or at > turn or units[at - 1].word is not Word.NOT or not possible:
        return units
    units[at].word = Word.HEDGE
    return units[: at - 1] + units[at:]


def _without_aside(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "There is not, as queried, an effusion": without what stands between the commas."""
    at = next((at for at in range(1, len(tokens) - 2) if tokens[at : at + 3] in _AS_QUERIED), None)
    if at is None or tokens[at - 1] != ",":
        return units
    return [unit for unit in units if not at - 1 <= unit.first <= at + 2]


def _unless(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Unless this is technical, there is cardiomegaly": the cardiomegaly is doubted."""
    if tokens[0] != "unless" and tokens[:2] != ("if", "not"):
        return units
    comma = next((at for at, unit in enumerate(units) if unit.word is Word.COMMA), len(units))
    rest = units[comma + 1 :]
    if not any(unit.word in OBSERVATIONS for unit in rest) or any(unit.word in _ANSWERS for unit in rest):
        return units
    verb = next((at for at, unit in enumerate(rest) if unit.word is Word.COPULA), -1)
    doubt = Unit(rest[0].first, rest[0].first, Word.HEDGE, "possibly")
    return [*units[: comma + 1], *rest[: verb + 1], doubt, *rest[verb + 1 :]]


def _hidden(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "A nodule could easily be missed", "may be hidden behind the heart": nobody knows whether it is there."""
    end = next(at for at, token in enumerate(tokens) if token in _HIDDEN)
    start = next((at for at in range(end - 1, max(-1, end - _NEAR), -1) if tokens[at] in _CAN), None)
    before = [unit for unit in units if start is not None and unit.last < start]
    if start is None or not before or before[-1].word is not Word.FINDING or before[-1].definite or _is_known(before):
        return units
    after = [unit for unit in units if unit.first > end]
    return [*before, Unit(start, end, Word.NOT_EXCLUDED, "may be hidden"), *after]


def _is_known(before: list[Unit]) -> bool:
    """Whether the noun group at the end of `before` begins with "the", or its finding was denied."""
    for unit in reversed(before):
        if unit.definite or unit.word in {Word.NEGATION, Word.NOT}:
            return True
        if unit.word not in CONTENT:
            return False
    return False


def _answered(units: list[Unit]) -> list[Unit]:
    """ "R/O pneumothorax: none seen", "query effusion: confirmed": the answer counts, and not the question."""
    mark = next((at for at, unit in enumerate(units) if unit.word in {Word.COLON, Word.COMMA} and at > 1), None)
    rest = units[mark + 1 :] if mark is not None else []
    if mark is None or not rest or not any(unit.word in OBSERVATION_NOUNS for unit in units[1:mark]):
        return units
    if any(unit.word in OBSERVATION_NOUNS for unit in rest):
        return units
    if rest[0].word in _ANSWERS or rest[0].text == "negative":
        first = units[0]
        return [Unit(first.first, first.last, Word.NEGATION, "no"), *units[1:mark]]
    return units[1:] if rest[0].text in _FOUND and units[mark].word is Word.COLON else units
