"""How far the text of a heading that is not read goes, where no heading says that the findings begin.

"Comparison: None. No pneumothorax.": the first sentence belongs to the heading; the findings begin with the first one
after it that states something of the body. A question, a complaint or the name of an exam does not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import ANATOMY, OBSERVATION_NOUNS, Word
from vlmkg.reading.section_words import section_words
from vlmkg.reading.text_lines import lines
from vlmkg.report_parts import Part

_CLINICAL = frozenset({Part.INDICATION, Part.HISTORY, Part.ADVICE, Part.PROVISIONAL})
_ONE_LINE = frozenset({Part.ADMINISTRATIVE, Part.SIGN_OFF})
_STOP = re.compile(r"[.!?;]+[\"'\u201d)]?(?=\s|$|[A-Z][a-z])")
_ABBREVIATED = re.compile(r"\b(?:dr|mr|mrs|ms|vs|approx|st|yr|yrs|y\.o|no|m\.d|hx|pt|e\.g|i\.e)$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z'/-]*|\d+|[?:]")
_WRAPS = re.compile(r"[^\s.!?:;][ \t\r]*$")
_QUALIFIES = frozenset({Word.SIDE, Word.POSITION, Word.PLACE, Word.DEGREE, Word.CHANGE, Word.DESCRIPTOR, Word.NUMBER})
_FIRST_WORDS = 40
_FEWEST_KNOWN = 3
_PERSONS = frozenset(
    {"dr", "md", "mr", "mrs", "ms", "prof", "physician", "doctor", "radiologist", "consultant", "do", "np", "pa"}
)
_PEEK = 80
_NEAR = 6


class _Sentence(NamedTuple):
    start: int
    end: int
    opens_line: bool
    opens_paragraph: bool


def content_end(text: str, start: int, end: int, part: Part, *, has_findings: bool, has_read: bool) -> int:
    """Where the text of a heading of this part ends within `text[start:end]`: there the findings begin.

    `has_findings`: the report names its findings elsewhere, so a heading on a line of its own keeps its paragraph.
    `has_read`: some heading names a part that is read; without any, a bare "Small effusion." is taken for a finding.
    """
    below = text[start:end].lstrip(" \t\r").startswith("\n")
    paragraph = 0
    for number, one in enumerate(_sentences(text, start, end)):
        paragraph += one.opens_paragraph
        place = _Place(number == 0, one.opens_line, paragraph > 0, below and has_read)
        if has_findings and below and not place.apart:
            continue
        if _begins_findings(_words(text, one), part, place):
            return one.start
    return end


class _Place(NamedTuple):
    """Where a sentence stands under its heading. `below`: that fills its line; `apart`: an empty line is between."""

    first: bool
    opens_line: bool
    apart: bool
    below: bool


def is_statement(sentence: str, part: Part, *, first: bool) -> bool:
    """Whether a sentence that is set aside with this part says what an exam shows. `first`: right after the heading.

    A complaint, a question, a patient's age and the name of an exam do not.
    """
    words = [match.group().lower() for match in _WORD.finditer(sentence)][:_FIRST_WORDS] or [""]
    if part not in _CLINICAL:
        return not _is_about_imaging(words)
    if any(word in section_words("asks") or word in section_words("patient") for word in words):
        return False
    return _states(words) or (not first and _is_weak_statement(words))


def names_finding(text: str) -> bool:
    """Whether the words name a finding or a device, whatever is said of it."""
    return names_noun(match.group().lower() for match in _WORD.finditer(text))


def names_noun(words: Iterable[str]) -> bool:
    """Whether one of these lower-case words names a finding or a device."""
    known = lexicon().words
    return any(known.get(word) in OBSERVATION_NOUNS for word in words)


def _begins_findings(words: list[str], part: Part, place: _Place) -> bool:
    if part in _ONE_LINE:
        return (place.opens_line and not place.first) or _is_told(words, first=place.first)
    body = _body_words(words)
    if not body:
        return False
    if part in _CLINICAL:
        return _states_against(words, part, place)
    return not _is_about_imaging(words) and _departs(words, body, place)


def _is_told(words: list[str], *, first: bool) -> bool:
    """Whether a sentence under "Status:" or "Interpreted by:" says what the exam shows, and names no person or time."""
    known = [kind for word in words if (kind := lexicon().words.get(word)) is not None]
    if not _body_words(words) or any(word in _PERSONS or word[0].isdigit() for word in words):
        return False
    return _states(words) or (names_noun(words) and _is_weak_statement(words) and len(known) >= _FEWEST_KNOWN * first)


def _departs(words: list[str], body: list[str], place: _Place) -> bool:
    """Whether words of the body under a comparison, a technique or an exam leave it: they state something."""
    if place.below and not place.opens_line:
        return _states(words) and not any(word in section_words("past") for word in words)
    if not place.first:
        return True
    named = any(lexicon().words.get(word) in OBSERVATION_NOUNS for word in body)
    return named and _is_weak_statement(words) and (place.apart or not place.below)


def _states_against(words: list[str], part: Part, place: _Place) -> bool:
    """Whether a sentence under an indication, a history or an advice states what the exam shows."""
    if any(word in section_words("asks") for word in words) or (
        part is Part.ADVICE and any(word in section_words("advises") for word in words)
    ):
        return False
    if place.first:
        return place.apart and _states(words)
    if _states(words):
        return True
    if any(word in section_words("patient") for word in words):
        return False
    told = words[0] in section_words("other_days") and not place.apart  # "Prior left pneumothorax."
    if place.below or told:
        return place.apart
    return place.opens_line or _is_weak_statement(words)


def _body_words(words: list[str]) -> list[str]:
    known = lexicon().words
    return [
        word
        for word in words
        if word not in section_words("exam_body")
        and (known.get(word) in OBSERVATION_NOUNS or known.get(word) in ANATOMY)
    ]


def _is_about_imaging(words: list[str]) -> bool:
    """ "Chest CT dated May", "lung windows were reviewed", "that film showed an effusion"."""
    imaging = any(word in section_words("imaging") for word in words)
    known = lexicon().words
    found = any(known.get(word) in OBSERVATION_NOUNS and word not in section_words("exam_body") for word in words)
    return imaging and (not found or any(word in section_words("past") for word in words))


def _states(words: list[str]) -> bool:
    """What no request says: "No effusion", "There is an opacity", "The heart is normal", "Lungs: clear"."""
    opening = words[1:] if words[0] in {"the", "a", "an"} else words
    if words[0] in section_words("denies") or words[0] in {"there", "clear"}:
        return not any(
            word in section_words("other_days") or word in section_words("complaints") for word in words[1:_NEAR]
        )
    known = lexicon().words
    spoken = [number for number, word in enumerate(opening) if word in section_words("says") or word == ":"]
    if not spoken or any(word in {"patient", "pt", "he", "she"} for word in opening[: spoken[0]]):
        return False
    return any(known.get(word) in ANATOMY or known.get(word) in OBSERVATION_NOUNS for word in opening[: spoken[0]])


def _is_weak_statement(words: list[str]) -> bool:
    """A finding with its size, side or state: "Small left effusion"."""
    known = lexicon().words
    kinds = [known.get(word) for word in words]
    return any(kind in OBSERVATION_NOUNS for kind in kinds) and (
        any(kind in _QUALIFIES for kind in kinds)
        or any(word in section_words("says") for word in words)
        or (Word.DEVICE in kinds and Word.IN in kinds and not ANATOMY.isdisjoint(filter(None, kinds)))
    )


def _words(text: str, one: _Sentence) -> list[str]:
    found = [match.group().lower() for match in _WORD.finditer(text, one.start, one.end)][:_FIRST_WORDS]
    return found or [""]


def _sentences(text: str, start: int, end: int) -> Iterator[_Sentence]:
    """The sentences of `text[start:end]`: they end at a stop, and with a line that is not wrapped to the next."""
    begun, filled, blank_above = start, False, False
    opens_line = opens_paragraph = False
    for first, last in lines(text, start, end):
        blank = not text[first:last].strip()
        new_line = first > start and not blank
        if new_line and filled and (blank_above or not _goes_on(text, first)):
            yield _Sentence(begun, first, opens_line, opens_paragraph)
            filled = False
        if new_line and not filled:
            begun, opens_line, opens_paragraph = first, True, blank_above
        for stop in _STOP.finditer(text, first, last):
            if text[stop.start()] == "." and _ABBREVIATED.search(text, max(begun, stop.start() - 8), stop.start()):
                continue
            yield _Sentence(begun, stop.end(), opens_line, opens_paragraph)
            begun, opens_line, opens_paragraph = stop.end(), False, False
        filled = bool(text[max(begun, first) : last].strip()) or (filled and begun < first)
        blank_above = blank and first > start
    if filled:
        yield _Sentence(begun, end, opens_line, opens_paragraph)


def _goes_on(text: str, line: int) -> bool:
    """Whether the line that starts at `line` goes on with the sentence of the line before it."""
    rest = text[line : line + _PEEK].lstrip(" \t")
    return bool(_WRAPS.search(text[max(0, line - _PEEK) : line].rstrip())) and rest[:1].islower()
