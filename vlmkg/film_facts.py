"""What only films show, as readings: less what the study's reports name, normalised side and all.

A report is a radiologist's word on the same films. Where it names a concept, be it to deny it, the film adds nothing:
a finding that a report denies must not come back as present.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vlmkg.normalization import normalize
from vlmkg.reading import ConceptLink, Finding, ImageEntity, Reading
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness
from vlmkg.vocabulary.closure import ancestors

SECTION = "image"
_SIDES = ("left", "right")


def read_films(entities: Iterable[ImageEntity], reports: Sequence[Reading]) -> tuple[tuple[str, Reading], ...]:
    """One reading for each film with a fact that no report names, by the film's key."""
    named = {finding.concept.code for reading in reports for finding in reading.findings}
    by_film: dict[str, list[tuple[Mention, ConceptLink, Finding]]] = {}
    for entity in entities:
        link, finding = _normalized(entity.text)
        if not _is_named(finding.concept.code, named):
            mention = _mention(entity.text, entity.presence, entity.score)
            by_film.setdefault(entity.image, []).append((mention, link, finding))
    return tuple((film, _reading(facts)) for film, facts in sorted(by_film.items()))


def _is_named(code: str, named: set[str]) -> bool:
    """Whether a report names the concept, a kind of it, or what it is a kind of."""
    return code in named or not named.isdisjoint(ancestors(code)) or any(code in ancestors(one) for one in named)


def _normalized(name: str) -> tuple[ConceptLink, Finding]:
    """The concept and finding of a film's fact: its side modifies it, as it would in a report."""
    words = name.split()
    rest = _mention(" ".join(word for word in words if word not in _SIDES), Presence.PRESENT, None)
    sides = tuple(_mention(word, Presence.PRESENT, None) for word in words if word in _SIDES)
    modify = tuple(Relation(at, RelationType.MODIFY, 0) for at in range(1, len(sides) + 1))
    links, findings = normalize(ReportGraph((rest, *sides), modify))
    return links[0], findings[0]


def _reading(facts: Sequence[tuple[Mention, ConceptLink, Finding]]) -> Reading:
    mentions, links, findings = zip(*facts, strict=True)
    placed = tuple(replace(finding, mention=at) for at, finding in enumerate(findings))
    return Reading(ReportGraph(mentions), links, placed)


def _mention(text: str, presence: Presence, score: float | None) -> Mention:
    return Mention(0, 0, text, Kind.OBSERVATION, presence, SECTION, score, Witness.MODEL)
