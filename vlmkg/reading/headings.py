"""The headings of a report, as hospitals write them.

"FINDINGS:", "Findings - ", "**Impression**", "IMPRESSION --> ", "1. Indication:", "Comparison" on a line of its own, a
line of dashes below it, and in the middle of a line after a stop or in capitals.
"""

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import NamedTuple

from vlmkg.reading.furniture import is_banner
from vlmkg.reading.heading_names import Subject, bare_name, is_known_name, subject_of
from vlmkg.reading.section_words import section_words
from vlmkg.reading.text_lines import lines
from vlmkg.report_parts import READ, Part


class Heading(NamedTuple):
    """A heading at `text[start:end]`. What follows belongs to `part`, and the heading's own words to `words`.

    `words` is HEADING, EXAM for an exam's name, or `part` itself where the heading is read with its text ("Lungs:").
    `name` is in lower case. `opens_line`: it is the first on its line.
    """

    start: int
    end: int
    part: Part
    words: Part
    name: str
    opens_line: bool


_KEPT = 256
_KEPT_LINES = 8192
_LONGEST_KEPT = 300
_LONGEST = 60
_SHORT_LINE = 40
_MOST_PLAIN = 3
_MOST_WORDS = 5
# What may stand before a heading on its line: ornaments, a list number.
_LEAD = re.compile(
    r"[ \t]{0,40}(?:[*#=_>~\u2022\u00b7\-\u2013\[(<\"']{1,20}[ \t]{0,8}){0,4}"
    r"(?:(?:\d{1,2}|[A-Za-z]|[IVX]{1,4})[.)][ \t]{1,8})?[*_#\[(<\"']{0,6}"
)
_SEPARATOR = re.compile(
    r"(?:\]?(?P<colon>(?<!\d):+|:+(?!\d))"
    r"|(?P<mark>\]|-{1,3}>|=+>|\u2192|[\u2013\u2014]|(?<=[ \t\w])-{1,3}(?=[ \t]|$)|\t+|\|))"
    r"[ \t*_]*(?:(?:-+>|=+>|-(?=[ \t]))[ \t]*)?"
)
_MARK = re.compile(r":|\t|\||\]|>|\u2013|\u2014|\u2192|-[ \t\n]|-$")
_BREAK = re.compile(r"(?:[.;!?:)\]|\u2022]++|[ \t]{2,}|\t|\[)[ \t*_#\"'(<\[\-]*(?:\d{1,2}[.)][ \t]+)?(?=[A-Za-z])")
_WORD = re.compile(r"[A-Za-z][\w'./-]*")
_FRONT = " \t*_#=>~\u2022\u00b7-\u2013\"'([<"
_UNLIKE_HEADING = re.compile(r"[,;(\d]|/$")
_NOT_ALONE = re.compile(r"\t|[,;?!]$| .*\.$|\][ \t]*\w")
_RULE = re.compile(r"[ \t]*[-=_*~]{3,}[ \t\r]*")
_SHOUTED = re.compile(
    r"(?:^[ \t]*|[.;!?][ \t]+)(?P<name>(?:CLINICAL )?(?:FINDINGS|IMPRESSION|CONCLUSION|OPINION|INDICATION|COMPARISON|"
    r"TECHNIQUE|HISTORY|ADDENDUM|RECOMMENDATIONS?|INTERPRETATION|REPORT))"
    r"(?=[ \t]+(?!(?:are|is|were|was|of|and|or|may|has|have|in|on|with|by|from|to|for|could|would|suggest\w*|"
    r"consistent|represent\w*)\b)(?:[A-Z]?[a-z]|[0-9]))"
)
"""A heading in capitals without a mark after it: "FINDINGS The lungs are clear."."""
_SIGNED = re.compile(r"\W*(?:\w+[ \t]+)?(?:negative|positive)[ \t]+findings?[ \t]*", re.IGNORECASE)
_CAPITAL_WORD = re.compile(r"[A-Z][A-Z]{5}")
"""Six capitals; written so, `re` looks for the first one at once."""
_ENDED = frozenset(".:!?;*=_)]-")


@lru_cache(maxsize=_KEPT)
def headings_of(text: str) -> tuple[Heading, ...]:
    """As `find_headings`, of a whole report; its sections and its exam's regions both ask for them."""
    return tuple(find_headings(text))


