"""Headings of a structured report's sections: by DICOM or LOINC code, or by the words of the code."""

import re
from functools import lru_cache

from ingest.formats.cleaning import clean_name
from ingest.formats.dicom.object import Group
from ingest.formats.section_codes import DICOM_CODES, SECTION_CODES
from vlmkg.reading.sections import find_sections

CONCEPT_NAME = 0x0040A043
CODE_VALUE, LONG_CODE, URN_CODE, SCHEME, CODE_MEANING = 0x00080100, 0x00080119, 0x00080120, 0x00080102, 0x00080104
TAGS = frozenset({CONCEPT_NAME, CODE_VALUE, LONG_CODE, URN_CODE, SCHEME, CODE_MEANING})

FINDINGS, COMPARISON = "FINDINGS", "COMPARISON"

_SCHEMES = {
    "DCM": DICOM_CODES,
    "99DCM": DICOM_CODES,
    "LN": SECTION_CODES,
    "LOINC": SECTION_CODES,
    "": DICOM_CODES | SECTION_CODES,
}
"""A number of another scheme means something else, so a code without a scheme may match only by name."""

_OF_OTHER_DAYS = re.compile(r"\b(?:PRIOR|PREVIOUS|COMPARISON|COMPARED)\b")


def code_of(concept: Group) -> tuple[str, str]:
    """Value and scheme of a coded concept, in capitals (PS3.3 8.1: the value may be long, or a URN)."""
    value = concept.word(CODE_VALUE) or concept.word(LONG_CODE) or concept.word(URN_CODE)
    return value.upper(), concept.word(SCHEME).upper()


def meaning_of(concept: Group) -> str:
    """The words of a coded concept, on one line."""
    return clean_name(concept.text(CODE_MEANING))


def heading_of(item: Group) -> str:
    """The heading for an item's concept name; empty if it is not a heading."""
    name = item.first(CONCEPT_NAME)
    value, scheme = code_of(name)
    if heading := _SCHEMES.get(scheme, {}).get(value):
        return heading
    words = meaning_of(name).upper().rstrip(": ")
    if _OF_OTHER_DAYS.search(words):
        return COMPARISON
    return words if words and _is_heading(words) else ""


@lru_cache(maxsize=256)
def _is_heading(words: str) -> bool:
    """Whether the section reader recognises these words as a heading, of a section that is read or not."""
    sections = find_sections(f"{words}:\nx")
    return not sections or sections[0].start > 0


@lru_cache(maxsize=256)
def is_read(heading: str) -> bool:
    """Whether the section under a heading is read. Text without a heading is read."""
    return bool(find_sections(f"{heading}:\nx"))


def has_headings(words: str) -> bool:
    """Whether a text contains headings, so that the following text would belong to the last of them."""
    sections = find_sections(words)
    return bool(words.strip()) and (len(sections) != 1 or sections[0].start > 0 or sections[0].end < len(words))
