"""Titles with their answers: "Effusion ..... none", "Effusion | Yes", "Edema: 0", and choices that nobody made."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from vlmkg.reading.rules.forms.choices import choice_labels, choices
from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite
from vlmkg.reading.rules.forms.titles import LONGEST_TITLE, names_finding, names_state

_ANSWER = (
    r"(?:none|no|nil|yes|absent|present|negative|positive|neg|pos|normal|clear|mild|moderate|severe|small|large"
    r"|trace|minimal"
    r"|stable|unchanged|unremarkable|not|left|right|bilateral|tiny|[01yn](?!\w)|[-+](?!\w)|\([-+]\))"
)
_LEADER = re.compile(
    r"(?<=[\w)])(?:[ \t]{0,12}(?:\.{4,}|(?:\. ){3,}\.*|\u2026+|_{3,}|-{3,}|={1,}>?|~+|->|\u2192"
    r"|:=?[ \t]{0,12}[._]{2,})[ \t]{0,12}(?=[\w(+\u00b1-])"
    r"|[ \t]{1,12}\.{2,}[ \t]{0,12}(?=\w)|\.{2,3}[ \t]{0,12}(?=" + _ANSWER + r"[ \t]{0,12}(?:$|[.,;\n])))",
    re.IGNORECASE | re.MULTILINE,
)
_NO_TITLE = re.compile(
    r"\b(?:normal|clear|unremarkable|stable|unchanged|intact|is|are|was|were|has|have|no|not|without|seen"
    r"|identified|noted|present)\b"
    r"|[.,;:|]|\w+(?: \w+){5,}",
    re.IGNORECASE,
)
_TITLE_LINE = re.compile(
    r"\n[ \t]{0,12}(?=[A-Za-z][A-Za-z /()&]{2,40}?(?:[ \t]{0,12}(?:\.{3,}|(?:\. ){3}|\u2026|_{3,}|-{3,}|->"
    r"|\u2192|=|\||~)"
    r"|[ \t]{1,12}[-\u2013][ \t]{1,12}\w"
    r"|\t[ \t]{0,12}\w|[ ]{3,}\w|[ \t]{0,12}[:?][ \t]{0,12}" + _ANSWER + r"(?!\w)))",
    re.IGNORECASE,
)
_DASH = re.compile(
    r"(?<=[A-Za-z)])[ \t]{0,12}(?:[-\u2013\u2014]{1,2}|/)[ \t]{0,12}(?=(?:none|no|nil|yes|absent|present|negative"
    r"|positive|neg"
    r"|pos)[ \t]{0,12}(?:$|[.,;\n]))",
    re.IGNORECASE,
)
_PIPE = re.compile(r"[ \t]{0,12}\|[ \t]{0,12}")
_SIDES_ROW = re.compile(
    r"^[ \t|]{0,12}(?P<title>[A-Za-z][A-Za-z /&()-]{1,40}?)"
    r"(?P<cells>(?:[ \t]{0,12}\|[ \t]{0,12}(?:no|none|nil|absent|yes|present|[-+])){2,4})[ \t|]{0,12}$",
    re.IGNORECASE | re.MULTILINE,
)
_YES = re.compile(r"yes|present|\+", re.IGNORECASE)
_TITLE = re.compile(r"[A-Za-z][A-Za-z /&()-]{1,40}$")
_CODE = re.compile(
    r"(?<=[A-Za-z)])[ \t]{0,12}(?:\((?:y/n|0/1|yes/no|\+/-)\))?[ \t]{0,12}[:=][ \t]{0,12}"
    r"(?:([0-4]|[yn]|\+ve|-ve)(?=[ \t]{0,12}(?:$|[,;|\n]|\.(?!\d)|[A-Za-z][A-Za-z /]{2,30}[:=]))"
    r"|([-+\u2013\u00d8\u2205]|\+\+\+?)(?=[ \t]{0,12}(?:$|[,;|.\n]|[A-Za-z][A-Za-z /]{2,30}[:=])))",
    re.IGNORECASE,
)
_BRACKET = re.compile(
    r"(?<=[A-Za-z])[ \t]{0,12}\((none|no|nil|absent|negative|neg|not (?:seen|present|identified)"
    r"|yes|present|positive|pos)\)",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"^[ \t]{0,12}[A-Za-z][A-Za-z /&-]{2,40}(,)[ \t]{0,12}(?=(?:yes|no|none|absent|present|positive"
    r"|negative)[ \t]{0,12}(?:,|$))",
    re.IGNORECASE | re.MULTILINE,
)
_AND_MORE = re.compile(
    r"[:=][ \t]{0,12}(?:yes|positive|present|y)[ \t]{0,12}(?:[-,(\u2013;][ \t]{0,12})(?=[A-Za-z\d])", re.IGNORECASE
)
_ASKED = re.compile(
    r"(?:[ \t]{0,12}\?\s{0,12}(?:[-\u2013]\s{0,12})?(?:(?:answer|ans|a\d{0,2})[ \t]{0,12}[:.)]\s{0,12})?"
    r"|\s{1,12}(?:answer|ans|a\d{0,2})[ \t]{0,12}[:.)]\s{0,12})"
    r"(?:(?P<no>no|none|nil|negative|absent|not (?:seen|present|identified)|n)|(?P<maybe>possibly|possible|maybe"
    r"|probable|probably|equivocal|cannot be excluded)|yes|present|positive|y)\b"
    r"[ \t]{0,12}(?:[-,(\u2013]\s{0,12}(?=\w)|(?=$|[.;\n]))",
    re.IGNORECASE | re.MULTILINE,
)
_ASKED_SIZE = re.compile(
    r"[ \t]{0,12}\?[ \t]{0,12}(?=(?:(?:trace|tiny|small|mild|moderate|large|minimal|severe|slight|left|right|bilateral"
    r"|on|the|both|sides|[lr])\b[ \t,]{0,4}){1,5}(?:$|[.;\n]))",
    re.IGNORECASE | re.MULTILINE,
)
"""The mark of a question that a size or a side answers: "Effusion? Trace, left."."""
_STATE = re.compile(r"[ \t]+(?:present|seen|identified|visible|noted)$", re.IGNORECASE)
_STATE_ASKED = re.compile(
    r"(?<=\w)[ \t]{1,4}(?:present|seen|identified|visible|noted)(?=[ \t]{0,4}(?:\((?:y/n|yes/no|0/1)\))?[ \t]{0,4}[?:]"
    r"\s{0,4}(?:yes|no|none|nil|present|absent|positive|negative|(?-i:[YN]))\b)",
    re.IGNORECASE,
)
"""The state that a title asks for: "Effusion present: No", "Nodule seen? Y"."""
_UNSURE_SIGN = re.compile(
    r"(?<=[A-Za-z])[ \t]{0,12}[:=]?[ \t]{0,12}(?:\((?:\+[ ]?/[ ]?-|\u00b1)\)|\+[ ]?/[ ]?-|\u00b1)"
    r"(?=[ \t]{0,12}(?:$|[,;.\n]))",
    re.MULTILINE,
)
_UNSURE_CODE = re.compile(
    r"(?<=[A-Za-z])[ \t]{0,12}[:=][ \t]{0,12}(?:-1(?:\.0)?|\?)(?=[ \t]{0,12}(?:$|[,;|\n]|\.(?!\d)))", re.MULTILINE
)
_FIELD = re.compile(
    r"[;,|][ \t]{0,12}(?:(?:certainty|confidence|likelihood|probability|presence|status)[ \t]{0,4}:[ \t]{0,12}"
    r"(?:(?P<maybe>doubtful|possible|probable|uncertain|suspected|equivocal|likely|low|medium|moderate)"
    r"|(?P<no>absent|no|none|negative|excluded)|definite|certain|confirmed|high|present|yes|positive)"
    r"|(?:location|side|site|laterality)[ \t]{0,4}:[ \t]{0,12}"
    r"(?P<place>right|left|bilateral|[rl][uml]l|lingula))(?=[ \t]{0,12}(?:$|[.;,|\n]))",
    re.IGNORECASE | re.MULTILINE,
)
"""A field of a finding's record: "finding: effusion; side: left; certainty: doubtful"."""
_BRACKET_CODE = re.compile(r"(?<=[A-Za-z])[ \t]{0,12}\(([01])\)")
_MEASURED_LIST = re.compile(
    r"(?<=[:(])[^:;.\n]{0,24}?\b\d{1,2}(?:\.\d)?[ \t]{0,4}[mc]m\b[^:;.\n]{0,24}"
    r"(;)(?=[^:;.]{0,24}?\b\d{1,2}(?:\.\d)?[ \t]{0,4}[mc]m\b)",
    re.IGNORECASE,
)
"""The semicolon of "nodules: RUL 4 mm; LLL 6 mm"."""
_SIDED = re.compile(
    r"(?:(?<=[A-Za-z]:)|(?<=[A-Za-z]: )|(?<=; )|(?<=\n))[ \t]{0,12}(?:right|left|rt|lt|r"
    r"|l)([ \t]{0,12}[-\u2013:][ \t]{0,12})"
    r"(?=(?:none|no|small|trace|mild|moderate|large|minimal|tiny|severe|\d)\b)",
    re.IGNORECASE,
)
_TRUTH = re.compile(r"[:=][ \t]{0,12}(?:(false|f)|true|t)\b(?=[ \t]{0,12}(?:$|[.,;|\n]))", re.IGNORECASE | re.MULTILINE)
_DIGIT = re.compile(r"^[ \t]{0,12}[A-Za-z][A-Za-z /&-]{2,40}?,?[ \t]{1,12}([01])[ \t]{0,12}$", re.MULTILINE)
_NUMBERED = re.compile(
    r"\n[ \t]{0,12}(?:\d{1,2}[.)]|q\d{1,2}[.):]?)[ \t]{1,12}(?=[A-Za-z\d])"
    r"|\n[ \t]{0,12}(?=(?:r[uml]l|l[ul]l|right|left|rt|lt"
    r"|[rl])[ \t]{0,12}:)",
    re.IGNORECASE,
)
_SEMICOLON = re.compile(
    r"^[ \t]{0,12}[A-Za-z][A-Za-z /&-]{2,40}(;)[ \t]{0,12}(?=(?:yes|no|none|absent|present|positive"
    r"|negative)\.?[ \t]{0,12}(?:;|$))",
    re.IGNORECASE | re.MULTILINE,
)
_SLASHED_O = re.compile(r"(?<!\w)[\u00d8\u00f8\u2205][ \t]{1,12}(?=[A-Za-z])")
_LEGEND = re.compile(
    r"\(?\b0[ \t]{0,12}=[ \t]{0,12}\w+[,;/ \t]+1[ \t]{0,12}=[ \t]{0,12}\w+"
    r"(?:[,;/ \t]+\d[ \t]{0,12}=[ \t]{0,12}\w+)*\)?",
    re.IGNORECASE,
)
_OPEN_TITLE = re.compile(
    r"(?:(?<=[.;,\n|])"
    r"|^)[ \t]{0,12}(?:[-*\u2022][ \t]{0,12})?([A-Za-z][A-Za-z /&()-]{1,40}?)[ \t]{0,12}[:=][ \t]{0,12}"
    r"(?:\*{3}|_{2,}|\{[ \t]{0,12}\}|<[ \t]{0,12}>|n[ \t]?/[ \t]?a\b|not[ \t]{1,12}(?:applicable|assessed"
    r"|evaluated|assessable"
    r"|performed|documented|stated"
    r"|recorded|done|examined|evaluable|imaged)|unable to (?:assess|evaluate))[ \t]{0,12}(?=$|[.,;\n|])",
    re.IGNORECASE | re.MULTILINE,
)
_GAP = re.compile(
    r"^[ \t]{0,12}(?:[-*\u2022][ \t]{0,12})?[A-Za-z][A-Za-z/()& -]{2,40}?(\t{1,4}[ ]{0,12}"
    r"| {3,40})(?=\w)",
    re.MULTILINE,
)
_NEXT_CELL = re.compile(r"(?<=\w)(?:[ ]{2,}|\t)[ \t]{0,12}(?=[A-Z][A-Za-z/ ]{2,30}(?:\.{3,}|_{3,}|-{3,}|=))")
_NEXT_TITLE = re.compile(
    r"(?<=[\w)])(?:[ \t]{1,12}(?=[A-Z][A-Za-z/]{2,20}(?:[ \t][a-z/]{2,14}){0,2}[ \t]{0,12}[:=][ \t]{0,12}"
    rf"{_ANSWER}(?!\w))"
    r"|[ \t]{2,12}(?=[A-Z][A-Za-z/]{2,20}(?:[ \t][A-Za-z/]{2,14}){0,2}[ \t]{0,12}[:=][ \t]{0,12}"
    rf"(?i:{_ANSWER})(?!\w)))"
)
_NEAR = {
    _ASKED: re.compile(r"\?|\sa(?:ns(?:wer)?|\d{0,2})[ \t]{0,12}[:.)]", re.IGNORECASE),
    _ASKED_SIZE: re.compile(r"\?[ \t]{0,12}[tsmlrbo]", re.IGNORECASE),
    _STATE_ASKED: re.compile(r"[?:]\s{0,4}(?:yes|no|nil|present|absent|positive|negative|[yn]\b)", re.IGNORECASE),
    _TITLE_LINE: re.compile(
        "\\.\\.\\.|\\. \\. |___|---|->|\u2026|\u2192|=|\\||~|\t| -[ \t]| \u2013[ \t]|   "
        f"|:[ \t]{{0,12}}{_ANSWER}|\\?[ \t]{{0,12}}{_ANSWER}",
        re.IGNORECASE,
    ),
    _UNSURE_SIGN: re.compile("[+\u00b1]"),
    _UNSURE_CODE: re.compile(r"[:=][ \t]{0,12}(?:-1|\?)"),
    _SIDES_ROW: re.compile(r"\|[^|\n]{0,24}\|"),
    _FIELD: re.compile(
        r"[;,|][ \t]{0,12}(?:certainty|confidence|likelihood|probability|presence|status|location|side|site"
        r"|laterality)[ \t]{0,4}:",
        re.IGNORECASE,
    ),
    _LEGEND: re.compile(r"0[ \t]{0,12}="),
    _OPEN_TITLE: re.compile(r"[:=][ \t]{0,12}(?:\*{3}|__|[{<]|n[ \t]?/|not[ \t]|unable)", re.IGNORECASE),
    _CODE: re.compile("[:=][ \t]{0,12}[0-4yn+\\-\u2013\u00d8\u00f8\u2205]", re.IGNORECASE),
    _DASH: re.compile(r"[-\u2013\u2014/][ \t]{0,12}(?:n|yes|absent|pos|present)", re.IGNORECASE),
    _NEXT_CELL: re.compile(r"\.\.\.|___|---|="),
    _LEADER: re.compile("\\.\\.|__|\\. \\. \\.|\u2026|\u2192|=|~|---|->"),
    _GAP: re.compile(r"\t|   "),
    _BRACKET: re.compile(r"\((?:n|absent|yes|present|pos)", re.IGNORECASE),
    _BRACKET_CODE: re.compile(r"\(0\)"),
    _SLASHED_O: re.compile("[\u00d8\u00f8\u2205]"),
    _DIGIT: re.compile(r"[01][ \t]{0,12}$", re.MULTILINE),
    _SEMICOLON: re.compile(r";[ \t]{0,12}(?:yes|no|absent|present|positive|negative)", re.IGNORECASE),
    _ROW: re.compile(r",[ \t]{0,12}(?:yes|no|absent|present|positive|negative)", re.IGNORECASE),
    _MEASURED_LIST: re.compile(r";[^:;.]{0,24}?\b\d", re.IGNORECASE),
    _SIDED: re.compile(
        r"[-\u2013:][ \t]{0,12}(?:no|small|trace|mild|moderate|large|minimal|tiny|severe|\d)", re.IGNORECASE
    ),
    _NEXT_TITLE: re.compile(r"[:=][ \t]{0,12}" + _ANSWER, re.IGNORECASE),
}
"""A part of every match of a pattern. Each begins with one of a few characters, which `re` finds fast; the patterns
themselves look back first, which is slow in a text without a match. `re` looks for the first characters of several ways
only where each way begins with a plain one: "---", not "-{3}"."""
_BEFORE = 3
"""Characters before a section that a pattern may look at: a heading's colon and its blanks."""
_DENIALS = frozenset({"n", "-", "\u2013", "-ve", "\u00d8", "\u2205", "0"})
_LONGEST_WORD = 40