def find_headings(text: str) -> list[Heading]:
    """All headings in text order, without overlaps."""
    found: list[Heading] = []
    above = _NOTHING_ABOVE
    for start, end in lines(text):
        line = text[start:end]
        headings, ruled, below = _LINE_KEPT[above](line) if end - start <= _LONGEST_KEPT else _line(line, above)
        if ruled and found and found[-1].end >= start - 1 and found[-1].words is Part.HEADING:
            found[-1] = found[-1]._replace(end=end)
        found += [_moved(one, start) for one in headings] if start else headings
        above = below
    return found


class _Above(NamedTuple):
    """Whether the line above is short or has ended, and whether a new line may begin something new below it."""

    short: bool
    fresh: bool


_NOTHING_ABOVE = _Above(short=True, fresh=True)


class _Line(NamedTuple):
    """The headings of a line by its own offsets, whether it underlines a heading, what it is for the next line."""

    headings: tuple[Heading, ...]
    ruled: bool
    below: _Above


def _line(line: str, above: _Above) -> _Line:
    short = _is_short(line)
    below = _BELOW_SHORT if short else _BELOW_FRESH if len(line) < _LONGEST else _BELOW_LONG
    if not line or _is_running_text(line) or line.isspace() or is_banner(line):
        return _NO_HEADING[below]
    if _RULE.fullmatch(line):
        return _Line((), True, below)
    own = _alone(line, above)
    headings = (own,) if own else tuple(_in_line(line))
    return _Line(headings, False, below) if headings else _NO_HEADING[below]


_BELOW_SHORT, _BELOW_FRESH, _BELOW_LONG = _Above(True, True), _Above(False, True), _Above(False, False)
_NO_HEADING = {below: _Line((), False, below) for below in (_BELOW_SHORT, _BELOW_FRESH, _BELOW_LONG)}
"""Most of the lines that are kept are one of these: the garbage collector visits three records, not thousands."""
_LINE_KEPT = {above: lru_cache(maxsize=_KEPT_LINES)(partial(_line, above=above)) for above in _NO_HEADING}
"""`_line` by what is above: a line that is kept takes no record for its key."""


def _is_running_text(line: str) -> bool:
    """Whether a line is too long to be a heading and has neither a mark after one nor words in capitals."""
    return len(line) > _LONGEST and line[0].isalpha() and not (_MARK.search(line) or _CAPITAL_WORD.search(line))


def heading_part(line: str) -> Part | None:
    """The part that a line's first heading opens, be the words behind it empty; None if it opens with none."""
    found = find_headings(line)
    return found[0].part if found and found[0].opens_line and found[0].words is Part.HEADING else None


def _moved(one: Heading, by: int) -> Heading:
    return one._replace(start=one.start + by, end=one.end + by)


def _alone(line: str, above: _Above) -> Heading | None:
    """A heading that fills its line without a mark after it."""
    if len(line) > _LONGEST or line[:1].islower() or ":" in line.rstrip(" \t\r:*_") or not above.fresh:
        return None
    words = line.strip(" \t\r")
    if not words or _NOT_ALONE.search(words.strip("*#_ ")) or not any(map(str.isupper, words)):
        return None
    part = subject_of(words)
    name = bare_name(words)
    if not isinstance(part, Part):
        body = part is Subject.BODY and words.rstrip(":").isupper()
        return Heading(0, len(line), Part.FINDINGS, Part.FINDINGS, name, True) if body else None
    plain = len(name.split()) <= _MOST_PLAIN or is_known_name(name)
    spoken = words[0].isupper() and above.short and plain
    sure = words.endswith(":") or words.isupper() or words[0] in "*#=_[<" or spoken
    return Heading(0, len(line), part, Part.HEADING, name, True) if sure else None


def _is_short(line: str) -> bool:
    return len(line.strip()) < _SHORT_LINE or line.rstrip(" \t\r")[-1] in _ENDED


def _in_line(line: str) -> Iterator[Heading]:
    if not _MARK.search(line):
        yield from _capitals(line)
        return
    lead = _LEAD.match(line)
    opening = lead.end() if lead else 0
    taken = 0
    for mark in _SEPARATOR.finditer(line):
        if mark.start() < taken or mark.end() <= opening or mark.start() == 0:
            continue
        heading = _before_mark(line, opening, taken, mark)
        if heading:
            taken = heading.end
            yield heading
    if not taken:
        yield from _capitals(line)


