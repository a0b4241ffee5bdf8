"""Lines that nobody dictates as a finding: exam tables, banners of the report's state, signatures, letterheads."""

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import product, starmap
from typing import NamedTuple

from vlmkg.reading.heading_names import is_exam_line
from vlmkg.reading.section_content import names_finding
from vlmkg.reading.text_lines import lines
from vlmkg.report_parts import Part, Stretch

_LONGEST = 300
_KEPT_LINES = 8192
_LONGEST_EXAM_LINE = 120
_BANNER = re.compile(
    r"[ \t]*(?:"
    r"\*{3,}[^*:]{0,60}(?:report|read|result|addendum)[^*:]{0,20}\*{3,}[ \t]*"
    r"|acc(?:ession)?[ \t]?(?:#|no\b|number\b).*"
    r"|end of (?:report|impression)\b.*"
    r")",
    re.IGNORECASE,
)
_EXAM_ROW = re.compile(r"[ \t]*\d{6,}[ \t]+[a-z]{3}[ \t]+\d.*", re.IGNORECASE)
"""A row of a table of exams: number, date, name."""
_LONGEST_ROW_WRAP = 60
_SENTENCE_END = re.compile(r"[.;][ \t]{1,12}(?=[A-Za-z])")
_SHORTEST_SIGNATURE = 12
_AGREED = re.compile(
    r"\b(?:findings?|impression|interpretation|diagnosis|reading|read|conclusion)"
    r"(?: of|:| that there is| that)[ \t]{1,4}",
    re.IGNORECASE,
)
"""What somebody signs for: "I have reviewed the films and agree with the finding of ..."."""
_BANNER_STARTS = frozenset("*aAeE")
_SIGNED = re.compile(r" by|this |signed|reviewed|pending|approved|thank|regards|wishes|sincerely|dear |, ?[mdpf]")
"""Each signature holds one of these: looked for first, since most lines hold none."""
_LETTERHEAD_SIGNS = re.compile(
    r"hospital|clinic|infirmary|medical cent|imaging cent|nhs |health s|radiology|department of"
)
"""Each letterhead holds one of these."""
_SIGNATURE = re.compile(
    r"[ \t]*(?:"
    r"(?:this (?:document|report) has been|i have (?:personally )?reviewed|electronically (?:signed|approved)|"
    r"dictated by|transcribed by|requested by|ordered by|signed by|reviewed by|pending review|interpreted by)\b.*"
    r"|[^,]{2,60},[ \t]*(?:m\.?d\.?|d\.?o\.?|mbbs|ph\.?d\.?|frcr|franzcr)[ \t]*(?:on\b.*)?"
    r"|(?:many thanks|thanks|thank you)(?: for[^.]{0,60})?[.,]?[ \t]*"
    r"|(?:with |kind |best )*(?:regards|wishes)[.,]?[ \t]*|yours sincerely[.,]?[ \t]*"
    r"|dear (?:dr|doctor|colleague)\b.{0,40}"
    r")",
    re.IGNORECASE,
)
_SIGNATURE_WRAP = re.compile(r"[ \t]*(?:(?:m\.?d\.? )?on )?[a-z]{3} \d{1,2},? \d{4}.{0,20}", re.IGNORECASE)
_LETTERHEAD = re.compile(
    r"[ \t]*(?:department of [a-z ]{3,30}|(?:[a-z.'&-]+[ \t]+){1,5}(?:hospital|hospitals|clinic|infirmary|"
    r"medical cent(?:er|re)|imaging cent(?:er|re)|nhs (?:foundation )?trust|health (?:system|service)|"
    r"radiology|radiology department))[ \t,.]*",
    re.IGNORECASE,
)


def furniture(text: str) -> Iterator[Stretch]:
    """The lines of `text` that are not report text, in order, with their reasons; a signature or a row may wrap."""
    above = _BLANK
    for start, end in lines(text):
        if start == end:
            above = _BLANK
            continue
        line = text[start : min(end, start + _LONGEST + 1)]
        one = _LINE_KEPT[above](line) if len(line) <= _LONGEST else _line(line, above)
        if one.part:
            yield Stretch(start, end if one.signed_end is None else start + one.signed_end, one.part)
        above = one.below


def _signed_end(line: str) -> int:
    """Where the signature ends: before a sentence on its line that names a finding, or before what is agreed with."""
    stops = [stop.end() for stop in _SENTENCE_END.finditer(line, _SHORTEST_SIGNATURE)]
    agreed = _AGREED.search(line, 0, stops[0] if stops else len(line))
    if agreed is not None and names_finding(line[agreed.end() : stops[0] if stops else len(line)]):
        return agreed.end()
    return next((at for at in stops if names_finding(line[at:])), len(line))


def is_banner(line: str) -> bool:
    """Whether a line is a banner ("*** Final Report ***") or the head of a table of exams, and no heading."""
    return line.lstrip()[:1] in _BANNER_STARTS and len(line) <= _LONGEST and bool(_BANNER.fullmatch(line.rstrip("\r")))


class _Above(NamedTuple):
    """What the line above is: one after which a new one may begin, a signature, a row of exams."""

    begun: bool
    signed: bool
    row: bool


_BLANK = _Above(begun=True, signed=False, row=False)


class _Line(NamedTuple):
    """What a line is, given what is above it; `below` is what it is for the next line."""

    part: Part | None
    signed_end: int | None
    below: _Above


def _line(line: str, above: _Above) -> _Line:
    line = line.rstrip("\r")
    row = _is_exam_row(line)
    part = _part(line, above, row=row) if len(line) <= _LONGEST else None
    begun = part is not None or not line.strip() or line.rstrip()[-1] in ".:*=_"
    if part is None and not row:
        return _REPORT_TEXT[begun]
    signed_end = _signed_end(line) if part is Part.SIGN_OFF else None
    return _Line(part, signed_end, _Above(begun, part is Part.SIGN_OFF, row))


_REPORT_TEXT = {begun: _Line(None, None, _Above(begun, signed=False, row=False)) for begun in (False, True)}
"""Most of the lines that are kept are one of these: the garbage collector visits two records, not thousands."""
_LINE_KEPT = {
    above: lru_cache(maxsize=_KEPT_LINES)(partial(_line, above=above))
    for above in starmap(_Above, product((False, True), repeat=3))
}
"""`_line` by what is above: a line that is kept takes no record for its key."""


def _is_exam_row(line: str) -> bool:
    return line.lstrip(" \t")[:1].isdigit() and _EXAM_ROW.fullmatch(line) is not None


def _part(line: str, above: _Above, *, row: bool) -> Part | None:
    """The reason why a line is not report text."""
    if not line or line.isspace():
        return None
    lower = line.lower()
    if (_SIGNED.search(lower) and _SIGNATURE.fullmatch(line)) or (above.signed and _SIGNATURE_WRAP.fullmatch(line)):
        return Part.SIGN_OFF
    if is_banner(line) or (above.begun and _LETTERHEAD_SIGNS.search(lower) and _LETTERHEAD.fullmatch(line)):
        return Part.ADMINISTRATIVE
    wraps = above.row and line.strip() and len(line) <= _LONGEST_ROW_WRAP and ":" not in line
    exam = above.begun and len(line) <= _LONGEST_EXAM_LINE and is_exam_line(line)
    return Part.EXAM if wraps or exam or row else None
