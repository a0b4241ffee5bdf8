"""Another day and today: "not seen on the last film" denies nothing today, "seen last week but not today" does."""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, OBSERVATION_ADJECTIVES, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.labels import Unit

_BARE = frozenset({"before", "previously", "earlier", "yesterday"})
_PAST = _BARE | {"prior", "previous", "formerly", "last", "ago", "arrival", "admission", "presentation"}
_DATES = frozenset({"last", "ago"})
_MISSING = frozenset({"not", "absent", "none", "nil", "not there"})
_AT = frozenset({"on", "in", "at"})
_STILL_TODAY = frozenset({"since", "compared", "than", "as", "unlike", "from", "versus"})
"""Words by which another day is only compared with."""
_TAKEN_OUT = frozenset(
    {"removed", "removal", "pulled", "pulled out", "taken out", "drawn", "withdrawn", "resected", "excised"}
    | {"retrieved", "explanted", "extubated", "evacuated", "drained", "discontinued", "replaced by", "replaced with"}
)
"""What was taken out on another day is out today."""
_CLAUSE_ENDS = frozenset({Word.COMMA, Word.BUT, Word.AND, Word.COLON, Word.RELATIVE, Word.NEGATION, Word.NOT, Word.OR})
_DENIALS = frozenset({Word.NOT, Word.GONE})
_EARLIER = _PAST | {"compared", "comparison", "old", "older", "initial", "baseline", "outside", "admission"}
_TOLD = frozenset({"showed", "demonstrated", "revealed", "had", "was", "were", "suggested", "questioned", "described"})
_GOES_ON = frozenset(
    {"persists", "persist", "persistent", "unchanged", "stable", "still", "again", "remains", "remain", "now", "today"}
    | {"currently", "since", "interval", "also", "and", "but", "as"}
    | {"afterwards", "none", "no", "not", "nil", "gone", "resolved"}
)
_WELL = frozenset({"clear", "normal", "aerated", "expanded", "re - expanded", "reexpanded", "unremarkable"})
_VERB_NEAR = 7
_STATES_ANEW = frozenset({Word.NEGATION, Word.THERE, Word.SUBJECT, Word.NOT})
_TODAY = frozenset({"today", "now", "currently", "anymore", "longer", "present"})
_NOW = frozenset({"today", "now", "currently"})
_WAS = frozenset({Word.COPULA, Word.REPORT, Word.THERE, Word.BUT, Word.SHOW, Word.AND, Word.COLON, Word.COMMA})


