"""Units to phrases: noun groups, predicates, and the words between them.

A phrase is a head noun with what stands before it ("small left pleural effusion"), a place ("the left base"), or
describing words alone ("is stable and unchanged").
"""

from dataclasses import dataclass, field

from vlmkg.lexicon.words import (
    ANATOMY,
    ANATOMY_NOUNS,
    CONTENT,
    OBSERVATION_ADJECTIVES,
    OBSERVATION_NOUNS,
    Word,
)
from vlmkg.rules.labels import Unit

_VERBS = frozenset({Word.COPULA, Word.SHOW})
_LINKS = frozenset({Word.AND, Word.OR, Word.COMMA, Word.VERSUS, Word.THAN})


@dataclass(slots=True)
class Phrase:
    """One group of content units with the function units that stand between it and the phrase before.

    `nouns` holds the observation nouns, the head last; `describing` the observation adjectives. `predicate` is True for what is said of a subject.
    `compared` is True for "left greater than right". `cuts` are the positions in `units` where a coordinated part begins ("left | and right lower lobe").
    """

    joint: list[Unit]
    units: list[Unit] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    predicate: bool = False
    compared: bool = False

    @property
    def nouns(self) -> list[Unit]:
        return [unit for unit in self.units if unit.word in OBSERVATION_NOUNS]

    @property
    def describing(self) -> list[Unit]:
        return [unit for unit in self.units if unit.word in OBSERVATION_ADJECTIVES]

    @property
    def anatomy(self) -> list[Unit]:
        return [unit for unit in self.units if unit.word in ANATOMY]

    @property
    def anatomy_groups(self) -> list[list[Unit]]:
        """The body words of each coordinated part."""
        bounds = [0, *self.cuts, len(self.units)]
        return [
            [unit for unit in self.units[start:end] if unit.word in ANATOMY]
            for start, end in zip(bounds, bounds[1:], strict=False)
        ]

    @property
    def head(self) -> Unit | None:
        """The observation noun that the phrase is about; None for places and describing words."""
        nouns = self.nouns
        return nouns[-1] if nouns else None

    def joined_by(self, *words: Word) -> bool:
        """Whether one of these roles stands between the phrase before and this one."""
        return any(unit.word in words for unit in self.joint)

    @property
    def coordinated(self) -> bool:
        """Whether only "and", "or", "versus" or commas stand between the phrase before and this one."""
        links = [unit.word for unit in self.joint if unit.word not in {Word.HOLE, Word.HEDGE, Word.NEGATION}]
        return bool(links) and all(word in _LINKS for word in links)


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
        after_verb = _predicate_position(found, joint)
        verb_next = end < len(units) and units[end].word in _VERBS
        found += _split_run(units[index:end], joint, after_verb=after_verb, verb_next=verb_next)
        joint = []
        index = end
    return found, joint


def _predicate_position(found: list[Phrase], joint: list[Unit]) -> bool:
    """Whether a verb with a subject stands right before: what follows is said of the subject."""
    words = [unit.word for unit in joint]
    return bool(found) and Word.COPULA in words and Word.THERE not in words and Word.RELATIVE not in words


def _split_run(run: list[Unit], joint: list[Unit], *, after_verb: bool, verb_next: bool) -> list[Phrase]:
    """Cut a run of content units into phrases; the first gets the joint, a hole goes to the phrase after it."""
    current = Phrase(joint, predicate=after_verb)
    result = [current]
    holes: list[Unit] = []
    for index, unit in enumerate(run):
        if unit.word is Word.HOLE:
            holes.append(unit)
            continue
        rest = run[index + 1 :]
        clause_next = verb_next or run[-1].word in OBSERVATION_ADJECTIVES
        if current.units and _starts_phrase(current, unit, rest, after_hole=bool(holes), clause_next=clause_next):
            said_of = unit.word in OBSERVATION_ADJECTIVES and not _noun_ahead(rest)
            current = Phrase(holes, predicate=said_of)
            result.append(current)
        current.units.append(unit)
        holes = []
    return result


def _starts_phrase(current: Phrase, unit: Unit, rest: list[Unit], *, after_hole: bool, clause_next: bool) -> bool:
    last = current.units[-1]
    if unit.word in OBSERVATION_NOUNS:
        # Nouns in a row are one compound; after a describing word that followed a noun, a new phrase.
        return current.head is not None and (after_hole or last.word not in OBSERVATION_NOUNS)
    if current.head is not None:
        return True
    if unit.word in ANATOMY:
        only_said = current.predicate and all(one.word in OBSERVATION_ADJECTIVES for one in current.units)
        new_subject = clause_next or (not rest and unit.word is Word.SIDE)
        return only_said and new_subject and unit.word is not Word.DIMENSION and not _noun_ahead(rest)
    has_noun = any(one.word in ANATOMY_NOUNS for one in current.units)
    return has_noun and last.word in ANATOMY and (after_hole or not _noun_ahead(rest))


def _noun_ahead(rest: list[Unit]) -> bool:
    """Whether the noun of a finding follows in the run."""
    return any(unit.word in OBSERVATION_NOUNS for unit in rest)
