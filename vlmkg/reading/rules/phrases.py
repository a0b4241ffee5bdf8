"""Units to phrases: noun groups, predicates, and the words between them.

A phrase is a head noun with the words before it ("small left pleural effusion"), a place ("the left base"), or only
describing words ("is stable and unchanged").
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

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

_VERBS = frozenset({Word.COPULA, Word.SHOW})
_CUES = frozenset({Word.HOLE, Word.HEDGE, Word.NEGATION})
_DONE_ENDINGS = ("tomy", "plasty", "surgery")
_DONE = frozenset({"fusion", "fixation", "replacement", "repair", "bypass", "air", "fluid", "compression", "drainage"})
"""What is done to a patient: such a word says what a device is for."""
_NO_ADJECTIVES = frozenset(
    {
        "effusion",
        "effusions",
        "pneumothorax",
        "pneumothoraces",
        "consolidation",
        "atelectasis",
        "pneumonia",
        "edema",
        "oedema",
    }
    | {"cardiomegaly", "hydropneumothorax", "pneumomediastinum", "pneumoperitoneum", "opacity", "opacities"}
)
_COMPARATIVES = frozenset({"larger", "smaller", "bigger", "denser", "worse", "better"})
_LINKS = frozenset({Word.AND, Word.OR, Word.COMMA, Word.VERSUS, Word.THAN})
_NO_ROLES = frozenset[Word]()


@dataclass(slots=True)
class Phrase:
    """One group of content units with the function units that stand between it and the phrase before.

    `predicate`: it is said of a subject. `compared`: "left greater than right". `cuts` are the positions in `units`
    where a coordinated part begins ("left | and right lower lobe"). `nouns` are the observation nouns, the head last;
    `describing` the observation adjectives; `anatomy` the body words; `roles` those of the joint. `coordinated`: only
    "and", "or", "versus" or commas stand between the phrase before and this one.
    """

    joint: list[Unit]
    units: list[Unit] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    predicate: bool = False
    compared: bool = False
    nouns: list[Unit] = field(init=False)
    describing: list[Unit] = field(init=False)
    anatomy: list[Unit] = field(init=False)
    roles: frozenset[Word] = field(init=False)
    coordinated: bool = field(init=False)

    def __post_init__(self) -> None:
        units = self.units
        self.nouns = [unit for unit in units if unit.word in OBSERVATION_NOUNS] if units else []
        self.describing = [unit for unit in units if unit.word in OBSERVATION_ADJECTIVES] if units else []
        self.anatomy = [unit for unit in units if unit.word in ANATOMY] if units else []
        if self.joint:
            self.roles = frozenset([unit.word for unit in self.joint])
            links = self.roles - _CUES
            self.coordinated = bool(links) and links <= _LINKS
        else:
            self.roles, self.coordinated = _NO_ROLES, False

    def append(self, unit: Unit) -> None:
        """Add one unit at the end."""
        self.units.append(unit)
        kind = self.anatomy if unit.word in ANATOMY else self.describing
        (self.nouns if unit.word in OBSERVATION_NOUNS else kind).append(unit)

    @property
    def anatomy_groups(self) -> list[list[Unit]]:
        """The body words of each coordinated part."""
        if not self.cuts:
            return [self.anatomy]
        bounds = [0, *self.cuts, len(self.units)]
        return [[unit for unit in self.units[start:end] if unit.word in ANATOMY] for start, end in pairwise(bounds)]

    @property
    def head(self) -> Unit | None:
        """The observation noun that the phrase is about; None for places and describing words."""
        return self.nouns[-1] if self.nouns else None

    def joined_by(self, *words: Word) -> bool:
        """Whether one of these roles stands between the phrase before and this one."""
        return not self.roles.isdisjoint(words)


def phrases(units: list[Unit]) -> tuple[list[Phrase], list[Unit]]:
    """The phrases of a sentence, and the function units after the last of them."""
    found: list[Phrase] = []
    joint: list[Unit] = []
    index = 0
    while index < len(units):
        if units[index].word not in CONTENT:
            joint.append(units[index])
            index += 1
            continue
        end = index
        while end < len(units) and (units[end].word in CONTENT or units[end].word is Word.HOLE):
            end += 1
        while units[end - 1].word is Word.HOLE:
            end -= 1
        verb_next = end < len(units) and units[end].word in _VERBS
        grown = verb_next and units[index].word is Word.CHANGE and joint[-1:] and joint[-1].word is Word.SHOW
        after_verb = _predicate_position(found, joint) or (bool(found) and bool(grown))
        found += _split_run(units[index:end], joint, after_verb=after_verb, verb_next=verb_next)
        joint = []
        index = end
    return found, joint


def _predicate_position(found: list[Phrase], joint: list[Unit]) -> bool:
    """Whether a verb with a subject stands right before: what follows is said of the subject."""
    if not found or not joint:
        return False
    words = [unit.word for unit in joint]
    return Word.COPULA in words and Word.THERE not in words and Word.RELATIVE not in words


def _split_run(run: list[Unit], joint: list[Unit], *, after_verb: bool, verb_next: bool) -> list[Phrase]:
    """Cut a run of content units into phrases; the first gets the joint, a hole goes to the phrase after it."""
    current = Phrase(joint, predicate=after_verb)
    result = [current]
    holes: list[Unit] = []
    if len(run) == 1:
        current.append(run[0])
        return result
    last_noun = max([index for index, unit in enumerate(run) if unit.word in OBSERVATION_NOUNS], default=-1)
    clause_next = verb_next or run[-1].word in OBSERVATION_ADJECTIVES
    for index, unit in enumerate(run):
        if unit.word is Word.HOLE:
            holes.append(unit)
            continue
        if current.units:
            noun_ahead = last_noun > index
            new_subject = clause_next or (index == len(run) - 1 and unit.word is Word.SIDE)
            around = _Around(noun_ahead, bool(holes), new_subject, verb_next)
            if (
                (holes and _hides_verb(current, holes, run[index:]))
                or (unit.opens and _names_anew(current))
                or _starts_phrase(current, unit, around)
                or (len(result) > 1 and not noun_ahead and _says_behind_place(result[-2], current, unit))
            ):
                said_of = unit.word in OBSERVATION_ADJECTIVES and not noun_ahead
                current = Phrase(holes, predicate=said_of)
                result.append(current)
        current.append(unit)
        holes = []
    return result


class _Around(NamedTuple):
    """What stands around a unit: a finding's noun later in its run, a hole before it, a verb after the run."""

    noun_ahead: bool
    after_hole: bool
    new_subject: bool
    verb_next: bool


