"""The meaning of a heading: a part of the report, the name of the exam, or a line about a body part."""

import re
from enum import Enum, auto
from functools import cache, lru_cache

from vlmkg.reading.lexicon.load import lexicon, tsv_rows
from vlmkg.reading.lexicon.words import ANATOMY, CONTENT, Word
from vlmkg.reading.section_words import section_words
from vlmkg.report_parts import READ, Part


class Subject(Enum):
    """A heading whose text is read, although it names no part: an exam ("XR CHEST"), or a body part or finding."""

    EXAM_NAME = auto()
    BODY = auto()


_JOINED = re.compile(r"[/&+,]|\band\b|\bor\b")
_BRACKETS = re.compile(r"[(\[][^)\]]{0,40}[)\]]")
_ORNAMENTS = " \t\r*_#=~\"'<>()[].:-\u2013\u2014"
_NUMBER = re.compile(r"[ ]+(?:#? ?\d{1,2}|no\.? ?\d{1,2}|[ivx]{1,4}|continued|cont'?d?)$")
_DATE = re.compile(r"\d{1,4}(?:[-/.:]\d{1,4}){1,2}|\d{1,2}:\d{2}(?::\d{2})?")
_TOKEN = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_DESCRIBING_PART = ANATOMY | {Word.OTHER, Word.EXAM}
_LONGEST = 8
_MOST_DESCRIBED = 4
_MOST_CLINICAL = 3
_NUMBERED = frozenset(
    {"accession", "acc", "mrn", "patient", "pt", "room", "order", "id", "case", "ref", "reference", "report", "visit"}
    | {"account", "phone", "record", "exam", "hospital", "bed", "ward", "page", "fax", "tel", "file", "unit", "film"}
    | {"registration", "reg", "request", "requisition", "study", "serial", "chart", "medical", "encounter", "nhs"}
)
"""What has a number: "accession no"."""


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
    first = _TOKEN.search(line.lower())
    if first is None or not (first.group()[0].isdigit() or _is_exam_word(first.group())):
        return False
    words = _TOKEN.findall(_DATE.sub(" ", line.lower()))
    return 0 < len(words) <= 2 * _LONGEST and _names_exam(words)


@cache
def _names() -> dict[str, Part]:
    return {name.strip(): Part(part) for part, names in tsv_rows("headings") for name in names.split(";")}


def _part(name: str) -> Part | None:
    """The part of a name that may have words before and after it."""
    known = _names()
    words = name.split()
    if name in known or len(words) < 2:
        return known.get(name)
    if words[0] in section_words("before"):
        return Part.COMPARISON if (_part(words[-1]) or _names_exam(words[1:])) else None
    if words[0] in section_words("before_name") and (part := _part(" ".join(words[1:]))):
        return part
    if words[0] == "clinical" and len(words) <= _MOST_CLINICAL and all(map(str.isalpha, words)):
        return Part.INDICATION
    return _by_its_ends(words)


def _by_its_ends(words: list[str]) -> Part | None:
    """ "Reason for the exam", "cardiac findings", "findings chest", "released by", "exam date"."""
    known = _names()
    of_first = (
        len(words) > 2 and words[0] in section_words("first_word") and words[1] in section_words("after_first_word")
    )
    if of_first or (len(words) == 2 and words[0] in known and words[1] in {"chest", "cxr", "thorax"}):
        return known[words[0]]
    if len(words) > _MOST_DESCRIBED:
        return None
    if words[-1] in section_words("last_word") and all(map(_describes_part, words[:-1])):
        return known[words[-1]]
    if words[-1] in section_words("people_and_numbers") and not (words[-1] == "no" and _answers(words)):
        return Part.SIGN_OFF if words[-1] in {"by", "md"} else Part.ADMINISTRATIVE
    return None


def _answers(words: list[str]) -> bool:
    """ "Effusion - no" answers; "accession no" is a heading."""
    return not any(word.rstrip("?.") in _NUMBERED for word in words[:-1])


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
    if words and all(word in section_words("joiners") or _is_content(word) for word in words):
        return Subject.BODY
    return None


def _is_exam_word(word: str) -> bool:
    return word in section_words("exam_kinds") or word in section_words("exam_words")


def _names_exam(words: list[str]) -> bool:
    return any(word in section_words("exam_kinds") for word in words) and all(
        word in section_words("exam_kinds") or word in section_words("exam_words") or word.isdigit() for word in words
    )


def _describes_part(word: str) -> bool:
    """Whether a word may stand before "findings" in a heading: no finding, verb or denial, which belong to the text."""
    return lexicon().words.get(word, Word.OTHER) in _DESCRIBING_PART


def _is_content(word: str) -> bool:
    return lexicon().words.get(word, Word.OTHER) in CONTENT
