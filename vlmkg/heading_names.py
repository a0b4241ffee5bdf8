"""What a heading's words open: a part of the report, the name of the exam, or a line about a body part."""

import re
from enum import Enum, auto
from functools import cache, lru_cache

from vlmkg.reading.lexicon.load import lexicon, tsv_rows
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, Word
from vlmkg.report_parts import READ, Part


class Subject(Enum):
    """A heading whose text is read, although it names no part: an exam ("XR CHEST"), or a body part or finding."""

    EXAM_NAME = auto()
    BODY = auto()


_JOINED = re.compile(r"[/&+,]|\band\b|\bor\b")
_BRACKETS = re.compile(r"[(\[][^)\]]{0,40}[)\]]")
_ORNAMENTS = " \t\r*_#=~\"'<>()[].:-\u2013\u2014"
_NUMBER = re.compile(r"[ ]+(?:#? ?\d{1,2}|no\.? ?\d{1,2}|[ivx]{1,4}|continued|cont'?d?)$")
_BEFORE_NAME = frozenset(
    [
        "radiological",
        "radiologic",
        "radiographic",
        "radiology",
        "imaging",
        "diagnostic",
        "x-ray",
        "xray",
        "xr",
        "cxr",
        "chest",
        "ct",
        "mr",
        "mri",
        "us",
        "ultrasound",
        "final",
        "preliminary",
        "prelim",
        "main",
        "key",
        "significant",
        "additional",
        "other",
        "overall",
        "general",
        "brief",
        "relevant",
        "pertinent",
        "patient",
        "patients",
        "patient's",
        "pt",
        "full",
        "detailed",
        "short",
        "summary",
        "the",
        "our",
        "initial",
        "new",
        "current",
        "today's",
        "positive",
        "negative",
        "cardiac",
        "pulmonary",
        "thoracic",
        "abdominal",
        "abdomen",
        "reported",
        "narrative",
        "interpretation",
        "film",
        "interpretive",
        "official",
        "signed",
    ]
)
_OF_BEFORE = frozenset(["prior", "previous", "earlier", "old", "last", "former", "past", "outside"])
_BY_LAST_WORD = frozenset(
    [
        "findings",
        "finding",
        "impression",
        "impressions",
        "conclusion",
        "conclusions",
        "opinion",
        "report",
        "comments",
        "indication",
        "indications",
        "history",
        "hx",
        "symptoms",
        "technique",
        "protocol",
        "comparison",
        "comparisons",
        "recommendation",
        "recommendations",
        "addendum",
    ]
)
_BY_FIRST_WORD = frozenset(
    [
        "reason",
        "indication",
        "indications",
        "history",
        "hx",
        "findings",
        "finding",
        "impression",
        "conclusion",
        "report",
        "comparison",
        "technique",
        "addendum",
        "recommendation",
        "recommendations",
        "signed",
        "dictated",
        "transcribed",
    ]
)
_AFTER_FIRST_WORD = frozenset(["for", "of", "on", "by"])
_PEOPLE_AND_NUMBERS = frozenset(
    ["by", "date", "time", "number", "no", "id", "name", "md", "physician", "provider", "phone", "code"]
)
_EXAM_KINDS = frozenset(
    [
        "xr",
        "cr",
        "dx",
        "cxr",
        "x-ray",
        "xray",
        "x-rays",
        "xrays",
        "radiograph",
        "radiographs",
        "radiography",
        "film",
        "films",
        "ct",
        "cta",
        "mri",
        "mr",
        "mra",
        "ultrasound",
        "us",
        "mammogram",
        "mammography",
        "pet",
        "pa",
        "ap",
        "lat",
        "portable",
        "mobile",
        "view",
        "views",
        "angiogram",
        "angiography",
        "tomography",
        "hrct",
        "ctpa",
        "pet-ct",
        "sonogram",
        "doppler",
        "scan",
        "babygram",
    ]
)
_EXAM_WORDS = _EXAM_KINDS | frozenset(
    [
        "chest",
        "thorax",
        "abdomen",
        "pelvis",
        "lateral",
        "frontal",
        "erect",
        "supine",
        "upright",
        "semi",
        "semierect",
        "bedside",
        "decubitus",
        "one",
        "two",
        "three",
        "1",
        "2",
        "3",
        "single",
        "v",
        "vw",
        "vws",
        "1v",
        "2v",
        "1vw",
        "2vw",
        "and",
        "with",
        "without",
        "of",
        "the",
        "a",
        "w",
        "wo",
        "or",
        "plain",
        "series",
        "complete",
        "limited",
        "routine",
        "exam",
        "examination",
        "study",
        "only",
        "both",
        "left",
        "right",
        "ribs",
        "rib",
        "spine",
        "adult",
        "pediatric",
        "paediatric",
        "stat",
        "plus",
        "contrast",
        "iv",
        "high",
        "resolution",
        "low",
        "dose",
        "screening",
        "pulmonary",
        "coronary",
        "brain",
        "head",
        "neck",
        "digital",
        "image",
        "images",
        "performed",
        "on",
        "dated",
        "date",
        "time",
        "at",
        "am",
        "pm",
        "in",
        "diagnostic",
        "inspiration",
        "expiration",
    ]
)
_DATE = re.compile(r"\d{1,4}(?:[-/.:]\d{1,4}){1,2}|\d{1,2}:\d{2}(?::\d{2})?")
_TOKEN = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_JOINERS = frozenset(
    [
        "and",
        "or",
        "of",
        "the",
        "other",
        "others",
        "additional",
        "support",
        "supporting",
        "hardware",
        "apparatus",
        "misc",
        "visualized",
    ]
)
_DESCRIBING_PART = ANATOMY | {Word.OTHER, Word.EXAM}
_LONGEST = 8
_MOST_DESCRIBED = 4
UNSURE_IN_FINDINGS = frozenset(
    [
        "location",
        "site",
        "region",
        "position",
        "age",
        "time",
        "test",
        "date",
        "status",
        "priority",
        "concern",
        "concerns",
        "reference",
        "correlation",
        "contrast",
        "rotation",
        "inspiration",
        "penetration",
        "limitation",
        "limitations",
        "quality",
        "signature",
        "study",
        "name",
        "action",
        "actions",
        "view",
        "views",
        "projection",
        "exposure",
        "sex",
        "correction",
        "background",
        "symptoms",
        "version",
        "page",
        "completed",
        "reported",
        "imaging",
        "scan",
        "order",
        "service",
        "approved",
        "verified",
        "received",
        "collected",
        "performed",
        "dose",
        "why",
        "purpose",
        "presentation",
        "occupation",
        "patient",
    ]
)
"""Names that are words of a finding's description too ("Location: left apex"): no headings among findings."""


