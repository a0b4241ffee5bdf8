"""The parts of a report that describe the exam: findings, impression and addendum.

Indication, history, comparison, technique and sign-off are not read: they tell of other days or of no finding.
A text without any heading is all findings.
"""

import re
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
_WORDS = "|".join(sorted((re.escape(name).replace(r"\ ", r"[ \t]+") for name in _NAMES), key=len, reverse=True))
_NUMBERED = r"(?:[ \t]*(?:#?[ \t]*\d{1,2}|[ivx]{1,4}))?"
# With a colon anywhere at the start of a line or of a sentence; without one only as a whole line in capitals.
_COLON = re.compile(
    rf"(?:^|(?<=[.;:!?*\])])|(?<=\s{{2}}))[ \t*#=_-]*({_WORDS}){_NUMBERED}[ \t*]*:", re.IGNORECASE | re.MULTILINE
)
_LINE = re.compile(rf"^[ \t*#=_-]*({_WORDS}){_NUMBERED}[ \t*=_.-]*$", re.IGNORECASE | re.MULTILINE)
_SPACED_COLON = re.compile(rf"(?:^|(?<=[.;!?] ))({_WORDS}){_NUMBERED} :", re.IGNORECASE | re.MULTILINE)
# A line that nobody dictates as a finding: exam tables, signatures, banners of the report's state.
_FURNITURE = re.compile(
    r"^[ \t]*(?:"
    r"\*{2,}[^*\n]{0,60}(?:report|read|result|addendum)[^*\n]{0,20}\*{2,}"
    r"|acc(?:ession)?[ \t]?(?:#|no\b|number\b).{0,200}"
    r"|\d{6,}[ \t]+[a-z]{3}[ \t]+\d.{0,200}"
    r"|(?:this (?:document|report) has been|i have (?:personally )?reviewed|electronically (?:signed|approved)|"
    r"dictated by|transcribed by|requested by|ordered by|signed by|reviewed by|pending review|interpreted by|"
    r"end of (?:report|impression))\b.{0,300}"
    r"|[^\n]{2,60},[ \t]*(?:m\.?d\.?|d\.?o\.?|mbbs|ph\.?d\.?)[ \t]*"
    r")$",
    re.IGNORECASE | re.MULTILINE,
)


class Section(NamedTuple):
    """A stretch `text[start:end]` that is read, under its lower-case name."""

    name: str
    start: int
    end: int


def find_sections(text: str) -> list[Section]:
    """The stretches of `text` that describe the exam, in text order and without overlap."""
    marks = _marks(text)
    if not any(width for _, width, _ in marks):
        return _without_furniture(text, [Section(FINDINGS, 0, len(text))])
    sections = []
    names = {name for _, _, name in marks}
    if marks[0][0] > 0 and not names & {FINDINGS, IMPRESSION, ADDENDUM}:
        # Only headings of what is not read ("Comparison: ..."): what stands before the first is the findings.
        sections.append(Section(FINDINGS, 0, marks[0][0]))
    for (start, width, name), following in zip(marks, [*marks[1:], None], strict=True):
        if name is not None:
            sections.append(Section(name, start + width, following[0] if following else len(text)))
    return _without_furniture(text, sections)


def _marks(text: str) -> list[tuple[int, int, str | None]]:
    """(start, width, section name or None) of each heading, in text order."""
    found: dict[int, tuple[int, str | None]] = {}
    for pattern in (_COLON, _LINE, _SPACED_COLON):
        for match in pattern.finditer(text):
            name = _NAMES[" ".join(match.group(1).lower().split())]
            found.setdefault(match.start(), (match.end() - match.start(), name))
    return [(start, width, name) for start, (width, name) in sorted(found.items())]


def _without_furniture(text: str, sections: list[Section]) -> list[Section]:
    gaps = [match.span() for match in _FURNITURE.finditer(text)]
    if not gaps:
        return sections
    kept = []
    for name, start, end in sections:
        position = start
        for gap_start, gap_end in gaps:
            if start <= gap_start < end:
                kept.append(Section(name, position, gap_start))
                position = gap_end
        kept.append(Section(name, min(position, end), end))
    return [section for section in kept if text[section.start : section.end].strip()]
