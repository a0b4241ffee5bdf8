"""Tick boxes and signs: "[x] Effusion [ ] Pneumothorax", "Effusion: [ ] none [x] small", "(-) effusion (+) edema".

A ticked box states its item, an empty one states nothing: its item is set aside. Whether a box stands before its item
or behind it is seen from the whole line: one that begins with an item and ends with a box has them behind.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite, line_bounds
from vlmkg.reading.rules.forms.titles import names_finding


class Tick(Enum):
    """What a box says of its item."""

    YES = auto()
    NO = auto()
    EMPTY = auto()


class Box(NamedTuple):
    """A box at `start` to `end` of the text."""

    start: int
    end: int
    tick: Tick


_BOX = re.compile(
    r"(?P<yes>\[[ \t]{0,12}[xX\u2713\u2714\u2717\u2718*][ \t]{0,12}\]"
    r"|\([ \t]{0,12}[xX\u2713\u2714\u2022\u25cf*][ \t]{0,12}\)"
    r"|\[[ \t]{0,12}[yYvV\u221a+](?:es)?[ \t]{0,12}\]|[\u2611\u2612\u2713\u2714\u25a0\u2705]|<x>)"
    r"|(?P<no>\[[ \t]{0,12}[nN-](?:o)?[ \t]{0,12}\]|[\u2717\u2718\u274c])"
    r"|(?P<empty>\[[ \t_]*\]|\([ \t_]*\)|[\u2610\u25a1\u25fb\u2b1c])"
)
_SIGN = re.compile(r"(?P<yes>\(\+\)|\+ve\b)|(?P<no>\([-\u2013]\)|(?<!\w)-ve\b)")
_BARE_SIGN = re.compile(
    r"(?<=[A-Za-z)])[ \t]{0,12}(?:(?P<yes>\+{1,3})(?![ ]?/[ ]?-)|(?P<no>[-\u2013]))"
    r"(?=[ \t]{0,12}(?:[,;/]|\.?[ \t]{0,12}$)"
    r"|(?<=\w[-+])[ \t]{1,12}[A-Za-z])",
    re.MULTILINE,
)
_FIRST_SIGN = re.compile(
    r"(?:^|(?<=[,;.]))[ \t]{0,12}(?:(?P<yes>\+{1,3})(?![ ]?/[ ]?-)|(?P<no>[-\u2013]))[ \t]{0,12}(?=[A-Za-z])(?!ve\b)",
    re.MULTILINE,
)
_GLUED_SIGN = re.compile(r"(?<= )(?:(?P<yes>\+)|(?P<no>-))(?=[A-Za-z])(?!ve\b)")
_RADIO = re.compile(r"(?P<yes>[\u25cf\u25c9\u2b24])|(?P<empty>[\u25cb\u25ef])")
_TYPED = re.compile(r"(?<!\w)_+[xX]_+(?!\w)")
_LINED = re.compile(r"(?<!\w)(?:(?P<yes>_+[xX]_+)|(?P<empty>_{2,}))(?=[ \t]{0,12}[A-Za-z])")
_RING = re.compile(r"[\u25cb\u25ef]")
_FURNITURE = " \t-*\u2022\u2013,;.:"
_SENTENCE_END = re.compile(r"[.;](?=\s{1,12}[A-Z])")
_LONGEST_TITLE_END = 26
_LONGEST_ITEM = 60
_ITEM_MARKS = re.compile(r"[.,:;|\n]")
_SIGNED = frozenset({"(+", "(-", "(\u2013"})
_MOST_PLACE_WORDS = 6
_ITEM_END = re.compile(r"[ \t]{0,12}(?:[.,;|/]|$)", re.MULTILINE)
_TITLE_BEFORE = re.compile(r"[\w)][ \t]{0,12}[:=]?[ \t]{0,12}$")
_TITLE_END = re.compile(r"[:?][ \t]{0,12}$")


def boxes(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """The boxes of `text[start:end]`, line by line, as what they say."""
    found = [_box(match) for match in _BOX.finditer(text, start, end)]
    if _TYPED.search(text, start, end):
        found += [_box(match) for match in _LINED.finditer(text, start, end)]
    if _RING.search(text, start, end):
        found += [_box(match) for match in _RADIO.finditer(text, start, end)]
    signs = [_box(match) for match in _SIGN.finditer(text, start, end)]
    if "+" in text[start:end]:
        signs += _bare_signs(text, start, end)
    lines: dict[tuple[int, int], list[Box]] = {}
    for one in sorted({*found, *signs}, key=lambda one: one.start):
        begin, stop = line_bounds(text, one.start)
        lines.setdefault((max(begin, start), min(stop, end)), []).append(one)
    for (begin, stop), row in lines.items():
        # A sign by itself is read as a word of its sentence.
        if len(row) > 1 or row[0] in found or len(lines) > 1 or text[row[0].start] == "+":
            yield Rewrite(begin, begin, BREAK)
            yield from _row(text, begin, stop, row)


def _bare_signs(text: str, start: int, end: int) -> list[Box]:
    """ "PTX -, effusion +" and "+ effusion, - PTX": a dash is a sign only where a plus stands in its line as well."""
    behind = list(_BARE_SIGN.finditer(text, start, end))
    before = [match for pattern in (_FIRST_SIGN, _GLUED_SIGN) for match in pattern.finditer(text, start, end)]
    plus = {line_bounds(text, match.start("yes")) for match in before if match["yes"]}
    opened = any(text[at:end].lstrip().startswith("+") for at, end in plus)
    found = [_box(match) for match in before if opened or line_bounds(text, match.start(str(match.lastgroup))) in plus]
    return found + [_box(match) for match in behind if any(one["yes"] for one in behind)]


def _box(match: re.Match[str]) -> Box:
    return Box(*match.span(str(match.lastgroup)), Tick[str(match.lastgroup).upper()])


def _row(text: str, begin: int, stop: int, row: list[Box]) -> Iterator[Rewrite]:
    first, last = text[begin : row[0].start], text[row[-1].end : stop]
    if not first.strip(_FURNITURE):
        yield from _before_items(text, stop, row)
    elif not last.strip(_FURNITURE) or all(_ends_item(text, stop, box) for box in row):
        yield from _after_items(text, begin, stop, row)
    elif len(row) > 1 and all(_has_item(text, begin, box) for box in row):
        # "Edema (-). Nodule (+) RUL".
        yield from _after_items(text, begin, stop, row)
    else:
        yield from _options(text, begin, stop, row)


def _ends_item(text: str, stop: int, box: Box) -> bool:
    """Whether an item stands before the box and ends with it, as both do in "Effusion: (-). Nodule: (+)"."""
    return (
        _ITEM_END.match(text, box.end, stop) is not None
        and _TITLE_BEFORE.search(text, max(0, box.start - _LONGEST_TITLE_END), box.start) is not None
    )


def _has_item(text: str, begin: int, box: Box) -> bool:
    """Whether a finding's name of its own stands before the box: behind a mark, or where the line begins."""
    near = max(begin, box.start - _LONGEST_ITEM)
    item = _ITEM_MARKS.split(text[near : box.start])[-1]
    signed = text[box.start : box.start + 2] in _SIGNED and any(word.isalpha() for word in item.split())
    return box.tick is not Tick.EMPTY and (signed or names_finding(item))


