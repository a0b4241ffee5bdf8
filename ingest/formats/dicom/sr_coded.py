"""Coded findings as words: "Pleural effusion: left, small." (PS3.3 C.17.3.2.4, relationships HAS PROPERTIES and HAS
CONCEPT MOD).

A property may negate its finding ("Presence: absent"). So a finding is written with all its properties or not at all,
and only if each of them gives a place, a size, a side, a severity, a presence or a certainty.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.formats.cleaning import clean_name
from ingest.formats.dicom.object import Group
from ingest.formats.dicom.sr_headings import CONCEPT_NAME, code_of, heading_of, meaning_of

CONCEPT_CODE = 0x0040A168
TEXT_VALUE = 0x0040A160

_QUALIFIERS = frozenset(
    {"G-A203", "705057003", "408729009"}  # presence
    | {"246103008", "111012", "121106"}  # certainty, comment
    | {"G-C171", "272741003", "G-C0E3", "363698007"}  # side, site
    | {"G-C197", "246112005"}  # severity
)
_QUALIFIER_WORDS = re.compile(
    r"(?:(?:finding|anatomic(?:al)?|observation) )?"
    r"(?:presence|presence of finding|certainty|probability|likelihood|laterality|side|site|location|severity|degree"
    r"|comments?|description|details?|remarks?)",
    re.IGNORECASE,
)
"""Names of properties that qualify only their own finding."""

_DENIALS = re.compile(
    r"\b(?:no|not|none|absent|absence|negative|excluded|ruled out|without|unlikely|never|false|unknown)\b",
    re.IGNORECASE,
)
_DENIAL_ALONE = re.compile(
    r"(?:none|nil|no|not(?: \w+)?|absent|absence|negative|excluded|ruled out|unlikely|never|false|unknown)\.?",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"(?:(?:coded|radiology|radiological|imaging|chest|other|single image) )?"
    r"(?:finding|findings|impression|impressions|conclusion|conclusions|diagnosis|observation|result|interpretation"
    r"|composite feature|problem|abnormality|pathology)",
    re.IGNORECASE,
)
"""Names of items whose value is the finding."""

_OF_FORM = re.compile(
    r"\b(?:text|report|section|paragraph|body|comments?|descriptions?|notes?|content|narrative|remarks?|statement|document"
    r"|item|exam|examination|study|name|value|unspecified)\b",
    re.IGNORECASE,
)
"""Names that describe the document, not the patient."""
_SIDE = re.compile(r"\b(?:left|right|bilateral)\b", re.IGNORECASE)
_LONGEST_NAME = 4
_LONGEST_PHRASE = 8
_SENTENCE = re.compile(
    r"[.!?;\n]\s*\S|\b(?:is|are|was|were|has|have|there|seen|shows?|no|not|without)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an item: its value in words, and whether it may be written with its finding."""

    words: str
    known: bool

    @property
    def denies(self) -> bool:
        """Whether it may negate the finding."""
        return bool(_DENIALS.search(self.words))


def property_of(item: Group, nested: list[Property]) -> Property:
    """A CODE or TEXT item as a property. `nested` are its own properties, such as the side of a place."""
    words = value_of(item)
    parts = [*(one.words for one in nested), words]
    known = bool(words) and is_qualifier(item) and all(one.known for one in nested)
    return Property(" ".join(part for part in parts if part), known)


def is_qualifier(item: Group) -> bool:
    """Whether an item's name is that of a property, not of a finding."""
    name = item.first(CONCEPT_NAME)
    return code_of(name)[0] in _QUALIFIERS or bool(_QUALIFIER_WORDS.fullmatch(meaning_of(name).rstrip(": ")))


def value_of(item: Group) -> str:
    """The value of a CODE or TEXT item in words, on one line, without its full stop."""
    words = clean_name(item.text(TEXT_VALUE)) or meaning_of(item.first(CONCEPT_CODE))
    return words.rstrip(". ")


def coded_words(item: Group, properties: list[Property]) -> str | None:
    """A CODE item in words; None if the words could have another meaning than the item."""
    value = value_of(item)
    if not value or not all(one.known for one in properties):
        return None
    name = meaning_of(item.first(CONCEPT_NAME)).rstrip(": ")
    said = [value] if not name or _is_generic(item, name) else [name, value]
    return sentence(": ".join([*said, ", ".join(one.words for one in properties)]) if properties else ": ".join(said))


def phrase_words(words: str, properties: list[Property]) -> str:
    """A TEXT that is only a phrase ("Pneumothorax"), with all its properties."""
    qualifiers = ", ".join(one.words for one in properties)
    return sentence(f"{words.rstrip('.: ')}: {qualifiers}") if qualifiers else words


def named_words(item: Group, words: str) -> str:
    """A TEXT item's words, after its name if they need it: "Pneumothorax: none."."""
    name = meaning_of(item.first(CONCEPT_NAME)).rstrip(": ")
    of_form = not name or len(name.split()) > _LONGEST_NAME or _OF_FORM.search(name) or _is_generic(item, name)
    if of_form or not (_SIDE.search(name) or is_phrase(words)):
        return words
    return f"{name}: {words}"


def is_phrase(words: str) -> bool:
    """Whether the words are a name rather than a sentence, so that a property may state its presence."""
    return 0 < len(words.split()) <= _LONGEST_PHRASE and not _SENTENCE.search(words)


def is_answer(item: Group) -> bool:
    """Whether a TEXT item only makes sense with its parent item."""
    return is_qualifier(item) or bool(_DENIAL_ALONE.fullmatch(clean_name(item.text(TEXT_VALUE))))


def sentence(words: str) -> str:
    """The words with a full stop."""
    return f"{words}." if words and words[-1] not in ".!?" else words


def known_of(properties: list[Property]) -> Iterator[Property]:
    """The properties that may be written with their finding."""
    return (one for one in properties if one.known)


def _is_generic(item: Group, name: str) -> bool:
    return bool(heading_of(item) or _GENERIC.fullmatch(name))