@lru_cache(maxsize=4096)
def subject_of(words: str) -> Part | Subject | None:
    """What a heading of these words opens; None for words that name nothing known."""
    name = bare_name(words)
    if not name or len(name.split()) > _LONGEST:
        return None
    return _names().get(name) or _joined_part(name) or _part(name) or _subject(name)


def bare_name(words: str) -> str:
    """The words in lower case, without brackets, ornaments and numbers."""
    name = _BRACKETS.sub(" ", words.lower()) if not words.strip().startswith(("(", "[")) else words.lower()
    name = " ".join(name.strip(_ORNAMENTS).split())
    return _NUMBER.sub("", name).strip(_ORNAMENTS)


def is_known_name(name: str) -> bool:
    """Whether a bare name stands in the list of headings, word by word, or joins two that do."""
    return name in _names() or _joined_part(name) is not None


def is_exam_line(line: str) -> bool:
    """Whether a line holds the name of an exam, its date and nothing else."""
    words = _TOKEN.findall(_DATE.sub(" ", line.lower()))
    return 0 < len(words) <= 2 * _LONGEST and _names_exam(words)


@cache
def _names() -> dict[str, Part]:
    return {name.strip(): Part(part) for part, names in tsv_rows("headings") for name in names.split(";")}


def _part(name: str) -> Part | None:
    known = _names()
    if name in known:
        return known[name]
    words = name.split()
    if words[0] in _OF_BEFORE and len(words) > 1:
        return Part.COMPARISON if (_part(words[-1]) or _names_exam(words[1:])) else None
    if words[0] in _BEFORE_NAME and len(words) > 1 and (part := _part(" ".join(words[1:]))):
        return part
    if len(words) > 1 and words[0] == "clinical":
        return Part.INDICATION
    if len(words) > 2 and words[0] in _BY_FIRST_WORD and words[1] in _AFTER_FIRST_WORD:
        return known[words[0]]
    if 1 < len(words) <= _MOST_DESCRIBED and words[-1] in _BY_LAST_WORD and all(map(_describes_part, words[:-1])):
        return known[words[-1]]
    if len(words) > 1 and words[0] in _names() and words[-1] in {"chest", "cxr", "thorax"}:
        return known[words[0]]
    if 1 < len(words) <= _MOST_DESCRIBED and words[-1] in _PEOPLE_AND_NUMBERS:
        return Part.SIGN_OFF if words[-1] in {"by", "md"} else Part.ADMINISTRATIVE
    return None


def _joined_part(name: str) -> Part | None:
    """ "Findings/impression", "history and indication": what is read wins, else the first."""
    parts = [_part(one.strip()) for one in _JOINED.split(name) if one.strip()]
    if len(parts) < 2 or None in parts:
        return None
    found = [part for part in parts if part]
    return next((part for part in found if part in READ), found[0])


def _subject(name: str) -> Subject | None:
    words = _TOKEN.findall(name)
    if _names_exam(words) or words in (["chest"], ["thorax"]):
        return Subject.EXAM_NAME
    if words and all(word in _JOINERS or _is_content(word) for word in words):
        return Subject.BODY
    return None


def _names_exam(words: list[str]) -> bool:
    return any(word in _EXAM_KINDS for word in words) and all(word in _EXAM_WORDS or word.isdigit() for word in words)


def _describes_part(word: str) -> bool:
    """Whether a word may stand before "findings" in a heading: no finding, verb or denial, which belong to the text."""
    return lexicon().words.get(word, Word.OTHER) in _DESCRIBING_PART


def _is_content(word: str) -> bool:
    return lexicon().words.get(word, Word.OTHER) in CONTENT
