"""Laterality and severity of a finding, from the words around it."""

from functools import cache, lru_cache

from vlmkg.normalization.places import BOTH, SIDES, Place
from vlmkg.normalization.tables import Table, table
from vlmkg.normalization.words import canonical
from vlmkg.vocabulary.closure import ancestors

DEGREES = ("borderline", "mild", "moderate", "severe")
"""All values of `severity`, in rising order. Of "mild to moderate" the higher counts."""

DEVICES = "RID29033"
"""RadLex: medical device."""

AMOUNTS = frozenset({"RID4861", "RID5352", "RID4798", "RID4895", "RID28493", "RID28506", "CXR:cardiomegaly"})
"""Findings (with all below them) whose size is a severity: fluid, gas outside the lung, hernias, loss of air."""


def laterality(modifiers: frozenset[str], places: tuple[Place, ...]) -> str | None:
    """`left`, `right` or `bilateral`, from places and side words among the modifiers; None if none is said."""
    sides = {side for place in places for side in place.sides}
    for text in modifiers:
        words = canonical(text)
        sides.update(SIDES if BOTH in words else (side for side in SIDES if side in words))
    if len(sides) == len(SIDES):
        return BOTH
    return next(iter(sides), None)


def own_places(code: str, before: tuple[Place, ...], places: tuple[Place, ...]) -> tuple[Place, ...]:
    """The places that decide the side: a "right PICC line in the left brachiocephalic vein" is a right one.

    `before` are those in front of the name: for a device only they count, if they have a side.
    """
    sided = DEVICES in ancestors(code) and any(place.sides for place in before)
    return before if sided else places


@lru_cache(maxsize=65536)
def severity(code: str, words: frozenset[str]) -> str | None:
    """One of DEGREES, from the finding's modifiers and own words (texts as written); None if none is said."""
    said = {word.lower() for text in words for word in text.split()}
    degrees = _degrees()
    found = {degrees[word, "degree"] for word in said if (word, "degree") in degrees}
    if not found and _has_amount(code):
        found = {degrees[word, "amount"] for word in said if (word, "amount") in degrees}
    return max(found, key=DEGREES.index, default=None)


@cache
def _degrees() -> dict[tuple[str, str], str]:
    return {(row["word"], row["kind"]): row["severity"] for row in table(Table.DEGREES)}


@cache
def _has_amount(code: str) -> bool:
    return bool(AMOUNTS & {code, *ancestors(code)})
