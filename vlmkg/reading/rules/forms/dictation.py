"""Marks that were spoken and typed as words: "no effusion period new paragraph heart size normal comma lungs clear"."""

import re
from collections.abc import Iterable, Iterator

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite

_STOPS = re.compile(r"\b(?:full stop|period)\b[ \t]{0,12}[.,]?", re.IGNORECASE)
_SPOKEN_STOP = re.compile(r"(?<=\w)[ \t]{1,12}[sS]top(?=[ \t]{0,12}(?:$|\n|[A-Z]))")
_NOUN_BEFORE = re.compile(
    r"\b(?:an?|the|this|that|same|time|short|long|interval|intervening|operative|surgical|procedural"
    r"|follow[- ]?up|interim|day"
    r"|week|month|year|hour|observation|recovery|postoperative|perioperative|neonatal|extended|prolonged|brief"
    r"|any|each)"
    r"[ \t-]+$",
    re.IGNORECASE,
)
_NOUN_AFTER = re.compile(r"[ \t]{0,12}(?:of|between|since|from|after|during)\b", re.IGNORECASE)
_BLOCKS = re.compile(r"\b(?:new|next) paragraph\b[ \t]{0,12}[.,]?", re.IGNORECASE)
_LINES = re.compile(
    r"(?<=[.;])[ \t]{0,12}(?:new|next) line\b|\b(?:period|full stop)[ \t]{1,12}(?:new|next) line\b", re.IGNORECASE
)
_NEXT_LINE = re.compile(r"\bnext line\b", re.IGNORECASE)
_NEW_LINE = re.compile(r"\bnew line\b(?![ \t]{1,12}(?:in|is|at|with|tip|has|from|via|placement)\b)", re.IGNORECASE)
_MARKS = (
    (re.compile(r"(?<=\w)[ \t]{1,12}(?:dash|hyphen)[ \t]{1,12}(?=\w)", re.IGNORECASE), BREAK),
    (re.compile(r"\bcomma\b[ \t]{0,12},?", re.IGNORECASE), ","),
    (re.compile(r"\bsemi-?colon\b", re.IGNORECASE), BREAK),
    (re.compile(r"\b(?:open|left) (?:paren|parenthesis|parentheses|bracket)\b", re.IGNORECASE), "("),
    (re.compile(r"\b(?:close|right) (?:paren|parenthesis|parentheses|bracket)\b", re.IGNORECASE), ")"),
    (re.compile(r"\bforward slash\b", re.IGNORECASE), "/"),
)
_SPOKEN_COLON = re.compile(
    r"\b(?:findings?|impressions?|heart|lungs?|pleura|bones?|mediastinum|conclusion|lines|tubes"
    r"|devices)[ \t]{1,12}(colon)\b",
    re.IGNORECASE,
)
_SPOKEN_NUMBER = re.compile(r"\bnumber (?:one|two|three|four|five|six|seven|eight|\d)\b", re.IGNORECASE)
_SPOKEN_ASKED = re.compile(
    r"[ \t]{1,12}question[ \t]{1,12}mark[ \t]{1,12}(?:(no|none|nil|negative)|yes|present|positive)"
    r"(?=[ \t]{1,12}(?:period|full stop|comma)\b|[ \t]{0,12}(?:$|\n))",
    re.IGNORECASE,
)
_SPOKEN_ANSWER = re.compile(
    r"(?<=\w)[ \t]{1,12}colon[ \t]{1,12}(?=(?:none|no|nil|yes|absent|present|negative|positive|mild|moderate|severe"
    r"|slight|marked|minimal|small|subtle|extensive"
    r"|large|trace|tiny|normal|clear|stable|unchanged|left|right|bilateral)\b)",
    re.IGNORECASE,
)
_RUN_ON = re.compile(
    r"(?<=[A-Za-z])[ \t]{1,4}(?<!clinical )(?<!the )(?<!my )(?<!an )(?<!this )(?<!our )(?<!of )"
    r"(?:impressions?|conclusion)[ \t]{1,4}"
    r"(?=(?:no|left|right|bilateral|small|mild|moderate|large|stable|unchanged|new|normal|clear|trace|worsening|improved"
    r"|acute|possible|probable|likely|increased|decreased|[a-z]{3,20}[ \t](?:in|at|with|of)[ \t])\b)",
    re.IGNORECASE,
)
"""A heading that was dictated in the middle of a run without marks: "no ptx impression left effusion"."""
_ANY = re.compile(
    r"\b(?:impressions?|conclusion|period|stop|comma|paragraph|colon|semi-?colon|paren\w*|bracket|slash|line|dash"
    r"|hyphen|number|question)\b",
    re.IGNORECASE,
)
_WORDS: dict[re.Pattern[str], tuple[str, ...]] = {
    _STOPS: ("period", "full stop"),
    _SPOKEN_STOP: ("stop",),
    _BLOCKS: ("paragraph",),
    _LINES: (" line",),
    _NEXT_LINE: ("next line",),
    _NEW_LINE: ("new line",),
    _SPOKEN_COLON: ("colon",),
    _SPOKEN_NUMBER: ("number",),
    _SPOKEN_ASKED: ("question",),
    _SPOKEN_ANSWER: ("colon",),
    _RUN_ON: ("impression", "conclusion"),
    **dict(zip((pattern for pattern, _ in _MARKS), (
        ("dash", "hyphen"), ("comma",), ("colon",), ("paren", "bracket"), ("paren", "bracket"), ("forward slash",),
    ), strict=True)),
}  # fmt: skip
"""Words of which each match of a pattern has one, in lower case: without them it is not tried."""


def spoken_marks(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """What was dictated for the typist, as the marks that it asks for."""
    if _ANY.search(text, start, end) is None:
        return
    lower = text[start:end].lower()

    def found(pattern: re.Pattern[str]) -> Iterable[re.Match[str]]:
        said = any(word in lower for word in _WORDS[pattern])
        return pattern.finditer(text, start, end) if said else ()

    yield from (Rewrite(*match.span(), BREAK) for match in found(_RUN_ON))
    for match in found(_SPOKEN_ASKED):
        yield Rewrite(*match.span(), f": none {BREAK}" if match.group(1) else f": present {BREAK}")
    numbers = list(found(_SPOKEN_NUMBER))
    if len(numbers) > 1:
        yield from (Rewrite(*match.span(), BREAK) for match in numbers)
    lines = list(found(_NEW_LINE))
    if len(lines) > 1:
        yield from (Rewrite(*match.span(), BREAK) for match in lines)
    yield from (Rewrite(*match.span(), ":") for match in found(_SPOKEN_ANSWER))
    for pattern in (_BLOCKS, _LINES, _NEXT_LINE):
        yield from (Rewrite(*match.span(), BREAK) for match in found(pattern))
    for match in found(_STOPS):
        noun = _NOUN_BEFORE.search(text, max(start, match.start() - 30), match.start())
        if match.group().lower().startswith("full") or not (noun or _NOUN_AFTER.match(text, match.end(), end)):
            yield Rewrite(*match.span(), BREAK)
    stops = list(found(_SPOKEN_STOP))
    if len(stops) > 1:
        yield from (Rewrite(*match.span(), BREAK) for match in stops)
    for pattern, mark in _MARKS:
        yield from (Rewrite(*match.span(), mark) for match in found(pattern))
    yield from (Rewrite(*match.span(1), ":") for match in found(_SPOKEN_COLON))
