"""A section's text as plain words: its forms, codes and spoken marks put into the words and stops that they mean."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from vlmkg.reading.rules.forms.abbreviations import abbreviations
from vlmkg.reading.rules.forms.answers import answers
from vlmkg.reading.rules.forms.boxes import boxes
from vlmkg.reading.rules.forms.corrections import corrections
from vlmkg.reading.rules.forms.dictation import spoken_marks
from vlmkg.reading.rules.forms.enumerations import enumerations
from vlmkg.reading.rules.forms.lists import answered_items, denied_lists
from vlmkg.reading.rules.forms.rewriting import Rewrite, without_overlaps

Reader = Callable[[str, int, int], Iterator[Rewrite]]


class _Sign(NamedTuple):
    """What a text has where there is something for a reader: one of these strings, or one of the patterns.

    Each way of a pattern begins with a letter or mark of its own, which `re` looks for first: most texts have none.
    """

    strings: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def stands_in(self, text: str) -> bool:
        """Whether the text has it."""
        for one in self.strings:
            if one in text:
                return True
        for pattern in self.patterns:  # noqa: SIM110, a generator costs as much as a search
            if pattern.search(text):
                return True
        return False


_SAID = "(?:no|nil|none|yes|absent|present|neg|pos)"
_SAY = f" ?{_SAID}"
_SIZE = "tr|ti|sm|mi|mo|la|le|ri|bi|se|sl|[lr]\\b"
_ASKED = rf"\?\s{{0,3}}(?:a\w{{0,6}}[:.)]\s{{0,3}})?(?:{_SAID}|possib|maybe|[ny]\b|{_SIZE})|\na\d?[.)]"
_CHOICE = r"\((?:n|y|0|1|[a-z ]{2,14}[/|])"
_DOUBT = r"\+ ?/|\u00b1"
_MARKED = rf"{_CHOICE}|,{_SAID}|/{_SAID}|{_DOUBT}"
_BOXES = re.compile(r"[\[\u2610-\u2612\u25a0\u25a1\u25cb\u25ef\u25fb\u2713-\u2718\u2b1c\u2705\u274c]")
_CODE_MARKS = re.compile("[:;|=~\u00f8\u2205\u2026\u2192\t{[<]")
_AT_LINE_END = "0[ \t]{0,12}(?:\n|$)|1[ \t]{0,12}(?:\n|$)|\n[ \t]{0,12}\\d"
_READERS: tuple[tuple[Reader, _Sign], ...] = (
    (corrections, _Sign((
        "ch that", "ke that", "te that", "rd that", "se that", "correction", '"', "\u201c", "\u2018",
    ))),
    (boxes, _Sign(patterns=(_BOXES, re.compile(r"\( *[x_\u2713\u2022\u25cf*]? *\)|\(-|\+|-ve|<x>|_x_")))),
    (answers, _Sign(("..", ". . .", "__", "--", "->", "   ", "/ab", "/ ab", "abnormal/", "abnormal /", "yes/", "yes /",
                     "y/n", "y / n", "present /", "present/"), (
        _CODE_MARKS,
        re.compile(rf"{_AT_LINE_END}|-{_SAY}|\u2013{_SAY}|\u2014{_SAY}|\({_SAY}|{_ASKED}|{_MARKED}"),
    ))),
    (enumerations, _Sign((" *", "\u2022", "\u00b7", "\u25cf", "\u25aa"), (re.compile(r"1\)|a\)"),))),
    (denied_lists, _Sign((":", "negatives "))),
    (answered_items, _Sign(("neg ",), patterns=(re.compile(
        r"(?:no|nil|none|yes|absent|present|neg|pos|negative|positive|n(?<!\wn)|y(?<!\wy))[ \t]{0,12}(?:$|[.;:/\n])"
        r"|pos(?<!\wpos)[ \t]+[a-z]"
    ),))),
    (spoken_marks, _Sign(patterns=(re.compile(
        "impressions? |conclusion |period|comma|stop|paragraph|colon|paren|bracket|slash"
        "|new line|next line|dash|hyphen|number one|question"
    ),))),
    (abbreviations, _Sign(
        ("'nt", "\u2019nt", "`nt", "\u00b4nt", "n;t"),
        (re.compile(r"r(?<!\wr)t?\.|l(?<!\wl)t?\.|b(?<!\wb)ilatl?\.|\((?:[rl]t?|bilat|left|right)\) "),),
    )),
    (abbreviations, _Sign(patterns=(re.compile(r"\.(?: [a-z(]|,)"),))),
)  # fmt: skip
"""Each reader with its sign: in lower case, but for the last."""


def find_rewrites(text: str, start: int, end: int) -> list[Rewrite]:
    """The pieces of `text[start:end]` that are to be read as other words, in order and without overlaps."""
    return without_overlaps(rewrite for reader in _readers(text[start:end]) for rewrite in reader(text, start, end))


def has_forms(text: str) -> bool:
    """Whether there is a sign of a form in the text, so that `find_rewrites` may find something."""
    return next(_readers(text), None) is not None


def _readers(text: str) -> Iterator[Reader]:
    """The readers whose signs stand in the text, each once."""
    lower = text.lower()
    spelt_out = True
    for reader, sign in _READERS[:-1]:
        if sign.stands_in(lower):
            spelt_out = spelt_out and reader is not abbreviations
            yield reader
    if spelt_out and _READERS[-1][1].stands_in(text):
        yield abbreviations
