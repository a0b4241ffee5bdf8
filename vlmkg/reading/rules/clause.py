"""The state of a clause while its phrases are read: the phrases that later ones may attach to."""

from dataclasses import dataclass, field

from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.phrase_relations import Edge, Part

_REGIONS = frozenset({Word.PLACE, Word.SIDE, Word.ORGAN, Word.POSITION, Word.PART})


@dataclass(slots=True)
class Clause:
    """What later phrases may attach to.

    `anchors`: the coordinated findings named last; `subjects`: the coordinated phrases before the verb;
    `place`: the place phrase that an "of" may say more about; `said`: the describing words of the last predicate;
    `titled`: a finding with a colon behind it, of which a list of places tells ("nodules: RUL 4 mm, LLL 6 mm");
    `side`: a side with a colon behind it, at which what is listed is ("right: effusion, atelectasis");
    `listed`: a described place whose words hold for the places listed after it; `borrowed`: places that the last
    finding took from the one before, until it gets its own.
    """

    anchors: list[Part] = field(default_factory=list)
    subjects: list[Part] = field(default_factory=list)
    place: Part | None = None
    said: Part | None = None
    titled: Part | None = None
    side: Part | None = None
    listed: Part | None = None
    borrowed: list[Edge] = field(default_factory=list)


def start(clause: Clause, part: Part) -> None:
    """A new subject."""
    clause.subjects = clause.anchors = [part]
    clause.place = part if part.place_only else None
    clause.said = clause.listed = clause.titled = None


def has_verb(following: Part | None) -> bool:
    """Whether the next phrase is said of this one by a verb."""
    if following is None or following.phrase.joined_by(Word.RELATIVE, Word.THERE, Word.COMMA, Word.BUT):
        return False
    return following.phrase.joined_by(Word.COPULA, Word.SHOW)


def said_of(following: Part | None) -> bool:
    """Whether the next phrase is said of this one without a verb ("lungs clear")."""
    return following is not None and following.words_only and not following.phrase.joint


def measured(following: Part | None) -> bool:
    """Whether the next phrase is a measurement alone."""
    return following is not None and following.words_only and all(unit.word is Word.MEASURE for unit in following.heads)


def is_region(part: Part) -> bool:
    """Whether the part names where in the body, not only of which tissue."""
    return bool(part.places) and all(unit.word in _REGIONS for unit in part.places)
