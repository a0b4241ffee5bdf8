"""The object of a denial: a thing, or a change, part or side of a thing that is known to be there.

"No growth of the nodule" denies the growth, "no fluid around the drain" the fluid; nodule and drain are there.
"""

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import OBSERVATIONS, Word
from vlmkg.reading.rules.labels import Unit
from vlmkg.reading.rules.phrases import Phrase

BEGINNINGS = frozenset(
    {"development", "developments", "onset", "formation", "accumulation", "reaccumulation", "collection", "cluster"}
    | {"manifestation", "manifestations", "component", "components", "element", "elements", "recurrence", "return"}
    | {"recollection", "regrowth", "focus", "foci", "appearance", "reappearance"}
)
"""To deny one of these of a finding denies the finding."""
COURSES = frozenset({"progression", "evolution", "transformation", "conversion", "transition", "development"})
BECOMING = frozenset({"to", "into", "towards", "toward"})
"""The course of a finding, and what it comes to: "no progression to ARDS" denies the ARDS."""
TRACES = frozenset({"changes", "sequelae", "sequela", "residua", "residuum", "stigmata"})
"""What an illness leaves behind; a change in the singular is one of what is there."""
LEFT_BY = frozenset({"of", "from"})
TIPS = frozenset({"tip", "tips"})
_OWN = frozenset({"of", "in", "within", "for", "from", "suggesting"})
_INSIDE = frozenset({"in", "within"})
_BODY_SHADOWS = frozenset({"shadow", "shadows", "cavity", "cavities", "silhouette", "space", "spaces"})
_PARTS = frozenset({Word.DIMENSION, Word.PART})
_JOINING = frozenset(
    {Word.IN, Word.OF, Word.REPORT, Word.COPULA, Word.SUBJECT, Word.ASPECT, Word.RELATIVE, Word.SUGGEST}
)
_AROUND = frozenset({"after", "around", "about", "from", "near", "along", "surrounding"})


def is_of_known(phrases: list[Phrase], index: int) -> bool:
    """Whether this phrase names what is known to be there, and the denial before it denies something about it."""
    phrase = phrases[index]
    if phrase.head is None:
        return False
    if not phrase.joint:
        return _is_explained(phrases, index)
    if not phrase.roles <= _JOINING or not phrase.joined_by(Word.IN, Word.OF, Word.SUGGEST):
        return False
    meant = phrase.head.word is not Word.DEVICE and Word.SUGGEST in phrase.roles
    # "No lesion is seen in the renal shadows", "in the cranial cavity": the words are of the body.
    bodily = Word.COPULA in phrase.roles and phrase.head.text in _BODY_SHADOWS
    bodily = bodily and any(unit.word is not Word.SIDE for unit in phrase.anatomy)
    governor = _governor(phrases, index)
    if governor is None or meant or bodily:
        return False
    if any(unit.text in BEGINNINGS for unit in governor.units) and phrase.joint[-1].text in _OWN:
        # "No collection in the nodule", but "no new development in the effusion" and "no focus of edema".
        return phrase.joint[-1].text in _INSIDE and "collection" in governor.units[-1].text and is_definite(phrase)
    course = phrase.joint[-1].text in BECOMING and governor.units[-1].text in COURSES
    known = is_definite(phrase) or (phrase.head.word is Word.DEVICE and _at_device(phrase))
    # "No changes of edema", "no changes from old infection" deny the illness, "no change of the edema" does not.
    signs = governor.units[-1].text in TRACES and phrase.joint[-1].text in LEFT_BY
    attributed = governor.head is not None and governor.head.text in lexicon().attributes and not signs
    return known or (attributed and not course)


def _is_explained(phrases: list[Phrase], index: int) -> bool:
    """ "No nodule explains the effusion": a verb that the lexicon lacks stands before what is known."""
    return phrases[index].units[0].definite and index > 0 and phrases[index - 1].head is not None


def _at_device(phrase: Phrase) -> bool:
    """ "No fracture of catheter", "no pneumothorax after line placement": the device is there."""
    return phrase.joined_by(Word.OF, Word.SUGGEST) or phrase.joint[-1].text in _AROUND


def is_definite(phrase: Phrase) -> bool:
    """Whether "the", "this" or "known" stands before the phrase."""
    return any(unit.definite for unit in phrase.units)


def _governor(phrases: list[Phrase], index: int) -> Phrase | None:
    """The phrase with an observation to which "of" and "in" tie this one."""
    for at in range(index - 1, -1, -1):
        if any(unit.word in OBSERVATIONS for unit in phrases[at].units):
            return phrases[at]
        if not phrases[at].joined_by(Word.IN, Word.OF):
            return None
    return None


def is_aspect_of(phrases: list[Phrase], index: int) -> bool:
    """ "The margins of the nodule", "the extent of the effusion", "the tip of the drain": what is said of them is not
    said of the nodule, the effusion or the drain."""
    phrase = phrases[index]
    if not phrase.joined_by(Word.OF) or phrase.head is None:
        return False
    if phrase.joined_by(Word.ASPECT):
        return True
    before = phrases[index - 1] if index else None
    if before is None:
        return False
    if before.head is None:
        return bool(before.anatomy) and before.anatomy[-1].word in _PARTS and not before.describing
    return before.head.text in TIPS or (is_definite(phrase) and before.head.text in lexicon().attributes)


def without_its_tip(phrase: Phrase) -> list[Unit]:
    """The units of which it is said that they are not seen: of "drain tip" the tip alone."""
    tips = [unit for unit in phrase.units if unit.text in TIPS]
    return tips if tips and len(phrase.nouns) > len(tips) else phrase.units
