"""Headings of a structured report's sections: by the codes of DICOM and LOINC, else by the words of the code."""

import re
from functools import lru_cache

from ingest.formats.cleaning import clean_name
from ingest.formats.dicom.object import Group
from ingest.formats.section_codes import SECTION_CODES
from vlmkg.reading.sections import find_sections

CONCEPT_NAME = 0x0040A043
CODE_VALUE, LONG_CODE, URN_CODE, SCHEME, CODE_MEANING = 0x00080100, 0x00080119, 0x00080120, 0x00080102, 0x00080104
TAGS = frozenset({CONCEPT_NAME, CODE_VALUE, LONG_CODE, URN_CODE, SCHEME, CODE_MEANING})

FINDINGS, IMPRESSION, ADDENDUM = "FINDINGS", "IMPRESSION", "ADDENDUM"
COMPARISON, HISTORY, INDICATION = "COMPARISON", "HISTORY", "INDICATION"
TECHNIQUE, RECOMMENDATION = "TECHNIQUE", "RECOMMENDATION"

_DICOM = {
    "121060": HISTORY,
    "121062": INDICATION,
    "121064": TECHNIQUE,
    "121065": TECHNIQUE,
    "121066": COMPARISON,
    "121067": COMPARISON,
    "121068": COMPARISON,
    "121069": COMPARISON,
    "121070": FINDINGS,
    "121071": FINDINGS,
    "121072": IMPRESSION,
    "121073": IMPRESSION,
    "121074": RECOMMENDATION,
    "121075": RECOMMENDATION,
    "121076": IMPRESSION,
    "121077": IMPRESSION,
    "121078": ADDENDUM,
    "121109": INDICATION,
    "121110": HISTORY,
    "121111": IMPRESSION,
}
"""PS3.16 CID 7001 and CID 7002: names of sections, and of the items in them."""

_LOINC = SECTION_CODES | {"46239-0": INDICATION, "55112-7": IMPRESSION, "55752-0": INDICATION, "59768-2": INDICATION}

_SCHEMES = {"DCM": _DICOM, "99DCM": _DICOM, "LN": _LOINC, "LOINC": _LOINC, "": _DICOM | _LOINC}
"""A number of another scheme means something else: only a name without a scheme may be of either."""

_OF_OTHER_DAYS = re.compile(r"\b(?:PRIOR|PREVIOUS|COMPARISON|COMPARED)\b")


def code_of(concept: Group) -> tuple[str, str]:
    """Value and scheme of a coded concept, in capitals (PS3.3 8.1: the value may be long, or a URN)."""
    value = concept.word(CODE_VALUE) or concept.word(LONG_CODE) or concept.word(URN_CODE)
    return value.upper(), concept.word(SCHEME).upper()


def meaning_of(concept: Group) -> str:
    """The words of a coded concept, on one line."""
    return clean_name(concept.text(CODE_MEANING))


def heading_of(item: Group) -> str:
    """The heading that an item's concept name stands for; empty where it is none."""
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
    """Whether the section reader takes these words for a heading, be it of what is read or of what is not."""
    sections = find_sections(f"{words}:\nx")
    return not sections or sections[0].start > 0


@lru_cache(maxsize=256)
def is_read(heading: str) -> bool:
    """Whether what stands under a heading is read; no heading is none."""
    return bool(find_sections(f"{heading}:\nx"))


def has_headings(words: str) -> bool:
    """Whether a text holds headings of its own, so that what follows it would stand under the last of them."""
    sections = find_sections(words)
    return bool(words.strip()) and (len(sections) != 1 or sections[0].start > 0 or sections[0].end < len(words))
