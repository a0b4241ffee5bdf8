"""Cues of several words, resolved before anything else: "hard to rule out", "not free of", "almost gone".

Each rule takes the units of one sentence and gives them back with the cue as one unit, or without a cue that says
nothing of the patient today.
"""

from itertools import pairwise

from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, OBSERVATION_ADJECTIVES, OBSERVATION_NOUNS, Word
from vlmkg.reading.rules.days import with_past_state, without_earlier_exam, without_other_days
from vlmkg.reading.rules.denied_acts import without_denied_acts
from vlmkg.reading.rules.differentials import with_differentials
from vlmkg.reading.rules.doubts import with_whole_doubts
from vlmkg.reading.rules.known import TIPS
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.lookback import EXCEPT
from vlmkg.reading.rules.pronouns import with_second_ones

_ALMOST = frozenset(
    {
        "almost",
        "all but",
        "nearly",
        "largely",
        "mostly",
        "partially",
        "partly",
        "incompletely",
        "virtually",
        "practically",
    }
)
_WHOLLY = frozenset({"completely", "entirely", "fully", "totally", "complete"})
_IN_PART = frozenset(
    {"partially", "partly", "somewhat", "incompletely", "almost", "mostly", "largely", "nearly", "slightly"}
)
_SHRUNK = frozenset({"regressed", "subsided", "dissipated", "reabsorbed", "resorbed", "involuted", "abated"})
"""Verbs of becoming less, which say with "completely" that nothing is left."""
_GREW = frozenset({"increased", "decreased", "enlarged", "improved", "worsened", "grown", "changed", "absent"})
_WELL_PLACED = frozenset(
    {"well sited", "well positioned", "well placed", "satisfactory", "satisfactorily", "position", "positioned"}
    | {"appropriate", "appropriately", "adequate", "adequately", "good position", "in good position", "in position"}
)
_OPENED_UP = frozenset({"expanded", "reexpanded", "inflated", "reinflated", "aerated", "reaerated"})
_COLLAPSES = frozenset({"collapse", "atelectasis", "atelectases", "atx"})
_COURSE = frozenset({Word.CHANGE, Word.GONE, Word.OR, Word.DEGREE, Word.PROCESS, Word.NOTHING, Word.DESCRIPTOR})
_A_LITTLE = frozenset({"by", "back", "slightly", "somewhat", "partially", "into", "to"})
_RESOLVED = frozenset({"resolved", "cleared", "disappeared"})
_SHARES = frozenset({"most", "some", "much", "half", "part", "majority", "bulk", "portion"})
_NOT_ALL = frozenset({"not all", "not every", "not each", "not all of"})
_COUNTS = frozenset({"one", "two", "three", "four", "five", "several", "many", "few", "1", "2", "3", "4", "5"})
_DRAWN = frozenset({"pulled", "withdrawn", "retracted"})
_HAVING_BEEN = frozenset({("after", "having"), ("after", "being"), ("despite", "having"), ("despite", "being")})
_TURNS = frozenset({Word.COMMA, Word.BUT, Word.AND, Word.COLON})
_ENDINGS = frozenset({Word.NOT, Word.GONE})
_TELLING = frozenset({Word.RELATIVE, Word.SHOW, Word.THERE, Word.REPORT})


