"""Warnings about text that was not read.

text_set_aside   a finding is stated in text that was set aside: perhaps it is under the wrong heading
nothing_read     a report with words gave no mention
language         text in another language than English was set aside
"""

from functools import lru_cache

from vlmkg.engine_protocol import ReadingWarning
from vlmkg.reading.language import language_of
from vlmkg.reading.rules.sentence import read_sentence
from vlmkg.reading.section_content import is_statement
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import Token, tokenize
from vlmkg.reading_codes import ReadingCode
from vlmkg.report_parts import Part, SetAside
from vlmkg.schema import Kind, Presence

UNREAD = frozenset({ReadingCode.TEXT_SET_ASIDE, ReadingCode.NOTHING_READ, ReadingCode.LANGUAGE})
_NEVER_FINDINGS = frozenset({Part.HEADING, Part.EXAM, Part.SIGN_OFF, Part.LANGUAGE})
_SHOWN = 80
_KEPT_STRETCHES = 8192
_LONGEST_KEPT = 400


def unread_warnings(text: str, aside: tuple[SetAside, ...], *, mentions: int) -> tuple[ReadingWarning, ...]:
    """The warnings of one report with so many mentions, each reason once for each stretch or language."""
    found = [
        ReadingWarning(ReadingCode.TEXT_SET_ASIDE, f"{one.reason}: {sentence}")
        for one in aside
        if one.reason not in _NEVER_FINDINGS and (sentence := _first_finding(text, one))
    ]
    languages = sorted({language_of(text[one.start : one.end]) for one in aside if one.reason == Part.LANGUAGE})
    found += [ReadingWarning(ReadingCode.LANGUAGE, code) for code in languages]
    if not mentions and text.strip():
        found.append(ReadingWarning(ReadingCode.NOTHING_READ, "no mention in a report with words"))
    return tuple(found)


def _first_finding(text: str, aside: SetAside) -> str | None:
    """The first sentence of a stretch that states a finding, cut to what a line shows."""
    words = text[aside.start : aside.end]
    if len(words) > _LONGEST_KEPT or "\n" in words.strip():
        # Where a line ends a sentence depends on the lines around it.
        return _finding_between(text, aside.start, aside.end, aside.reason)
    return _finding_kept(words, 0, len(words), aside.reason)


def _finding_between(text: str, start: int, end: int, reason: str) -> str | None:
    for number, sentence in enumerate(split_sentences(text, tokenize(text, start, end))):
        words = text[sentence[0].start : sentence[-1].end]
        if is_statement(words, Part(reason), first=number == 0) and _gives_finding(sentence):
            return words[:_SHOWN]
    return None


_finding_kept = lru_cache(maxsize=_KEPT_STRETCHES)(_finding_between)


def _gives_finding(sentence: list[Token]) -> bool:
    graph = read_sentence(tuple(token.lower for token in sentence))
    return any(one.kind is Kind.OBSERVATION and one.presence is not Presence.ABSENT for one in graph.mentions)
