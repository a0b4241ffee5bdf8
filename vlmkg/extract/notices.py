"""Notices of `vlmkg extract` about text and films that were not read."""

from collections.abc import Iterator

from vlmkg.engine_protocol import Reading
from vlmkg.reading_codes import ReadingCode
from vlmkg.report_parts import Part

_SILENT = frozenset({Part.HEADING.value, Part.LANGUAGE.value})


def notices(key: str, text: str, reading: Reading) -> Iterator[str]:
    """Lines for stderr: what happened to the report `key`, and what to do next. None if everything was read."""
    if not text.strip():
        yield f"{key}: nothing was read: the report has no text"
        return
    for warning in reading.warnings:
        if warning.reason == ReadingCode.LANGUAGE:
            yield f"{key}: text in another language ({warning.detail}) was not read: send an English report"
        elif warning.reason == ReadingCode.TEXT_SET_ASIDE:
            part, _, words = warning.detail.partition(": ")
            yield (
                f"{key}: a finding in text set aside as {part} was not read: {_line(words)!r}; "
                "to have it read, put it under a heading such as FINDINGS"
            )
        elif warning.reason == ReadingCode.NOTHING_READ:
            yield f"{key}: nothing was read: {_why(reading)}"


def _why(reading: Reading) -> str:
    reasons = list(dict.fromkeys(one.reason for one in reading.set_aside if one.reason not in _SILENT))
    if any(one.reason == Part.LANGUAGE for one in reading.set_aside):
        return "the report is not in English"
    if reasons:
        return (
            f"text was set aside as {', '.join(reasons)}, and the rest names no known finding. Check the "
            "report's headings"
        )
    return "the text states no known finding. Check the report's text"


def _line(words: str) -> str:
    return " ".join(words.split())
