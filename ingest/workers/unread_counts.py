"""The amount of unread text in a study's reports, counted from their readings."""

from collections.abc import Sequence

from ingest.ledger.unread_totals import UnreadTexts
from vlmkg.engine_protocol import Reading
from vlmkg.reading_codes import ReadingCode
from vlmkg.report_parts import Part


def count_unread(texts: Sequence[str], readings: Sequence[Reading]) -> UnreadTexts:
    """The counts of a study's reports, given their texts and readings in the same order."""
    aside = [_characters(reading) for reading in readings]
    warned = [{warning.reason for warning in reading.warnings} for reading in readings]
    return UnreadTexts(
        reports=len(texts),
        reports_set_aside=sum(number > 0 for number in aside),
        characters=sum(map(len, texts)),
        characters_set_aside=sum(aside),
        findings_set_aside=sum(ReadingCode.TEXT_SET_ASIDE in reasons for reasons in warned),
        nothing_read=sum(ReadingCode.NOTHING_READ in reasons for reasons in warned),
        other_language=sum(ReadingCode.LANGUAGE in reasons for reasons in warned),
    )


def _characters(reading: Reading) -> int:
    return sum(one.end - one.start for one in reading.set_aside if one.reason != Part.HEADING)
