"""The findings of films as readings, without those that the study's reports name, with normalised sides.

A report is a radiologist's statement about the same films. If it names a concept, even to deny it, the film adds
nothing: a finding that a report denies must not be shown as present. A film has no second witness, so findings with a
low score are refused as `unsure` (docs/decisions/0163-a-film-has-one-witness.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from vlmkg.engine_protocol import ConceptLink, Finding, ImageEntity, Reading, ReadingWarning, Rejection
from vlmkg.normalization import normalize
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness
from vlmkg.vocabulary.closure import ancestors
from vlmkg.witnesses.low_confidence import REASON

MIN_FILM_SCORE = 0.8
"""Of what the shipped checkpoint says of phantoms so surely, one in 500 is wrong (0163)."""
SECTION = "image"
_SIDES = ("left", "right")


class _Fact(NamedTuple):
    """What a film shows: as a mention, its concept, and the finding that it is."""

    mention: Mention
    link: ConceptLink
    finding: Finding


def read_films(entities: Iterable[ImageEntity], reports: Sequence[Reading]) -> tuple[tuple[str, Reading], ...]:
    """One reading for each film with a fact that no report names, by the film's key.

    Facts that the model is not sure of stand among its rejections, and are warned of.
    """
    named = {finding.concept.code for reading in reports for finding in reading.findings}
    by_film: dict[str, list[_Fact]] = {}
    for entity in entities:
        link, finding = _normalized(entity.text)
        if not _is_named(finding.concept.code, named):
            mention = _mention(entity.text, entity.presence, entity.score)
            by_film.setdefault(entity.image, []).append(_Fact(mention, link, finding))
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


def _reading(facts: Sequence[_Fact]) -> Reading:
    sure = [fact for fact in facts if fact.mention.score is None or fact.mention.score >= MIN_FILM_SCORE]
    unsure = [fact.mention for fact in facts if fact not in sure]
    return Reading(
        ReportGraph(tuple(fact.mention for fact in sure)),
        tuple(fact.link for fact in sure),
        tuple(replace(fact.finding, mention=at) for at, fact in enumerate(sure)),
        tuple(Rejection(REASON, one.text, "", "", f"score {one.score:.2f}") for one in unsure),
        tuple(ReadingWarning(REASON, one.text) for one in unsure),
    )


def _mention(text: str, presence: Presence, score: float | None) -> Mention:
    return Mention(0, 0, text, Kind.OBSERVATION, presence, SECTION, score, Witness.MODEL)
