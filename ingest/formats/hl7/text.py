"""The words of an order's report, under headings that the section reader knows.

Senders mark what a line is in OBX-3: by suffix (`&GDT` general description, `&IMP` impression, `&ADT` addendum; HL7
v2.8 chapter 7.2.4), by LOINC code, or by the heading itself. Where the words lack the heading, it is written before
them: else an impression sent line by line would be read as findings, and a question of the referrer as an answer.
"""

from functools import partial
from itertools import groupby
from typing import NamedTuple

from ingest.formats.cleaning import require_words_size
from ingest.formats.code_sets import code_set
from ingest.formats.hl7.orders import Order
from ingest.formats.hl7.segments import EMPTY, Segment, unescape
from ingest.formats.hl7.status import is_deleted
from vlmkg.reading.headings import heading_part
from vlmkg.report_parts import READ

ADDENDUM = "ADDENDUM"
FINDINGS = "FINDINGS"

HEADINGS = {
    "GDT": FINDINGS,
    "MDT": FINDINGS,
    "IMP": "IMPRESSION",
    "ADT": ADDENDUM,
    "REC": "RECOMMENDATION",
    "59776-5": FINDINGS,
    "19005-8": "IMPRESSION",
    "55107-7": ADDENDUM,
    "18783-1": "RECOMMENDATION",
    "55115-0": "INDICATION",
    "18785-6": "INDICATION",
    "11329-0": "HISTORY",
    "18834-2": "COMPARISON",
    "55111-9": "TECHNIQUE",
}
"""Headings by OBX-3 suffix, then by LOINC code."""

_WORDS = code_set(
    "FINDINGS IMPRESSION CONCLUSION ADDENDUM INDICATION HISTORY COMPARISON TECHNIQUE PROCEDURE EXAM EXAMINATION "
    "RECOMMENDATION"
)

_READ = frozenset({FINDINGS, "IMPRESSION", ADDENDUM})
_PARAGRAPHS = ("INDICATION", "HISTORY", "CLINICAL", "REASON", "TECHNIQUE", "COMPARISON", "RECOMMENDATION", "PROTOCOL")


class ReportText(NamedTuple):
    """The report's words, and those of its addendum; each empty where there is none."""

    body: str
    addendum: str


def order_text(order: Order, charset: str) -> ReportText:
    """The words of all text results in message order. `charset` is that of hexadecimal escapes."""
    body: list[str] = []
    addendum: list[str] = []
    kept = [result for result in order.texts if not is_deleted(result.text(11)) and result.field(5) != EMPTY]
    # Before anything is split: each separator may take as much text as it makes lines.
    require_words_size(sum(len(result.field(5)) for result in kept))
    headings: dict[str, str | None] = {}
    for heading, results in groupby(kept, key=partial(_heading_once, headings)):
        lines = [line for result in results for line in _lines(result, charset)]
        (addendum if heading == ADDENDUM else body).extend(_under(heading, lines))
    return ReportText(_join(body), _join(addendum))


def _heading_once(known: dict[str, str | None], result: Segment) -> str | None:
    """Most lines of a report bear the same OBX-3."""
    name = result.field(3)
    if name not in known:
        known[name] = section_heading(result)
    return known[name]


def section_heading(result: Segment) -> str | None:
    """The heading that OBX-3 gives to its line; None where it says nothing of sections."""
    suffix, code, words = result.text(3, 1, 2).upper(), result.text(3).upper(), result.text(3, 2).upper().rstrip(":")
    if heading := HEADINGS.get(suffix) or HEADINGS.get(code):
        return heading
    return next((word for word in (code.rstrip(":"), words) if word in _WORDS), None)


def _lines(result: Segment, charset: str) -> list[str]:
    """OBX-5 as lines: repetitions and line break sequences end a line. Components are words here, not structure."""
    return [
        line.rstrip()
        for repetition in result.repeats(5)
        for line in unescape(repetition, result.separators, charset).splitlines() or [""]
    ]


def _under(heading: str | None, lines: list[str]) -> list[str]:
    """The lines of one section, with its heading written before the first line that none stands over."""
    if heading is None or (place := _unheaded(heading, lines)) is None:
        return lines
    return [*lines[:place], f"{heading}:", *lines[place:]]


def _unheaded(heading: str, lines: list[str]) -> int | None:
    """The first line that no heading covers; None where the section starts with its own.

    A heading that is not read covers its paragraph, a line such as the exam's name or a signature itself alone.
    """
    covered = False
    for number, line in enumerate(lines):
        if not line.strip():
            covered = False
        elif _has_heading(line):
            if heading not in _READ or _names_read(line):
                return None
            covered = line.lstrip().upper().startswith(_PARAGRAPHS)
        elif not covered:
            return number
    return None


def _has_heading(line: str) -> bool:
    return heading_part(line) is not None


def _names_read(line: str) -> bool:
    """Whether the line's heading opens a section that is read."""
    return heading_part(line) in READ


def _join(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")
