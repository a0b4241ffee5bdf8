"""Findings of the second witness that the combined reading does not have under their own name.

Two spans that overlap are one finding to `witnesses.agreement`, whatever each is called: "pneumothorax" in the model's
"pneumothorax or effusion" is read, and yet nobody who asks for a pneumothorax would be shown it.
"""

from vlmkg.engine_protocol import Finding, Reading, ReadingWarning
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Presence
from vlmkg.spans import overlap

CONCEPT = ReadingCode.CONCEPT_CONFLICT


def renamed(combined: Reading, second: Reading) -> list[ReadingWarning]:
    """One warning for each finding of `second`, unless it is denied, that has no concept of its own in `combined`.

    It has one where a finding at its words, not denied, refers to the same concept.
    """
    return [
        ReadingWarning(CONCEPT, finding.concept.name)
        for finding in second.findings
        if _is_told(second, finding) and not any(_tells(combined, one, second, finding) for one in combined.findings)
    ]


def _is_told(reading: Reading, finding: Finding) -> bool:
    return reading.graph.mentions[finding.mention].presence is not Presence.ABSENT


def _tells(reading: Reading, finding: Finding, second: Reading, wanted: Finding) -> bool:
    here, there = reading.graph.mentions[finding.mention], second.graph.mentions[wanted.mention]
    same = (finding.concept.system, finding.concept.code) == (wanted.concept.system, wanted.concept.code)
    return same and _is_told(reading, finding) and overlap(here, there)
