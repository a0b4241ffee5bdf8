"""Compose places: `left`, `lower` and `lobe` are the lower lobe of the left lung."""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

from vlmkg.normalization.names import Name, is_anatomy, longest, name_words, names, tells_part
from vlmkg.normalization.tables import Table, table
from vlmkg.normalization.words import canonical, is_plural
from vlmkg.schema import Kind
from vlmkg.vocabulary import Concept
from vlmkg.vocabulary.closure import regions

SIDES = ("left", "right")
BOTH = "bilateral"
SIDE_WORDS = frozenset({*SIDES, BOTH})
ALTERNATIVES = (
    (frozenset({"lobe", "lung", "zone"}), ("upper", "middle", "lower")),
    (frozenset({"lymph", "node"}), ("hilum", "mediastinum", "paratracheal", "axilla")),
)
"""Words that exclude each other with these heads: "middle and lower lobes" are two places."""
SIDE_REGIONS = {"RID29980": "left", "RID29979": "right"}
"""Left and right hemithorax: regions in one of them have its side, even if unstated (the lingula is left)."""
UNCOUNTED_PAIRS = frozenset({"lung", "rib"})
"""Plurals without a side: "opacities in the lungs" is not "in both lungs"."""


THORAX = "RID1243"
REGION_ADJECTIVES = frozenset({"RID1243", "RID7488", "RID56"})
"""Thorax, neck, abdomen: `thoracic`, `cervical` and `abdominal` before the name of a part mean that part of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A composed place. `concept` is None if no table has it; `codes` contain it and, for pairs, both sides.

    `sides` are from its words or its anatomy; `words` are canonical.
    """

    concept: Concept | None
    codes: tuple[str, ...]
    sides: frozenset[str]
    words: frozenset[str]
    composed: bool

    def __hash__(self) -> int:
        # Almost all places differ in these two; places are keys of what is kept in memory.
        return hash((self.codes, self.words))


@lru_cache(maxsize=65536)
def compose_place(head: str, modifiers: frozenset[str]) -> Place:
    """The place of an anatomy mention and the anatomy that modifies it (texts as written)."""
    own = frozenset(canonical(head))
    words = own.union(*(canonical(text) for text in modifiers))
    sides = words & SIDE_WORDS
    if BOTH in sides or sides >= frozenset(SIDES):
        return _pair(own, words, frozenset(SIDES))
    concept = None if modifiers else names(Kind.ANATOMY).exact.get(head.lower())
    if concept is None:
        concept = _concept(own, words)
    codes = _several(own, words) or _codes(concept)
    if not sides and is_plural(head):
        both = tuple(code for side in SIDES for code in _codes(sided(words, own, side)))
        codes = _unique((*codes, *both))
        sides = frozenset(SIDES) if both and not own <= UNCOUNTED_PAIRS else sides
    sides |= frozenset(side for code in codes[:1] for side in (side_of(code),) if side)
    return Place(concept, codes, sides, words, composed=words != own)


def _several(own: frozenset[str], words: frozenset[str]) -> tuple[str, ...]:
    """The places of "right middle and lower lobes", one for each level; empty if it is one place."""
    for heads, alternatives in ALTERNATIVES:
        said = [word for word in alternatives if word in words]
        if len(said) > 1 and own & heads:
            head, others = own.difference(alternatives), words.difference(alternatives)
            return _unique(tuple(code for word in said for code in _codes(_concept(head, others | {word}))))
    return ()


def sided(words: frozenset[str], head: frozenset[str], side: str) -> Concept | None:
    """The concept of these words on one side, if the vocabulary has it separately."""
    found = longest(Kind.ANATOMY, head - SIDE_WORDS, (words - SIDE_WORDS) | {side})
    return found.concept if found and side in found.words else None


@cache
def sided_code(code: str, name: str, side: str) -> str | None:
    """The code of a concept's left or right form, by its name; None if there is none."""
    words = frozenset(canonical(name))
    found = sided(words, words, side)
    return found.code if found and (code in regions(found.code) or found.code != code) else None


@lru_cache(maxsize=65536)
def within(site: Concept, place: Place) -> Place:
    """A place named only by an adjective, read as part of the site that the finding implies.

    For a spondylosis "thoracic" is the thoracic spine; for an atelectasis "left lower" is the left lower lung.
    """
    bare = place.concept is None or place.concept.code in REGION_ADJECTIVES or not is_anatomy(place.concept.code)
    words = frozenset(canonical(site.name))
    found = longest(Kind.ANATOMY, words, words | place.words) if bare and not place.words <= SIDE_WORDS else None
    if found is None or found.words <= words | SIDE_WORDS:
        return place
    return replace(place, codes=_codes(found.concept))


@lru_cache(maxsize=65536)
def where_named(place: Place) -> Place:
    """The codes of a place in an exam that is not of the chest, without parts of the chest that its words do not name.

    The "lower lobe" of a thyroid is not one of a lung, the "bone" of a hand not one of the thorax.
    """
    told = tells_part(place.words)
    spread = spread_of(place.concept.code) if place.concept else ()
    kept = tuple(
        code
        for code in place.codes
        if THORAX not in {code, *regions(code)} or (told and (code not in spread or _says(place, code)))
    )
    if len(kept) == len(place.codes):
        return place
    return replace(place, concept=place.concept if place.concept and place.concept.code in kept else None, codes=kept)


def _says(place: Place, code: str) -> bool:
    """Whether the words of a place name this region of it: "spine" does not say the thoracic spine."""
    return name_words(code) <= place.words


@cache
def side_of(code: str) -> str | None:
    """The side of the body that a place has by anatomy."""
    above = regions(code) | {code}
    return next((side for region, side in SIDE_REGIONS.items() if region in above), None)


def _pair(own: frozenset[str], words: frozenset[str], sides: frozenset[str]) -> Place:
    """A place on both sides: the concept without side, then its left and its right form."""
    head, rest = own - SIDE_WORDS, words - SIDE_WORDS
    if not head:
        head = rest
    concept = _concept(head, rest) if head else names(Kind.ANATOMY).exact.get(BOTH)
    both = tuple(code for side in SIDES for code in _codes(sided(rest, head, side))) if head else ()
    return Place(concept, _unique((*_codes(concept), *both)), sides, words, composed=words != own)


def _concept(own: frozenset[str], words: frozenset[str]) -> Concept | None:
    found = longest(Kind.ANATOMY, own, words)
    if found is None:
        found = _around(own, words) or _around(words - own, words)
    return found.concept if found else None


def _around(heads: frozenset[str], words: frozenset[str]) -> Name | None:
    """If no name contains the whole head ("liver contour"), the longest around one of these words."""
    tries = (longest(Kind.ANATOMY, frozenset({word}), words) for word in sorted(heads - SIDE_WORDS))
    return max((name for name in tries if name), key=lambda name: len(name.words), default=None)


@cache
def _members() -> dict[str, tuple[str, ...]]:
    return {row["region"]: tuple(row["members"].split(";")) for row in table(Table.REGIONS)}


def spread_of(code: str) -> tuple[str, ...]:
    """The regions that a place names at once, as a film of the chest shows it: "the spine" is the thoracic one."""
    return _members().get(code, ())


def _codes(concept: Concept | None) -> tuple[str, ...]:
    return (concept.code, *spread_of(concept.code)) if concept else ()


def _unique(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
