"""Lists under a title that answers for all of them ("Pertinent negatives: a, b"), items with their answer behind."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite

_DENIED = re.compile(
    r"(?:(?<=[.;\n])|\A)[ \t]{0,12}(?:[-*\u2022][ \t]{0,12})?"
    r"((?:(?:pertinent|relevant|significant|important|other)[ \t]{1,12})?neg(?:ative)?s?(?:[ \t]{1,12}findings?)?"
    r"|(?:devices?|lines?|tubes?|hardware|findings?)[ \t]{1,12}(?:removed|resolved|absent)|absent"
    r"|not (?:seen|present|identified|found|visuali[sz]ed|evident)"
    r"|none of the following(?:[ \t]{1,12}(?:is|are)?[ \t]{0,12}(?:seen|present|identified))?"
    r"|the following (?:are|were|is|was)(?: looked for and)? (?:absent|not \w+)"
    r"|neg(?:ative)?[ \t]{1,12}for|free[ \t]{1,12}of|without"
    r"|no (?:evidence|signs?|findings|features|indications?) of(?: the following)?|denied|excluded|ruled out"
    r"|no)(?:[ \t]{0,12}:(?!\w)|(?<=negatives)[ \t]{1,12}(?:includes?|are|were)\b:?)",
    re.IGNORECASE,
)
_DOUBTED = re.compile(
    r"(?:(?<=[.;\n])|\A)[ \t]{0,12}(?:[-*\u2022][ \t]{0,12})?"
    r"(uncertain|possible|probable|suspected|questionable|equivocal|indeterminate|not excluded"
    r"|cannot be excluded|query|doubtful)"
    r"[ \t]{0,12}:(?!\w)",
    re.IGNORECASE,
)
_NO_PIECE = re.compile(
    r"\b(?:is|are|was|were|has|have|normal|clear|stable|unchanged|no|not)\b|:|(?:\w+\W+){5,}\w", re.IGNORECASE
)
_DIFFERENTIAL = re.compile(r"\b(?:ddx|dd|d/d|differential(?: diagnos[ie]s)?)[ \t]{0,4}:", re.IGNORECASE)
"""Its list goes on behind a semicolon."""
_ASKED_LIST = re.compile(
    r"\b(?:any|is there any|are there any|evidence|signs?|is there evidence)(?: of)?(?: the following)?"
    r"[ \t]{0,4}:[ \t]{0,4}"
    r"(?P<list>[^?:.;\n]{3,160})\?\s{0,4}(?:[-\u2013]\s{0,4})?(?:no|none|nil|negative)\b"
    r"(?: of (?:these|those|them|the above))?(?=[ \t]{0,4}(?:[.;\n]|$))",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"(?<![A-Za-z])((?:(?:pertinent|relevant|significant|important"
    r"|other)[ \t]{1,12})?positives?(?:[ \t]{1,12}findings?|[ \t]{1,12}for)?"
    r"|present|seen|identified)[ \t]{0,12}:",
    re.IGNORECASE,
)
_LIST_END = re.compile(
    r"\.(?=\s|$)|;|\n[ \t]{0,12}\n|\n[ \t]{0,12}[A-Za-z][A-Za-z &/]{2,40}:|\b(?:pertinent |relevant "
    r"|other )?positives?\b[^:\n]{0,20}:",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"(?:[,;\n]|\b(?:and|or|nor)\b|/|&)[ \t]{0,12}(?:[-*\u2022\u2013]+|\d{1,2}[.)])?[ \t]{0,12}"
    r"|(?<=:)[ \t]{0,12}(?:[-*\u2022\u2013]+|\d{1,2}[.)])?[ \t]{0,12}",
    re.IGNORECASE,
)
_LONGEST_LIST = 600
_OWN_DENIAL = re.compile(r"(?:no|not|none|nil|without)\b", re.IGNORECASE)
_FIRST_WORD = re.compile(
    r"(?:^|(?<=[,;/]))\s{0,12}(neg|pos)\s{1,12}(?=[A-Za-z])(?!for\b)", re.IGNORECASE | re.MULTILINE
)
_MARK = r"(?:yes|no|none|nil|absent|present|negative|positive|neg|pos|(?-i:[YN]))"
_PAIR = re.compile(
    r"\s{0,12}(?P<item>[A-Za-z][A-Za-z/ -]{2,40}?)\s{0,12}(?:[-\u2013=]\s{0,12})?\s(?P<mark>"
    + _MARK
    + r")\b\.?(?P<after>\s{0,12}[,/]\s{0,12}|\s{1,12}|\s{0,12}$)",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"[^.;:]+")
_NO_ITEM = re.compile(
    r"^(?:and |but )?(?:no|not|without|nil|denies|negative)\b|^(?:change|interval|evidence|signs?)\b"
    r"|\b(?:is|are|was|were|has|have|not|no|with|which"
    r"|that|than|or)\b",
    re.IGNORECASE,
)
_SOME_MARK = re.compile(r"\b" + _MARK + r"\b", re.IGNORECASE)


def denied_lists(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "Pertinent negatives: a, b, c.": each of the list is denied, or doubted, up to its stop or the next title."""
    yield from _asked_lists(text, start, end)
    for pattern, cue in ((_DENIED, "no"), (_DOUBTED, "possible")):
        for match in pattern.finditer(text, start, end):
            spoken = not (match.group().endswith(":") or _OWN_DENIAL.match(text[match.end() :].lstrip()))
            yield Rewrite(match.start(1), match.end(), f"{BREAK} {cue}" if spoken else BREAK)
            yield from _items(
                text, match.end(), _list_end(text, match.end(), min(end, match.end() + _LONGEST_LIST)), cue
            )
    yield from (Rewrite(*match.span(), BREAK) for match in _STATED.finditer(text, start, end))
    for match in _DIFFERENTIAL.finditer(text, start, end):
        stop = text.find(".", match.end(), end)
        yield from (Rewrite(at, at + 1, ",") for at in range(match.end(), end if stop < 0 else stop) if text[at] == ";")


