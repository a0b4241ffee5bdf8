"""The section of a result, by its code (OBX-3): suffix, LOINC or DICOM code, or the words of a heading."""

import re
from functools import lru_cache

from ingest.formats.code_sets import code_set
from ingest.formats.hl7.escapes import Separators
from ingest.formats.hl7.segments import Segment
from ingest.formats.section_codes import DICOM_CODES, SECTION_CODES

ADDENDUM = "ADDENDUM"
FINDINGS = "FINDINGS"

HEADINGS = {
    "GDT": FINDINGS,
    "MDT": FINDINGS,
    "IMP": "IMPRESSION",
    "ADT": ADDENDUM,
    "REC": "RECOMMENDATION",
    **dict.fromkeys(("TCM", "MED", "DEV"), "TECHNIQUE"),
    **SECTION_CODES,
}
"""Headings by OBX-3 suffix, then by LOINC code."""

_WORDS = code_set(
    "FINDINGS IMPRESSION CONCLUSION ADDENDUM INDICATION HISTORY COMPARISON TECHNIQUE PROCEDURE EXAM EXAMINATION "
    "RECOMMENDATION"
)
_PATTERNS = (
    (
        re.compile(
            r"(?:CLINICAL|PATIENT|BRIEF|PAST MEDICAL|RELEVANT)\b.*"
            r"\b(?:HISTORY|INFORMATION|INDICATIONS?|DATA|QUESTION|DETAILS)"
            r"|REASON(?: FOR (?:THE )?(?:EXAM|EXAMINATION|STUDY|VISIT|REQUEST|REFERRAL|ORDER))?|SYMPTOMS"
            r"|INDICATIONS|HISTORY OF .*|(?:CLINICAL )?REQUEST|ORDER REASON|(?:CLINICAL )?QUESTION"
        ),
        "HISTORY",
    ),
    (
        re.compile(
            r"COMPARISONS|(?:COMPARISON|PRIOR|PREVIOUS) (?:STUDY|STUDIES|EXAMS?|EXAMINATIONS?|FILMS?|TEXT|SECTION)"
        ),
        "COMPARISON",
    ),
    (re.compile(r"TECHNIQUES|TECHNIQUE (?:TEXT|SECTION)"), "TECHNIQUE"),
    (re.compile(r"(?:DIAGNOSTIC |RADIOLOGY |OVERALL )?IMPRESSIONS?(?: TEXT| SECTION)?|CONCLUSIONS"), "IMPRESSION"),
    (re.compile(r"(?:RADIOLOGY |IMAGING )?FINDINGS?(?: TEXT| SECTION)?"), FINDINGS),
    (re.compile(r"ADDENDUM (?:TEXT|SECTION)|ADDENDA"), ADDENDUM),
    (re.compile(r"RECOMMENDATIONS"), "RECOMMENDATION"),
)
"""Senders' words for a section, and its heading."""

_LONGEST_NAME = 1024
"""Characters of OBX-3 that are checked. Results are cached."""
_DICOM = frozenset({"DCM", "99SDM"})


def section_heading(result: Segment) -> str | None:
    """The heading for a line by its OBX-3; None if it names no section."""
    return _of_field(result.field(3)[:_LONGEST_NAME], result.separators)


@lru_cache(maxsize=1024)
def _of_field(value: str, separators: Separators) -> str | None:
    """Most lines of a report have the same OBX-3."""
    result = Segment("OBX", ("OBX", "", "", value), separators)
    return _heading(result.text(3, 1, 2), tuple(result.text(3, number) for number in range(1, 7)))


def _heading(suffix: str, components: tuple[str, ...]) -> str | None:
    """The heading by suffix and components (code, words and system, twice)."""
    code, words, system, other_code, other_words, other_system = components
    coded = [DICOM_CODES.get(each) for each, of in ((code, system), (other_code, other_system)) if of.upper() in _DICOM]
    coded += [HEADINGS.get(each.upper()) for each in (suffix, code, other_code)]
    return next(filter(None, coded), None) or next(filter(None, map(_of_words, (code, words, other_words))), None)


def _of_words(words: str) -> str | None:
    name = " ".join(words.upper().rstrip(": ").split())
    if name in _WORDS:
        return name
    return next((heading for pattern, heading in _PATTERNS if pattern.fullmatch(name)), None)