def _before_mark(line: str, opening: int, taken: int, mark: re.Match[str]) -> Heading | None:
    """The heading whose words end at this colon, dash, arrow or tab."""
    floor = max(taken, mark.start() - _LONGEST)
    breaks = list(_BREAK.finditer(line, floor, mark.start()))
    if breaks and breaks[-1].group().isspace():
        # "HISTORY  OF:": two blanks within a name.
        before = breaks[-2].end() if len(breaks) > 1 else max(floor, opening)
        words = line[before : mark.start()]
        breaks = breaks[:-1] if is_known_name(bare_name(words)) or _SIGNED.fullmatch(words) else breaks
    start = breaks[-1].end() if breaks else max(floor, opening)
    if start > opening and not breaks and start == floor and floor > taken:
        start = _next_word(line, floor, mark.start())
    words = line[start : mark.start()]
    first = _opens_line(line, start, opening)
    colon = mark["colon"] is not None
    subject = None if _runs_on(words) else subject_of(words)
    if subject is None or not (colon or first or _is_strong(words)):
        return _within(line, start, opening, mark) if colon else None
    if not colon and not first and not words[:1].isupper():
        return None
    if mark["mark"] == "]" and "[" not in line[max(0, start - 2) : start]:
        return None
    return _heading(subject, 0 if first else _with_ornaments(line, start), mark.end(), words, first)


def _heading(subject: Part | Subject, start: int, end: int, words: str, first: bool) -> Heading | None:
    name = bare_name(words)
    if isinstance(subject, Part):
        return Heading(start, end, subject, Part.HEADING, name, first)
    if subject is Subject.EXAM_NAME:
        return Heading(start, end, Part.FINDINGS, Part.EXAM, name, first)
    return Heading(start, end, Part.FINDINGS, Part.FINDINGS, name, first) if first else None


def _with_ornaments(line: str, start: int) -> int:
    while start > 0 and line[start - 1] in "[*_#":
        start -= 1
    return start


def _runs_on(words: str) -> bool:
    """ "cough COMPARISON", "no fever Findings": the heading is the end of these words alone."""
    parts = words.split()
    if "(" in words and ")" not in words:
        return True
    return len(parts) > 1 and not parts[0][0].isupper() and parts[-1][0].isupper()


def _opens_line(line: str, start: int, opening: int) -> bool:
    return start <= opening or (start < _LONGEST and not line[:start].strip(_FRONT))


def _within(line: str, start: int, opening: int, mark: re.Match[str]) -> Heading | None:
    """A heading in the middle of run-on words: "cough COMPARISON: none", "no fever Findings: clear"."""
    words = list(_WORD.finditer(line, start, mark.start()))[-_MOST_WORDS:]
    for one in words[1:] if len(words) > 1 and words[0].start() == start else words:
        name = line[one.start() : mark.start()]
        if not name[0].isupper():
            continue
        part = subject_of(name)
        shouted = name.strip(" *_").isupper() and not line[start : one.start()].isupper()
        if isinstance(part, Part) and (shouted or _is_strong(name)):
            return Heading(one.start(), mark.end(), part, Part.HEADING, bare_name(name), False)
    if _is_unknown(line, start, opening, mark):
        return Heading(0, mark.end(), Part.FINDINGS, Part.FINDINGS, bare_name(line[start : mark.start()]), True)
    return None


def _is_unknown(line: str, start: int, opening: int, mark: re.Match[str]) -> bool:
    """Whether a line opens with a heading that nobody knows: a few words, the first with a capital, and a colon."""
    words = _WORD.findall(line[start : mark.start()])
    plain = not _UNLIKE_HEADING.search(line, start, mark.start())
    return plain and _opens_line(line, start, opening) and 0 < len(words) <= _MOST_WORDS and words[0][0].isupper()


def _capitals(line: str) -> Iterator[Heading]:
    """Headings in capitals without a mark, in a line that is not all in capitals."""
    for found in _SHOUTED.finditer(line) if _CAPITAL_WORD.search(line) else ():
        part = subject_of(found["name"])
        if isinstance(part, Part) and not line.isupper():
            yield Heading(
                found.start("name"), found.end(), part, Part.HEADING, found["name"].lower(), found.start() == 0
            )


def _is_strong(words: str) -> bool:
    names = bare_name(words).split()
    return words[:1].isupper() and bool(
        section_words("strong") & set(names) or names[:1] == ["clinical"] or names[:2] == ["reason", "for"]
    )


def _next_word(line: str, at: int, end: int) -> int:
    while at < end and not line[at].isspace():
        at += 1
    return at


def is_findings(heading: Heading) -> bool:
    """Whether a heading says that the findings begin, not merely a line about one thing."""
    return heading.part is Part.FINDINGS and heading.words is Part.HEADING


def is_read(heading: Heading) -> bool:
    """Whether what follows a heading is read."""
    return heading.part in READ