def with_whole_cues(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """The labelled units of `tokens` with cues of several words made one, before the talk of the exam is taken out."""
    words = {unit.word for unit in units}
    if "exclude" in tokens:
        _mark_orders(units)
    if Word.NOT in words:
        units = without_denied_acts(units, tokens)
    units = with_past_state(with_whole_doubts(units, tokens, words), tokens)
    if Word.NOT in words and Word.BUT in words:
        units = _on_the_other_side(units)
    if Word.CHANGE in words and not _SHRUNK.isdisjoint(tokens):
        _mark_wholly_shrunk(units)
    if "neither" in tokens:
        units = _neither_has_changed(_without_neither_change(units))
    if Word.NOT in words and not _WHOLLY.isdisjoint(tokens):
        units = _without_not_wholly(units)
    if not _OPENED_UP.isdisjoint(tokens):
        _mark_opened_up(units, tokens)
        words = {unit.word for unit in units}
    if Word.GONE in words or not _SHRUNK.isdisjoint(tokens):
        units = _gone_for_good(_gone_in_part(units, tokens))
    if not words.isdisjoint(_ENDINGS):
        units = without_other_days(units, tokens)
    if not words.isdisjoint(_TELLING) or "when" in tokens:
        units = without_earlier_exam(units, tokens)
    units = with_differentials(units, tokens)
    units = with_second_ones(units, tokens)
    if "exchange" in tokens and "for" in tokens:
        units = _exchanged(units, tokens)
    if Word.RETURN in words:
        units = _returned(units, tokens)
    return units


def _mark_orders(units: list[Unit]) -> None:
    """ "Exclude pneumothorax", "visa medical, exclude tuberculosis": an order, and no denial."""
    for index, unit in enumerate(units):
        if unit.text == "exclude" and (index == 0 or units[index - 1].word in {Word.COMMA, Word.COLON}):
            unit.word = Word.NOT_EXCLUDED


def _mark_wholly_shrunk(units: list[Unit]) -> None:
    """ "Has regressed completely", "completely regressed": gone."""
    for index, unit in enumerate(units):
        near = units[index - 1 : index] + units[index + 1 : index + 2]
        if unit.text in _SHRUNK and any(one.text in _WHOLLY for one in near):
            unit.word = Word.GONE


def _mark_opened_up(units: list[Unit], tokens: tuple[str, ...]) -> None:
    """ "The collapse has re-expanded": it is gone; a lung that has re-expanded is well."""
    for index, unit in enumerate(units):
        again = unit.text.startswith("re") or tokens[max(0, unit.first - 2) : unit.first] == ("re", "-")
        if unit.text.split()[-1] not in _OPENED_UP or not again:
            continue
        subject = next((one for one in reversed(units[:index]) if one.word in CONTENT), None)
        if subject is not None and subject.text in _COLLAPSES:
            unit.word = Word.GONE


def _without_neither_change(units: list[Unit]) -> list[Unit]:
    """ "The nodules have neither grown nor resolved": what is said of them is no denial of them."""
    for index, unit in enumerate(units):
        if unit.text != "neither" or not _has_finding(units[:index]):
            continue
        end = index + 1
        while end < len(units) and units[end].word in _COURSE:
            end += 1
        inside = units[index + 1 : end]
        if any(one.word in {Word.CHANGE, Word.GONE} for one in inside) and not _has_finding(units[end : end + 2]):
            return units[:index] + units[end:]
    return units


def _neither_has_changed(units: list[Unit]) -> list[Unit]:
    """ "Neither the effusion nor the edema has resolved": both are there, and nothing became of them."""
    first = next((at for at, unit in enumerate(units) if unit.text == "neither"), len(units))
    verb = next((at for at in range(first, len(units)) if units[at].word in {Word.SHOW, Word.COPULA}), len(units))
    said = [unit for unit in units[verb + 1 :] if unit.word is not Word.DEGREE]
    front = units[first:verb]
    named = _has_finding(front) and any(unit.text == "nor" for unit in front)
    named = named and all(unit.word not in _TURNS or unit.word is Word.AND for unit in front)
    if not named or len(said) != 1 or not (said[0].word in {Word.GONE, Word.CHANGE} or said[0].text in _GREW):
        return units
    for unit in front:
        if unit.text == "nor":
            unit.word = Word.AND
    return units[:first] + front[1:]


def _without_not_wholly(units: list[Unit]) -> list[Unit]:
    """ "Has cleared but not completely": it is still there."""
    for index, unit in enumerate(units[:-1]):
        ended = index + 2 == len(units) or units[index + 2].word in _TURNS
        if unit.word is not Word.NOT or units[index + 1].text not in _WHOLLY or not ended or not index:
            continue
        start = next((at + 1 for at in range(index - 2, -1, -1) if units[at].word in _TURNS), 0)
        before = [
            one for one in units[start:index] if one.word is not Word.GONE and not (one.word in _TURNS and one.text)
        ]
        return units[:start] + before + units[index + 2 :]
    return units


def _gone_for_good(units: list[Unit]) -> list[Unit]:
    """Without "almost gone" and "withdrawn by 2 cm": what they are said of is still there."""
    kept: list[Unit] = []
    for index, unit in enumerate(units):
        after = units[index + 1] if index + 1 < len(units) else None
        whole = len(kept) > 1 and kept[-1].text in _WHOLLY
        if unit.word is Word.GONE and kept and kept[-1 - whole].text in _ALMOST:
            # "Almost gone", "almost completely gone".
            del kept[-1 - whole :]
        elif unit.word is Word.GONE and after and after.text in _IN_PART and after.first == unit.last + 1:
            # "Has cleared partially".
            continue
        elif (
            unit.word is Word.GONE
            and unit.text in _DRAWN
            and after
            and (_is_a_little(after) or _ends_somewhere(units[index + 1 :]))
        ):
            continue
        else:
            kept.append(unit)
    return kept


def _gone_in_part(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """Without "gone" where it is said of a part.

    "Most of it has resolved", "not all nodules have gone", "bilateral, resolved on the right".
    """
    partly = next((at for at, unit in enumerate(units) if unit.text in _NOT_ALL), None)
    if partly is not None:
        end = next((at for at in range(partly + 1, len(units)) if units[at].word in _TURNS), len(units))
        said = [at for at in range(partly, end) if units[at].word is Word.GONE]
        return [unit for at, unit in enumerate(units) if at not in said]
    stays = next((at for at, unit in enumerate(units) if unit.word is Word.GONE and _stays_on_other(units, at)), None)
    if stays is not None:
        # "Has cleared on the right and persists on the left".
        turn = next(at for at in range(stays, len(units)) if units[at].word in _TURNS)
        return [*(unit for unit in units[:stays] if unit.word is not Word.SHOW), *units[turn + 1 :]]
    side = next((at for at, unit in enumerate(units) if unit.word is Word.GONE and _on_one_side(units, at)), None)
    if side is not None:
        # "Gone on the right but not on the left": it is on the left.
        turn = next(at for at in range(side, len(units)) if units[at].word is Word.NOT)
        return units[:side] + units[turn + 1 :]
    return [
        unit for index, unit in enumerate(units) if unit.word is not Word.GONE or not _of_part(units, index, tokens)
    ]


def _of_part(units: list[Unit], index: int, tokens: tuple[str, ...]) -> bool:
    if _spares_place(units[index + 1 :]) or "elsewhere" in tokens[units[index].last + 1 :]:
        return True
    start = next((unit.last + 1 for unit in reversed(units[:index]) if unit.word in _TURNS), 0)
    front = tokens[start : units[index].first]
    if any(two == "of" and (one in _SHARES or one in _COUNTS) for one, two in pairwise(front)):
        return True
    if front[:1] != () and front[0] in _SHARES and front[1:2] in (("have",), ("has",), ("are",)):
        # "Some have disappeared".
        return True
    placed = units[index].text in _RESOLVED and [unit.word for unit in units[index + 1 : index + 3]] == [
        Word.IN,
        Word.SIDE,
    ]
    rest = units[index + 3 :]
    sides = {unit.text for unit in [*units[:index], *rest] if unit.word is Word.SIDE}
    return placed and bool(sides - {units[index + 2].text}) and not any(unit.word in OBSERVATION_NOUNS for unit in rest)


def _on_the_other_side(units: list[Unit]) -> list[Unit]:
    """ "Not seen on the left but seen on the right", "improved but not resolved edema": it is there."""
    for index, unit in enumerate(units):
        if unit.word is not Word.NOT:
            continue
        turn = next((at for at in range(index + 1, len(units)) if units[at].word is Word.BUT), None)
        if turn is not None and _is_placed(units[index + 1 : turn]) and _is_placed(units[turn + 1 :]):
            return units[:index] + units[turn + 1 :]
        gone = next((at for at in range(index + 1, len(units)) if units[at].word is not Word.DEGREE), None)
        before = index > 1 and units[index - 1].word is Word.BUT and units[index - 2].word in OBSERVATION_ADJECTIVES
        if before and gone is not None and units[gone].word is Word.GONE and _has_finding(units[gone + 1 : gone + 3]):
            return units[: index - 1] + units[gone + 1 :]
    return units


def _is_placed(units: list[Unit]) -> bool:
    """Whether the units say "seen on the left" and no more."""
    words = [unit.word for unit in units if unit.word is not Word.COMMA]
    return words[-2:] == [Word.IN, Word.SIDE] and set(words[:-2]) <= {Word.COPULA, Word.REPORT, Word.THERE}


def _ends_somewhere(after: list[Unit]) -> bool:
    """ "Withdrawn and now ends in the SVC": it is still in place."""
    place = next((at for at, unit in enumerate(after) if unit.word is Word.IN), None)
    if after[0].word in _TURNS and any(unit.text in _WELL_PLACED for unit in after[1:5]):
        # "Withdrawn and is now well sited".
        return True
    linked = after[0].word in {Word.AND, Word.COMMA, Word.BUT}
    # "Withdrawn, tip now in the SVC"; not "withdrawn, tube tip in the stomach".
    between = [unit for unit in after[: place or 0] if unit.word in CONTENT]
    tip = not between or [unit.text in TIPS for unit in between] == [True]
    return linked and place is not None and tip and not _has_finding(after[place:])


def _spares_place(after: list[Unit]) -> bool:
    """ "Has cleared except at the bases", "gone apart from a little on the left": some is left there."""
    spared = after[:1] != [] and after[0].text in EXCEPT
    end = next((at for at, unit in enumerate(after) if unit.word is Word.COMMA), len(after))
    return spared and any(unit.word in ANATOMY for unit in after[1:end]) and not _has_finding(after[1:end])


def _on_one_side(units: list[Unit], index: int) -> bool:
    """Whether "on the right but not on the left" follows."""
    after = [unit for unit in units[index + 1 :] if unit.word is not Word.COMMA]
    places = [Word.IN, Word.SIDE, Word.BUT, Word.NOT, Word.IN, Word.SIDE]
    return [unit.word for unit in after[: len(places)]] == places


def _stays_on_other(units: list[Unit], index: int) -> bool:
    """Whether "on the right and persists on the left" follows, with no finding's name in it."""
    after = units[index + 1 :]
    if [unit.word for unit in after[:2]] != [Word.IN, Word.SIDE] or after[2:3] == [] or after[2].word not in _TURNS:
        return False
    rest = after[3:]
    other = next((at for at, unit in enumerate(rest) if unit.word is Word.SIDE), None)
    if not other or rest[other - 1].word is not Word.IN or rest[other].text == after[1].text:
        return False
    said = rest[: other - 1]
    stays = any(unit.word in {Word.COPULA, Word.SHOW, Word.THERE, Word.CHANGE} for unit in said)
    return stays and not any(unit.word in _ENDINGS or unit.word in OBSERVATION_NOUNS for unit in rest)


def _names(units: list[Unit]) -> bool:
    return any(unit.word in CONTENT for unit in units)


def _has_finding(units: list[Unit]) -> bool:
    return any(unit.word in OBSERVATION_NOUNS for unit in units)


def _is_a_little(after: Unit) -> bool:
    return after.word is Word.MEASURE or after.text in _A_LITTLE


def _exchanged(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Exchange of the tube for a drain": as "the tube exchanged for a drain"."""
    verb = tokens.index("exchange")
    given = next((at for at in range(verb + 2, len(tokens)) if tokens[at] == "for"), None)
    if tokens[verb + 1] != "of" or given is None:
        return units
    out = [unit for unit in units if verb + 1 < unit.first < given]
    back = [unit for unit in units if unit.first > given]
    if not (any(one.word is Word.DEVICE for one in out) and _has_finding(back)):
        return units
    return [*(unit for unit in units if unit.last < verb), *out, Unit(given, given, Word.GONE, "exchanged for"), *back]


def _returned(units: list[Unit], tokens: tuple[str, ...]) -> list[Unit]:
    """ "Had resolved but has recurred", "the resolved effusion has recurred": it is there."""
    dropped: set[int] = set()
    for index, unit in enumerate(units):
        if unit.word is not Word.RETURN:
            continue
        unit.word = Word.REPORT
        if any(two in _HAVING_BEEN for two in pairwise(tokens[unit.last + 1 :])):
            # "Has come back after having been drained".
            dropped |= {at for at in range(index + 1, len(units)) if units[at].word is Word.GONE}
        named = False
        for at in range(index - 1, -1, -1):
            if units[at].word in OBSERVATION_NOUNS:
                named = True
            elif named and units[at].word in _TURNS:
                break
            elif units[at].word in {Word.GONE, Word.BUT} and units[at].text != "no":
                dropped.add(at)
    return [unit for index, unit in enumerate(units) if index not in dropped]
