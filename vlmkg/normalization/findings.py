"""Compose findings: `effusion` located at `pleural` is a pleural effusion, `enlarged` at `heart` is cardiomegaly."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from vlmkg.engine_protocol import ConceptLink
from vlmkg.normalization.names import Name, is_anatomy, is_descriptor, longest, names, names_part, tells_part
from vlmkg.normalization.places import SIDE_WORDS, Place, sided_code, spread_of, within
from vlmkg.normalization.tables import Table, table
from vlmkg.normalization.words import canonical, lemma
from vlmkg.schema import Kind
from vlmkg.vocabulary import Concept
from vlmkg.vocabulary.closure import regions
from vlmkg.vocabulary.loader import LOCAL, load_vocabulary

_NUMBER = re.compile(r"\d|(one|two|three|four|five|six|seven|eight|nine|ten|second|third|fourth|fifth|sixth|seventh)\b")
_UNIT = re.compile(r"\b(mm|cm|m|degrees?)$")

EMPTY_HEADS = frozenset({"CXR:abnormality", "CXR:change", "RID38780"})
"""Unspecific heads, which need a modifier: "granulomatous disease", "emphysematous changes"."""


NOT_INSIDE = frozenset({"RID1385", "RID1407", "RID2468", "CXR:bones"})
"""Heart, pericardium, chest wall, bones: an effusion or edema there is not one of the pleura or the lung."""


@dataclass(frozen=True, slots=True)
class Implied:
    """The site implied by a finding's name. `becomes`: the composed concept, for a name without a specific site."""

    site: Concept
    becomes: Concept | None
    always: bool


def compose_finding(
    head: str, modifiers: frozenset[str], places: tuple[Place, ...], *, chest: bool = True
) -> ConceptLink:
    """The concept of a finding from its own words, its modifiers' (texts as written) and those of its places.

    Each place is tried by itself, so that the words of two places are never mixed into one name. `chest`: the exam is
    one of the chest.
    """
    own = frozenset(canonical(head))
    described = own.union(*(canonical(text) for text in modifiers))
    found = _best(own, described, places, chest=chest)
    if found is None or (found.concept.code in EMPTY_HEADS and found.words <= own):
        found = _filled(modifiers, described, places, chest=chest) or found
    if found is None:
        found = _partial(own, described, places, chest=chest)
    if found is None:
        return local(head)
    link = _link(found, head, own)
    return _implied_kind(link, places) if chest else link


@lru_cache(maxsize=65536)
def implied_places(code: str, side: str | None, places: tuple[Place, ...], *, chest: bool = True) -> tuple[str, ...]:
    """The codes of the site that the finding's name implies, at its side; none if a stated place covers it.

    A name without a definite site ("effusion") implies none if another place is stated ("knee"), or if the exam is not
    `chest`.
    """
    implied = _implied().get(code)
    if implied is not None and not (names_part(code) if not chest else not implied.becomes or all(map(_open, places))):
        return ()
    stated = tuple(c for place in places if not place.words <= SIDE_WORDS for c in place.codes)
    if implied is None or (stated and not implied.always):
        return ()
    site = implied.site
    sides = {"bilateral": ("left", "right")}.get(side or "", (side,) if side else ())
    wanted = tuple(filter(None, (sided_code(site.code, site.name, s) for s in sides))) or (site.code,)
    covered = {code for c in stated for code in (c, *regions(c))}
    if site.code not in covered and chest:
        wanted += spread_of(site.code)
    return tuple(code for code in wanted if code not in covered)


def at_site(code: str, places: tuple[Place, ...], *, chest: bool = True) -> tuple[Place, ...]:
    """The places, those that only an adjective names read within the site that the finding implies."""
    implied = _implied().get(code) if chest or names_part(code) else None
    return tuple(within(implied.site, place) for place in places) if implied else places


def fits(code: str, place: Place) -> bool:
    """Whether a finding suggested by one at `place` is there, too: its own site, if it has one, contains the place.

    An opacity at the left base that suggests pneumonia puts the pneumonia at the left base; one that suggests heart
    failure or a descriptor ("artifactual") does not.
    """
    implied = _implied().get(code)
    if implied is None:
        return not is_descriptor(code)
    return any(implied.site.code in (c, *regions(c)) for c in place.codes)


