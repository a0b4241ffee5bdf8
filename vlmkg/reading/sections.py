"""The parts of a report that describe the exam: findings, impression and addendum.

Indication, history, comparison, technique and sign-off are not read: they tell of other days or of no finding.
A text without any heading is all findings.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

FINDINGS, IMPRESSION, ADDENDUM = "findings", "impression", "addendum"

_NAMES: dict[str, str | None] = {
    "findings": FINDINGS,
    "finding": FINDINGS,
    "report": FINDINGS,
    "observations": FINDINGS,
    "description": FINDINGS,
    "results": FINDINGS,
    "interpretation": FINDINGS,
    "narrative": FINDINGS,
    "discussion": FINDINGS,
    "body of report": FINDINGS,
    "chest": FINDINGS,
    "findings and impression": FINDINGS,
    "findings/impression": FINDINGS,
    "impression": IMPRESSION,
    "impressions": IMPRESSION,
    "conclusion": IMPRESSION,
    "conclusions": IMPRESSION,
    "opinion": IMPRESSION,
    "summary": IMPRESSION,
    "diagnosis": IMPRESSION,
    "assessment": IMPRESSION,
    "wet read": IMPRESSION,
    "addendum": ADDENDUM,
    "addenda": ADDENDUM,
    "indication": None,
    "indications": None,
    "clinical indication": None,
    "clinical indications": None,
    "clinical information": None,
    "clinical history": None,
    "clinical data": None,
    "clinical question": None,
    "clinical details": None,
    "reason for exam": None,
    "reason for examination": None,
    "reason for study": None,
    "reason for visit": None,
    "reason": None,
    "history": None,
    "patient history": None,
    "past medical history": None,
    "brief history": None,
    "symptoms": None,
    "comparison": None,
    "comparisons": None,
    "comparison study": None,
    "comparison studies": None,
    "technique": None,
    "techniques": None,
    "procedure": None,
    "procedures": None,
    "protocol": None,
    "exam": None,
    "exams": None,
    "examination": None,
    "exam type": None,
    "study": None,
    "study date": None,
    "exam date": None,
    "date of exam": None,
    "views": None,
    "view": None,
    "contrast": None,
    "medications": None,
    "dose": None,
    "radiation dose": None,
    "recommendation": None,
    "recommendations": None,
    "notification": None,
    "notifications": None,
    "communication": None,
    "critical results": None,
    "provisional findings": None,
    "attestation": None,
    "signed": None,
    "signed by": None,
    "electronically signed by": None,
    "electronically signed": None,
    "dictated by": None,
    "dictated": None,
    "transcribed by": None,
    "transcribed": None,
    "interpreted by": None,
    "interpreter": None,
    "reviewed by": None,
    "read by": None,
    "approved by": None,
    "requested by": None,
    "ordered by": None,
    "ordering provider": None,
    "referring physician": None,
    "radiologist": None,
    "attending": None,
    "resident": None,
    "pending review by": None,
    "cc": None,
    "patient name": None,
    "name": None,
    "mrn": None,
    "accession": None,
    "accession number": None,
    "acc": None,
    "date": None,
    "dob": None,
}
_INTRODUCTIONS = frozenset(
    name
    for name, kind in _NAMES.items()
    if kind is None
    and re.match(
        r"clinical|indic|reason|history|patient h|past|brief|sympt|compar|techn|proc|exam|study|view|contrast", name
    )
)
"""Headings that come before the findings; after the others (signatures, notifications) nothing is read."""
_BLANK = re.compile(r"\s*")
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")
_PLAIN_WORDS = frozenset(
    {"chest", "history", "reason", "date", "name", "study", "view", "views", "contrast", "dose", "report"}
)
"""Names that are headings without a colon only in capitals."""
_LONGEST_HEADING = 60
_LONGEST_FURNITURE = 300
# What may stand before a heading on its line: nothing, an ornament, or the end of a sentence.
_COLON_HEADING = re.compile(
    r"(?:^|[.;:!?*\])\n]|[ \t]{2})[ \t*#=_-]*([a-z][a-z/ \t]*?)[ \t]*(?:#?\d{1,2}|[ivx]{1,4})?[ \t*]*$",
    re.IGNORECASE,
)
_LINE_HEADING = re.compile(r"[ \t*#=_-]*([a-z][a-z/ \t]*?)[ \t]*(?:#?\d{1,2}|[ivx]{1,4})?[ \t*=_.-]*", re.IGNORECASE)
# Lines that nobody dictates as a finding: exam tables, signatures, banners of the report's state.
_FURNITURE = re.compile(
    r"[ \t]*(?:"
    r"\*{2,}[^*]{0,60}(?:report|read|result|addendum)[^*]{0,20}\*{2,}[ \t]*"
    r"|acc(?:ession)?[ \t]?(?:#|no\b|number\b).*"
    r"|\d{6,}[ \t]+[a-z]{3}[ \t]+\d.*"
    r"|(?:this (?:document|report) has been|i have (?:personally )?reviewed|electronically (?:signed|approved)|"
    r"dictated by|transcribed by|requested by|ordered by|signed by|reviewed by|pending review|interpreted by|"
    r"end of (?:report|impression))\b.*"
    r"|[^,]{2,60},[ \t]*(?:m\.?d\.?|d\.?o\.?|mbbs|ph\.?d\.?)[ \t]*(?:on\b.*)?"
    r")",
    re.IGNORECASE,
)
_SIGNATURE_WRAP = re.compile(r"[ \t]*(?:m\.?d\.? on )?[a-z]{3} \d{1,2},? \d{4}.{0,20}", re.IGNORECASE)


class Section(NamedTuple):
    """A stretch `text[start:end]` that is read, under its lower-case name."""

    name: str
    start: int
    end: int


def find_sections(text: str) -> list[Section]:
    """The stretches of `text` that describe the exam, in text order and without overlap."""
    headings = _headings(text)
    if not headings:
        return _without_furniture(text, [Section(FINDINGS, 0, len(text))])
    kinds = {_NAMES[heading.name] for heading in headings}
    sections = []
    if headings[0].start > 0 and kinds == {None}:
        # Only headings of what is not read ("Comparison: ..."): what stands before the first is the findings.
        sections.append(Section(FINDINGS, 0, headings[0].start))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        end = following.start if following else len(text)
        kind = _NAMES[heading.name]
        if kind is not None:
            sections.append(Section(kind, heading.end, end))
        elif FINDINGS not in kinds and heading.name in _INTRODUCTIONS:
            # "HISTORY: cough", an empty line, and then the findings without a heading of their own.
            gap = _EMPTY_LINE.search(text, heading.end, end)
            sections += [Section(FINDINGS, gap.end(), end)] if gap else []
    return _without_furniture(text, sections)


class _Heading(NamedTuple):
    start: int
    end: int
    name: str


def _headings(text: str) -> list[_Heading]:
    """The known headings in text order."""
    found = {heading.start: heading for heading in _colon_headings(text)}
    for start, end in _lines(text):
        match = _LINE_HEADING.fullmatch(text, start, end) if end - start <= _LONGEST_HEADING else None
        name = _name(match)
        if name in _NAMES and (match[1].isupper() if match and name in _PLAIN_WORDS else True):
            found.setdefault(start, _Heading(start, end, name))
    return sorted(found.values())


def _colon_headings(text: str) -> Iterator[_Heading]:
    """Headings that end in a colon, at the start of a line or of a sentence."""
    colon = text.find(":")
    while colon >= 0:
        start = max(0, colon - _LONGEST_HEADING)
        match = _COLON_HEADING.search(text[max(start, text.rfind("\n", start, colon) + 1) : colon])
        name = _name(match)
        if match and name in _NAMES:
            yield _Heading(colon - len(match.string) + match.start(1), colon + 1, name)
        colon = text.find(":", colon + 1)


def _name(match: re.Match[str] | None) -> str:
    return " ".join(match[1].lower().split()) if match else ""


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


def _furniture(text: str) -> list[tuple[int, int]]:
    """The stretches of lines that are no report text; a signature may wrap to the next line."""
    gaps: list[tuple[int, int]] = []
    for start, end in _lines(text):
        if end - start > _LONGEST_FURNITURE:
            continue
        line = text[start:end].rstrip("\r")
        wraps = bool(gaps) and gaps[-1][1] + 1 == start and _SIGNATURE_WRAP.fullmatch(line)
        if wraps or _FURNITURE.fullmatch(line):
            gaps.append((start, end))
    return gaps


def _without_furniture(text: str, sections: list[Section]) -> list[Section]:
    gaps = _furniture(text)
    kept = []
    for name, start, end in sections:
        position, index = start, bisect_left(gaps, (start, start))
        while index < len(gaps) and gaps[index][0] < end:
            kept.append(Section(name, position, gaps[index][0]))
            position = gaps[index][1]
            index += 1
        kept.append(Section(name, min(position, end), end))
    return [section for section in kept if not _BLANK.fullmatch(text, section.start, section.end)]