def answers(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Leaders and cell borders as colons, codes as words, and choices that nobody made set aside."""
    yield from _asked(text, start, end)
    for match in (*_found(_UNSURE_SIGN, text, start, end), *_found(_UNSURE_CODE, text, start, end)):
        if names_finding(text[max(start, match.start() - _LONGEST_WORD) : match.start()]):
            yield Rewrite(*match.span(), f": possible {BREAK}")
    yield from choices(text, start, end)
    for match in _found(_FIELD, text, start, end):
        if match["place"]:
            yield Rewrite(match.start(), match.start("place"), ",")
            continue
        said = "possible" if match["maybe"] else ("none" if match["no"] else "present")
        yield Rewrite(*match.span(), f": {said} {BREAK}")
    yield from (Rewrite(*match.span(), "") for match in _found(_LEGEND, text, start, end))
    yield from (Rewrite(*match.span(), BREAK, aside=True) for match in _found(_OPEN_TITLE, text, start, end))
    for match in _found(_CODE, text, start, end):
        if names_finding(text[max(start, match.start() - _LONGEST_WORD) : match.start()]):
            yield Rewrite(*match.span(), f": {_said(match.group(1) or match.group(2))} {BREAK}")
    yield from (Rewrite(*match.span(), BREAK) for match in _found(_TITLE_LINE, text, start, end))
    yield from (Rewrite(*match.span(), ":") for match in _found(_DASH, text, start, end))
    yield from (Rewrite(*match.span(), BREAK) for match in _NUMBERED.finditer(text, start, end))
    yield from (Rewrite(*match.span(), BREAK) for match in _found(_NEXT_CELL, text, start, end))
    yield from _leaders(text, start, end)
    for match in _found(_GAP, text, start, end):
        if names_finding(text[match.start() : match.start(1)]):
            yield Rewrite(*match.span(1), ":")
    yield from _answer_rows(text, start, end)
    yield from _cells(text, start, end)
    yield from _rows_and_brackets(text, start, end)
    yield from choice_labels(text, start, end)
    yield from (Rewrite(*match.span(), BREAK) for match in _found(_NEXT_TITLE, text, start, end))


def _found(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterable[re.Match[str]]:
    """The matches of a pattern in `text[start:end]`; it is not tried where nothing near one stands."""
    return pattern.finditer(text, start, end) if _NEAR[pattern].search(text, max(0, start - _BEFORE), end) else ()


def _rows_and_brackets(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "Effusion (none)", "Effusion,Yes,Left" as a row of a table, "Effusion: yes, left"."""
    for match in _found(_BRACKET, text, start, end):
        denied = match.group(1).lower().startswith(("n", "a"))
        yield Rewrite(*match.span(), f": none {BREAK}" if denied else "")
    coded = [
        match
        for match in _found(_BRACKET_CODE, text, start, end)
        if names_finding(text[max(start, match.start() - _LONGEST_WORD) : match.start()])
    ]
    if any(match.group(1) == "0" for match in coded):
        # "Effusion (1), edema (0)": numbers of a list begin with 1.
        yield from (Rewrite(*match.span(), f": {_said(match.group(1))} {BREAK}") for match in coded)
    for match in _TRUTH.finditer(text, start, end):
        yield Rewrite(*match.span(), f": {'none' if match.group(1) else 'present'} {BREAK}")
    yield from (Rewrite(*match.span(), f"{BREAK} no") for match in _found(_SLASHED_O, text, start, end))
    digits = [match for match in _found(_DIGIT, text, start, end) if names_finding(match.group())]
    if len(digits) > 1:
        # A column of codes: "lobolith 0", "collapse 1".
        for match in digits:
            yield Rewrite(*match.span(1), f": {_said(match.group(1))} {BREAK}")
    for match in _found(_SEMICOLON, text, start, end):
        yield Rewrite(match.start(), match.start(), BREAK)
        yield Rewrite(*match.span(1), ":")
    for match in _found(_ROW, text, start, end):
        yield Rewrite(match.start(), match.start(), BREAK)
        yield Rewrite(*match.span(1), ":")
    yield from (Rewrite(*match.span(1), ",") for match in _found(_MEASURED_LIST, text, start, end))
    yield from (Rewrite(*match.span(), ":") for match in _AND_MORE.finditer(text, start, end))
    yield from (Rewrite(*match.span(1), "") for match in _found(_SIDED, text, start, end))


def _asked(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "Effusion? No", "Is there an effusion?\\nYes, small"."""
    for match in _found(_ASKED, text, start, end):
        title = _STATE.sub("", text[max(start, match.start() - _LONGEST_WORD) : match.start()])
        if names_finding(title) or names_state(title):
            more = match.group().rstrip()[-1:] in "-,(\u2013" and not match["no"]
            said = "none" if match["no"] else ("possible" if match["maybe"] else "present")
            if more and not match["maybe"]:
                yield Rewrite(*match.span(), ":")
                continue
            # The answer stands where the question ends: an empty line before it does not part them.
            yield Rewrite(match.start(), match.start(), f": {said} {BREAK}")
            yield Rewrite(*match.span(), "")
    for match in _found(_ASKED_SIZE, text, start, end):
        if names_finding(text[max(start, match.start() - _LONGEST_WORD) : match.start()]):
            yield Rewrite(*match.span(), ":")
    yield from (Rewrite(*match.span(), "") for match in _found(_STATE_ASKED, text, start, end))


def _leaders(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Leaders behind a title are colons: not those between two statements ("heart normal....no effusion")."""
    at = start
    cells = [cell.end() for cell in _found(_NEXT_CELL, text, start, end)]
    for match in _found(_LEADER, text, start, end):
        cell = cells[bisect_right(cells, match.start()) - 1] if cells and cells[0] <= match.start() else start
        begin = max(at, cell, match.start() - LONGEST_TITLE)
        begin = max(begin, *(text.rfind(mark, begin, match.start()) + 1 for mark in "\n.;,|"))
        title = text[begin : match.start()].strip(" \t-*\u2022")
        yield Rewrite(*match.span(), BREAK if _NO_TITLE.search(title) else ":")
        at = match.end() if _NO_TITLE.search(title) else at


def _said(code: str) -> str:
    return "none" if code.lower() in _DENIALS else "present"


def _answer_rows(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """Rows with an answer for each side: "Effusion | no | yes", "Pneumothorax | no | no"."""
    for match in _found(_SIDES_ROW, text, start, end):
        if names_finding(match["title"]):
            none = _YES.search(match["cells"]) is None
            yield Rewrite(match.start("cells"), match.end(), f": none {BREAK}" if none else f": present {BREAK}")


def _cells(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """The first border behind a title is a colon, the others commas; a border at the edge of its line is nothing."""
    line_start, titled = -1, False
    for match in _PIPE.finditer(text, start, end):
        begin = text.rfind("\n", 0, match.start()) + 1
        if begin != line_start:
            line_start, titled = begin, False
        before = text[max(begin, start, match.start() - LONGEST_TITLE) : match.start()].strip(" \t|")
        line_end = text.find("\n", match.end())
        near = min(end if line_end < 0 else line_end, end, match.end() + LONGEST_TITLE)
        after = text[match.end() : near].strip(" \t|")
        if not before or not after:
            yield Rewrite(*match.span(), BREAK)
        elif not titled and _TITLE.search(before):
            titled = True
            yield Rewrite(*match.span(), ":")
        else:
            yield Rewrite(*match.span(), ",")