def without_other_days(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The units without denials of another day, and without statements of another day that are denied of today."""
    kept: list[Unit] = []
    index = 0
    while index < len(units):
        unit = units[index]
        end = _past_end(units, index, tokens) if unit.word in _DENIALS and unit.text not in _TAKEN_OUT else None
        if end is None:
            kept.append(unit)
            index += 1
        else:
            index = end
    if not _NOW.isdisjoint(tokens):
        kept = _nil_today(kept, tokens)
    return _gone_today(kept, tokens) if not _PAST.isdisjoint(tokens) else kept


def without_earlier_exam(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """Without what an earlier exam showed.

    "Compared with the film of May, which showed edema, ...", "the prior film showed edema", "last week there was ...".
    """
    if _EARLIER.isdisjoint(tokens) or _TOLD.isdisjoint(tokens):
        return units
    when = tokens.index("when") if "when" in tokens else len(tokens)
    for index, unit in enumerate(units):
        aside = unit.word is Word.RELATIVE or (index > 0 and units[index - 1].last < when < unit.first)
        if not aside and unit.word not in {Word.SHOW, Word.THERE} and not _demonstrates(units, index):
            continue
        if not _is_of_earlier_exam(units, index, tokens) or (not aside and not _GOES_ON.isdisjoint(tokens)):
            continue
        said = tokens[unit.first : unit.last + 1 + (_VERB_NEAR if aside else unit.word is Word.THERE)]
        if not _TOLD.isdisjoint(said):
            return units[:index] + units[_told_end(units, index + 1) :]
    return units


def with_past_state(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Previously an effusion, now clear", "the lung, which was collapsed yesterday, is now aerated": it is gone."""
    if "now" not in tokens:
        return units
    now = tokens.index("now")
    after = [unit for unit in units if unit.first > now]
    before = [unit for unit in units if unit.last < now]
    if not after or before[-1:] == []:
        return units
    if tokens[0] in _BARE and before[-1].word is Word.COMMA and after[0].text in _WELL and len(after) == 1:
        after[0].word = Word.GONE
        return units
    start = next((at for at, unit in enumerate(before) if unit.word is Word.RELATIVE), None)
    if start is None:
        return units
    end = next((at for at in range(start, len(before)) if before[at].word is Word.COMMA), None)
    said = tokens[before[start].last + 1 : before[end].first] if end is not None else ()
    was = said[:1] in (("was",), ("were",)) and not _BARE.isdisjoint(said[-1:])
    if end is None or not was or not any(unit.text in _WELL for unit in after):
        return units
    return [unit for unit in units if not before[start].first <= unit.first < before[end].first]


def _demonstrates(units: list[Unit], index: int) -> bool:
    """ "The prior film demonstrated edema"; not "was demonstrated on the prior film"."""
    after = units[index + 1] if index + 1 < len(units) else None
    active = units[index].text in _TOLD and index > 0 and units[index - 1].word is not Word.COPULA
    # "The previously described effusion": an adjective.
    active = active and units[index - 1].text not in _BARE | {"formerly"}
    return active and after is not None and after.word in CONTENT


def _is_of_earlier_exam(units: list[Unit], index: int, tokens: tuple[str, ...]) -> bool:
    """Whether what stands before the unit names an exam of another day, and nothing of the body."""
    exam = next((at for at in range(index - 1, -1, -1) if _is_exam(units[at])), None)
    if exam is None or any(_says(one) for one in units[exam:index]):
        return False
    fronted = units[index].word is Word.RELATIVE or not any(_says(one) for one in units[:exam])
    return fronted and not _EARLIER.isdisjoint(tokens[: units[index].first])


def _is_exam(unit: Unit) -> bool:
    return unit.word is Word.EXAM or unit.text in _PAST


def _told_end(units: list[Unit], index: int) -> int:
    """Where a statement of another day ends: at a turn, or at a comma behind which something known or denied comes."""
    for at in range(index, len(units)):
        if units[at].word is Word.BUT:
            return at
        after = units[at + 1] if at + 1 < len(units) else None
        if units[at].word is Word.COMMA and after and (after.definite or after.word in _STATES_ANEW):
            return at
    return len(units)


def _past_end(units: list[Unit], index: int, tokens: tuple[str, ...]) -> int | None:
    """The index of the unit behind the denial of another day; None if the denial is of today.

    "Not seen on the film of last week", "absent previously"; not "not previously enlarged", "not seen since May".
    """
    at = index + 1
    while at < len(units) and units[at].word not in _CLAUSE_ENDS and not _says(units[at]):
        at += 1
    first = units[index].last + 1
    said = tokens[first : units[at].first if at < len(units) else len(tokens)]
    if not _STILL_TODAY.isdisjoint(said):
        return None
    was = tokens[units[index].first - 1 : units[index].first] in (("was",), ("were",))
    past = next(
        (
            place
            for place, token in enumerate(said)
            if token in _PAST or _is_year(token) or (was and _is_hidden_exam(said, place))
        ),
        None,
    )
    if past is None:
        return None
    placed = not _AT.isdisjoint(said[:past])
    named = at < len(units) and _says(units[at]) and units[at - 1].word is not Word.IN
    bare = said[past] in _BARE or (said[past] in _DATES and units[index].text in _MISSING)
    if not placed and (named or not bare):
        return None
    end = index + 1
    while end < at and units[end].first <= first + past:
        end += 1
    while end < at and units[end].word in {Word.EXAM, Word.NOTHING}:
        end += 1
    return end


def _says(unit: Unit) -> bool:
    """ "Prior", "previous" may be words of a finding; here they are of an exam."""
    return unit.word in CONTENT and unit.text not in _PAST


def _is_hidden_exam(said: tuple[str, ...], place: int) -> bool:
    """ "In the XXXX CT": the hole was the day of another exam."""
    exam = lexicon().words.get(said[place + 1]) is Word.EXAM if place + 1 < len(said) else False
    return said[place] == "xxxx" and exam


def _is_year(token: str) -> bool:
    return len(token) == len("2000") and token.isdigit()


def _gone_today(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Was present on the last film but not today": of the subject the denial at the end alone is said."""
    last = next((at for at in range(len(units) - 1, -1, -1) if _says(units[at])), None)
    if last is None or units[last].word not in OBSERVATION_NOUNS:
        return units
    tail = units[last + 1 :]
    denial = next((at for at, unit in enumerate(tail) if unit.word in _DENIALS), None)
    if denial is None or any(unit.word in {Word.HEDGE, Word.NOT_EXCLUDED} for unit in tail):
        return units
    then = tokens[: tail[denial].first]
    now = tokens[tail[denial].last + 1 :]
    if _PAST.isdisjoint(then) or not _STILL_TODAY.isdisjoint(then) or not _PAST.isdisjoint(now):
        return units
    turned = any(unit.word in {Word.BUT, Word.AND, Word.COMMA} for unit in tail[:denial])
    if not turned and _TODAY.isdisjoint(tokens[then.index(_first_past(then)) :]):
        return units
    return [*units[: last + 1], *(unit for unit in tail[:denial] if unit.word not in _WAS), *tail[denial:]]


def _nil_today(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Pneumothorax: yesterday 2 cm, today nil": what was before is left out."""
    denial = len(units) - 1
    if denial > 1 and units[denial].word is Word.REPORT and units[denial - 1].word is Word.NOT:
        denial -= 1
    if denial < 1 or units[denial].word not in _DENIALS or tokens[units[denial].first - 1] not in _NOW:
        return units
    nouns = [at for at in range(denial) if units[at].word in OBSERVATION_NOUNS]
    if len(nouns) != 1 or any(unit.word in _DENIALS or unit.word is Word.NEGATION for unit in units[:denial]):
        return units
    between = units[nouns[0] + 1 : denial]
    marked = any(unit.word in {Word.COLON, Word.COMMA} for unit in between)
    said = any(unit.word in OBSERVATION_ADJECTIVES for unit in between)
    places = [unit for unit in between if unit.word in ANATOMY]
    return [*units[: nouns[0] + 1], *places, *units[denial:]] if marked and said else units


def _first_past(tokens: tuple[str, ...]) -> str:
    return next(token for token in tokens if token in _PAST)