def _asked_lists(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "Any of: a, b, c? None of these.": each of the list is denied."""
    for match in _ASKED_LIST.finditer(text, start, end):
        yield Rewrite(match.start(), match.start("list"), f"{BREAK} no")
        yield from _items(text, match.start("list"), match.end("list"), "no")
        yield Rewrite(match.end("list"), match.end(), BREAK)


def _signed_items(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "Neg edema, pos fibrosis": where both stand before items, each begins a statement."""
    signs = list(_FIRST_WORD.finditer(text, start, end))
    if len({sign.group(1).lower() for sign in signs}) > 1:
        yield from (Rewrite(*sign.span(), f"{BREAK} no" if sign.group(1).lower() == "neg" else BREAK) for sign in signs)


def _list_end(text: str, start: int, end: int) -> int:
    """Where the list ends; a semicolon ends it unless only names stand between semicolons."""
    stop = _LIST_END.search(text, start, end)
    while stop is not None and stop.group() == ";":
        after = _LIST_END.search(text, stop.end(), end)
        piece = text[stop.end() : after.start() if after else end]
        if "," in text[start : stop.start()] or not piece.strip() or _NO_PIECE.search(piece):
            break
        stop = after
    return stop.start() if stop else end


def _items(text: str, start: int, end: int, cue: str) -> Iterator[Rewrite]:
    """The cue before each item of the list, but for one that has its own denial."""
    for item in _ITEM.finditer(text, start, end):
        if not _OWN_DENIAL.match(text, item.end()) and text[item.end() : end].strip():
            yield Rewrite(max(item.start(), start), item.end(), f"{BREAK} {cue}")


def answered_items(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """ "pneumothorax no effusion yes": two items and more, each with its answer behind it."""
    found = list(_SOME_MARK.finditer(text, start, end))
    if {"neg", "pos"} <= {mark.group().lower() for mark in found}:
        yield from _signed_items(text, start, end)
    marks = [mark.start() for mark in found]
    for segment in _SEGMENT.finditer(text, start, end) if len(marks) > 1 else ():
        if bisect_left(marks, segment.end()) - bisect_left(marks, segment.start()) < 2:
            continue
        pairs = _pairs(text, *segment.span())
        if len(pairs) < 2 or any(_NO_ITEM.search(pair["item"]) for pair in pairs):
            continue
        for pair in pairs:
            letter = {"N": ": none", "Y": ": present"}.get(pair["mark"])
            yield Rewrite(pair.end("item"), pair.end("mark") if letter else pair.start("mark"), letter or ":")
            yield Rewrite(pair.start("after"), pair.end("after"), BREAK)


def _pairs(text: str, start: int, end: int) -> list[re.Match[str]]:
    """The pairs that fill the segment; none where something else stands in it."""
    pairs = []
    at = start
    while at < end:
        pair = _PAIR.match(text, at, end)
        if pair is None:
            return []
        pairs.append(pair)
        at = pair.end()
    return pairs
