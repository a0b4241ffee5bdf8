"""Summaries of a study's asserted findings, as properties of the study, for counts over all patients.

With them a count reads three short lists per study instead of ten findings with all their properties
(docs/decisions/0247-studies-sum-up-their-findings.md). Asserted means present or uncertain, and not rejected by a
person, which is the default of queries.

assertedConcepts         the concepts, each once
assertedPlaces           the places, one per pair of a place and a concept found there
assertedPlaceConcepts    the concept of each such pair, in the same order

Lists that would be empty are left out.
"""

from collections.abc import Iterable

from graph.records import MentionRecord
from vlmkg.schema import Presence
from vlmkg.verdicts import ReviewState

SINCE = 4
"""The migration that adds them to older graphs."""


def summary_of(mentions: Iterable[MentionRecord]) -> dict[str, list[str] | None]:
    """The properties for a study's mentions."""
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