def _names_anew(current: Phrase) -> bool:
    """ "No effusion the nodule is stable": a unit with an article begins another noun group."""
    return current.head is not None or current.predicate or current.units[-1].word in ANATOMY_NOUNS


def tells_course(unit: Unit) -> bool:
    """Whether a word says how a finding has changed, or how large it is: it is not said of a body part."""
    return unit.word in {Word.CHANGE, Word.MEASURE} or unit.text in _COMPARATIVES


def _says_behind_place(before: Phrase, current: Phrase, unit: Unit) -> bool:
    """ "Effusion left small", "mass right hilum unchanged": the place is that of the finding, as is what is said."""
    if (
        unit.word not in OBSERVATION_ADJECTIVES
        or before.head is None
        or current.joint
        or len(current.anatomy) < len(current.units)
    ):
        return False
    sides = all(one.word is Word.SIDE for one in current.units)
    sided = current.units[0].word is Word.SIDE and tells_course(unit)
    return (sides or sided) and Word.NEGATION not in before.roles


def _hides_verb(current: Phrase, holes: list[Unit], rest: list[Unit]) -> bool:
    """Whether a hole before `rest` stands for "likely".

    "Blunting of the costophrenic XXXX XXXX old scar": the first hole was a body part. "Opacity in the base XXXX scar":
    the place is complete.
    """
    if current.units[-1].word not in ANATOMY or rest[0].word in ANATOMY_NOUNS:
        return False
    if len(holes) > 1:
        return True
    complete = current.units[-1].word in ANATOMY_NOUNS and current.joined_by(Word.IN)
    means = [unit.text in lexicon().meanings for unit in rest if unit.word in OBSERVATION_NOUNS]
    return complete and bool(means) and means[0]


def _two_findings(last: Unit, unit: Unit) -> bool:
    """ "No effusion consolidation is unchanged": neither noun describes the other."""
    return last.word is Word.FINDING and (unit.text in _NO_ADJECTIVES or last.text == "change")


def _is_shadow(unit: Unit) -> bool:
    """A finding that names no device's purpose: "nodule", not "tracheostomy" (tube)."""
    return unit.word is Word.FINDING and not unit.text.endswith(_DONE_ENDINGS) and unit.text not in _DONE


def _starts_phrase(current: Phrase, unit: Unit, around: _Around) -> bool:
    last = current.units[-1]
    if around.verb_next and current.predicate and current.head is None and last.text in lexicon().complete:
        # "Lines are stable pneumothorax has resolved": run on without a stop.
        return True
    if unit.word in OBSERVATION_NOUNS:
        # Nouns in a row are one compound; after a describing word that followed a noun, a new phrase.
        apart = around.after_hole or last.word not in OBSERVATION_NOUNS or _two_findings(last, unit)
        return current.head is not None and (apart or (unit.word is Word.DEVICE and _is_shadow(last)))
    if current.head is not None:
        return True
    if unit.word is Word.MEASURE and current.anatomy and not around.noun_ahead:
        return True
    if unit.word in ANATOMY:
        only_said = current.predicate and not current.anatomy
        return (
            only_said
            and around.new_subject
            and unit.word is not Word.DIMENSION
            and (around.verb_next or not around.noun_ahead)
        )
    has_noun = any(one.word in ANATOMY_NOUNS for one in current.anatomy)
    return has_noun and last.word in ANATOMY and (around.after_hole or not around.noun_ahead)