def _place_behind(text: str, stop: int, box: Box) -> int | None:
    """Where a place behind the box ends: "Nodule (+) in the right apex, ..."; None where there is none."""
    end = _ITEM_MARKS.search(text, box.end, stop)
    at = end.start() if end else stop
    words = text[box.end : at].split()
    placed = 0 < len(words) <= _MOST_PLACE_WORDS and all(word.isalpha() for word in words)
    return at if placed and not names_finding(words[-1]) else None


def _before_items(text: str, stop: int, row: list[Box]) -> Iterator[Rewrite]:
    for box, item_end in _items_after(text, stop, row):
        if box.tick is Tick.EMPTY:
            yield Rewrite(box.start, item_end, BREAK, aside=True)
        else:
            yield Rewrite(box.start, box.end, BREAK if box.tick is Tick.YES else f"{BREAK} no")


def _items_after(text: str, stop: int, row: list[Box]) -> list[tuple[Box, int]]:
    """Each box with the end of the item behind it: the next box, or the end of the sentence or line."""
    ends = [two.start for _, two in pairwise(row)] + [stop]
    items = []
    for box, item_end in zip(row, ends, strict=True):
        sentence = _SENTENCE_END.search(text, box.end, item_end)
        items.append((box, sentence.start() if sentence else item_end))
    return items


def _after_items(text: str, begin: int, stop: int, row: list[Box]) -> Iterator[Rewrite]:
    item_start = begin
    title = ""
    for box in row:
        item = text[item_start : box.start]
        colon = item.rfind(":", 0, len(item.rstrip(_FURNITURE)))
        if colon >= 0:
            # "Effusion: yes [ ] no [x]": the title stands before its first answer.
            title, item_start = item[:colon].strip(), item_start + colon + 1
        if box.tick is Tick.EMPTY:
            yield Rewrite(item_start, box.end, "" if title else BREAK, aside=True)
        elif box.tick is Tick.YES:
            place = None if title or text[box.start] != "(" else _place_behind(text, stop, box)
            if place is not None:
                yield Rewrite(box.start, box.end, ":")
                yield Rewrite(place, place, BREAK)
            else:
                yield Rewrite(box.start, box.end, f", present {BREAK}" if not title else ",")
        else:
            yield Rewrite(box.start, box.end, f": none {BREAK}")
        item_start = box.end


def _answer(begin: int, box: Box) -> Iterator[Rewrite]:
    if box.tick is Tick.EMPTY:
        yield Rewrite(begin, box.end, BREAK, aside=True)
    else:
        yield Rewrite(box.start, box.end, ":" if box.tick is Tick.YES else f": none {BREAK}")


def _options(text: str, begin: int, stop: int, row: list[Box]) -> Iterator[Rewrite]:
    """ "Effusion: [ ] none [x] small, left": what is ticked answers the title."""
    title = text[begin : row[0].start].rstrip(" \t:?")
    if len(row) == 1 and names_finding(title):
        # "Nodule (+) RUL".
        yield from _answer(begin, row[0])
        return
    answered = any(box.tick is not Tick.EMPTY for box in row)
    finding = names_finding(title)
    if not answered and finding:
        yield Rewrite(begin, row[0].start, BREAK, aside=True)
    said = 0
    for box, item_end in _items_after(text, stop, row):
        if box.tick is Tick.EMPTY:
            yield Rewrite(box.start, item_end, "", aside=True)
        elif box.tick is Tick.NO:
            yield Rewrite(box.start, box.end, f"{BREAK} no")
        else:
            titled = _TITLE_END.search(text, begin, row[0].start) is not None
            yield Rewrite(box.start, box.end, "," if said else ("" if titled else ":"))
            said += 1
