"""What was dictated and taken back: "scratch that", and a quoted text that another one stands for."""

import re
from collections.abc import Iterator

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite

_TAKEN_BACK = re.compile(
    r"[,.]?[ \t]{0,4}\b(?:(?:scratch|strike|delete|disregard|erase) that"
    r"|correction[,:]?(?=[ \t]{1,4}(?:no|left|right|the|there|small|mild|moderate|large|bilateral)\b))\b[.,:]?",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.;!?\n](?=\s)|\b(?:period|full stop)\b", re.IGNORECASE)
_NEAR = 160
_OPEN, _CLOSE = "[\"\u201c\u2018']", "[\"\u201d\u2019']"
_QUOTED = rf"(?<!\w){_OPEN}[^\"\u201c\u201d\n]{{2,80}}?{_CLOSE}(?!\w)"
_SHOULD_BE = re.compile(
    rf"{_QUOTED}[ \t]{{0,4}}(?:should (?:be|read|say|have read)|must read|is (?:corrected|changed|amended) to"
    rf"|was (?:corrected|changed) to|is (?:to be )?replaced by|reads?)[ \t:]{{1,4}}(?={_OPEN})",
    re.IGNORECASE,
)
_READ_FOR = re.compile(
    rf"\b(?:for|instead of|in place of)[ \t]{{1,4}}{_QUOTED},?[ \t]{{1,4}}(?:please )?read\b:?", re.IGNORECASE
)
_NOT_SAID = re.compile(rf"[ \t]{{1,4}}(?:instead of|rather than|and not|not)[ \t]{{1,4}}{_QUOTED}", re.IGNORECASE)


def corrections(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """What was taken back is set aside, with the words that take it back."""
    for match in _TAKEN_BACK.finditer(text, start, end):
        near = max(start, match.start() - _NEAR)
        stops = [stop.end() for stop in _STOP.finditer(text, near, match.start())]
        yield Rewrite(stops[-1] if stops else near, match.end(), BREAK, aside=True)
    for pattern in (_SHOULD_BE, _READ_FOR, _NOT_SAID):
        yield from (Rewrite(*match.span(), BREAK, aside=True) for match in pattern.finditer(text, start, end))
