"""What the asserted findings of a study come to, as properties of the study: counts over all patients read them.

A count reads three short lists of each study so, in the place of ten findings with all their properties
(docs/decisions/0247-studies-sum-up-their-findings.md). Asserted: present or uncertain, and not rejected by a person, as
a question means it that says neither.

assertedConcepts         the concepts, each once
assertedPlaces           the places, one for each pair of a place and a concept that is there
assertedPlaceConcepts    the concept of each such pair, in the same order

Lists that would be empty are left out.
"""

from collections.abc import Iterable

from graph.records import MentionRecord
from vlmkg.schema import Presence
from vlmkg.verdicts import ReviewState

SINCE = 4
"""The migration that gave them to the studies of older graphs."""


def summary_of(mentions: Iterable[MentionRecord]) -> dict[str, list[str] | None]:
    """The properties, of a study's mentions."""
    found = [
        mention.finding
        for mention in mentions
        if mention.finding is not None
        and mention.presence is not Presence.ABSENT
        and mention.finding.review is not ReviewState.REJECTED
    ]
    pairs = sorted({(place, one.concept_code) for one in found for place in one.place_codes})
    return {
        "assertedConcepts": sorted({one.concept_code for one in found}) or None,
        "assertedPlaces": [place for place, _ in pairs] or None,
        "assertedPlaceConcepts": [concept for _, concept in pairs] or None,
    }