@lru_cache(maxsize=65536)
def describe(text: str, kind: Kind, *, chest: bool = True) -> ConceptLink:
    """The concept of a mention's own words: of modifiers and of anatomy parts."""
    concept = names(kind).exact.get(text.lower())
    if concept is not None and (chest or not names_part(concept.code) or tells_part(frozenset(canonical(text)))):
        return ConceptLink(concept.code, concept.system, concept.name, 1.0, "name")
    own = frozenset(canonical(text))
    found = longest(kind, own, own, chest=chest) or _figure(text)
    return _link(found, text, own) if found else local(text)


def _figure(text: str) -> Name | None:
    """A measurement ("1.7 cm") or a bare number ("two", "9th")."""
    if not _NUMBER.match(text.lower()):
        return None
    code = "measurement" if _UNIT.search(text.lower()) else "number"
    return longest(Kind.OBSERVATION, frozenset({code}), frozenset({code}))


def local(text: str) -> ConceptLink:
    """The local concept of a mention's own words, which no table has."""
    code = lemma(text)
    return ConceptLink(code, LOCAL, code, 0.0, "unmapped")


def _best(head: frozenset[str], described: frozenset[str], places: tuple[Place, ...], *, chest: bool) -> Name | None:
    tries = [longest(Kind.OBSERVATION, head, described | place.words, chest=chest) for place in places]
    tries.append(longest(Kind.OBSERVATION, head, described, chest=chest))
    return max((name for name in tries if name), key=lambda name: len(name.words), default=None)


def _filled(
    modifiers: frozenset[str], described: frozenset[str], places: tuple[Place, ...], *, chest: bool
) -> Name | None:
    """The concept of a modifier that replaces an empty head, if it names a finding by itself."""
    tries = [_best(frozenset(canonical(text)), described, places, chest=chest) for text in sorted(modifiers)]
    filled = [name for name in tries if name and not is_descriptor(name.concept.code)]
    return max(filled, key=lambda name: len(name.words), default=None)


def _partial(own: frozenset[str], described: frozenset[str], places: tuple[Place, ...], *, chest: bool) -> Name | None:
    """Of a head with an unknown word, the longest name around one of its known words."""
    tries = [_best(frozenset({word}), described, places, chest=chest) for word in sorted(own)] if len(own) > 1 else []
    return max((name for name in tries if name), key=lambda name: len(name.words), default=None)


def _link(found: Name, text: str, own: frozenset[str]) -> ConceptLink:
    concept = found.concept
    if not own <= found.words:
        score, rule = 0.6, "partial"
    elif not found.words <= own:
        score, rule = 0.9, "composed"
    elif text.lower() in (concept.name.lower(), *concept.synonyms):
        score, rule = 1.0, "name"
    else:
        score, rule = 0.95, "word_form"
    return ConceptLink(concept.code, concept.system, concept.name, score, rule)


@cache
def _implied() -> dict[str, Implied]:
    concepts = {concept.code: concept for concept in load_vocabulary().concepts}
    return {
        row["finding"]: Implied(concepts[row["site"]], concepts.get(row["becomes"]), row["always"] == "y")
        for row in table(Table.IMPLIED)
    }


def _implied_kind(link: ConceptLink, places: tuple[Place, ...]) -> ConceptLink:
    """An effusion without a place, on a side, or inside the chest except the heart is a pleural effusion."""
    implied = _implied().get(link.code)
    if implied is None or implied.becomes is None or not all(map(_open, places)):
        return link
    concept = implied.becomes
    return ConceptLink(concept.code, concept.system, concept.name, 0.8, "implied_site")


def _open(place: Place) -> bool:
    """Whether a place leaves the part of the chest to the finding's name."""
    if place.words <= SIDE_WORDS or (place.concept is not None and not is_anatomy(place.concept.code)):
        return True
    return bool(place.codes) and all(map(_in_chest, place.codes))


@cache
def _in_chest(code: str) -> bool:
    """Whether a place is inside the chest, but not heart, wall or bones."""
    above = {code, *regions(code)}
    return "RID1243" in above and not above & NOT_INSIDE
