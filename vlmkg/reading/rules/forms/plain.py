"""A section's text as plain words: its forms, codes and spoken marks put into the words and stops that they mean."""

import re
from collections.abc import Callable, Iterator

from vlmkg.reading.rules.forms.abbreviations import abbreviations
from vlmkg.reading.rules.forms.answers import answers
from vlmkg.reading.rules.forms.boxes import boxes
from vlmkg.reading.rules.forms.dictation import spoken_marks
from vlmkg.reading.rules.forms.lists import answered_items, denied_lists
from vlmkg.reading.rules.forms.rewriting import Rewrite, rewritten_tokens, without_overlaps
from vlmkg.reading.tokens import Token, tokenize

Reader = Callable[[str, int, int], Iterator[Rewrite]]

_SAID = "(?:no|nil|none|yes|absent|present|neg|pos)"
_READERS: tuple[tuple[Reader, re.Pattern[str]], ...] = (
    (boxes, re.compile(
        r"\[|\( *[x_\u2713\u2022\u25cf*]? *\)|\(-|\+|-ve|<x>|_x_"
        r"|[\u2610-\u2612\u25a0\u25a1\u25cb\u25ef\u25fb\u2713-\u2718\u2b1c\u2705\u274c]"
    )),
    (answers, re.compile(
        r"[01][ \t]{0,12}(?:\n|$)|\n[ \t]{0,12}\d|[:;|=~\u00f8\u2205\u2026\u2192\t{\[<]|\.\.|\. \. \.|__|--|->| {3}"
        r"|[-\u2013\u2014(?] ?" + _SAID + r""
        r"|\((?:n|y|0)|," + _SAID
    )),
    (denied_lists, re.compile(":")),
    (answered_items, re.compile("(?:" + _SAID + r"(?:ative|itive)?|\b[ny])[ \t]{0,12}(?:$|[.;:/\n])")),
    (spoken_marks, re.compile("period|comma|full stop|paragraph|colon|paren|bracket|slash|(?:new|next) line|dash")),
    (abbreviations, re.compile(r"\b(?:[rl]t?|bilatl?)\.|['\u2019`\u00b4]nt|n;t")),
    (abbreviations, re.compile(r"\.(?: [a-z(]|,)")),
)  # fmt: skip
"""Each reader with what a text has where there is something for it to read: in lower case, but for the last."""


def plain_tokens(text: str, start: int, end: int) -> tuple[list[Token], list[tuple[int, int]]]:
    """The tokens of `text[start:end]` as they are to be read, and the spans that state nothing and are set aside.

    Offsets are those of `text`. A text without forms gives its own tokens.
    """
    plain = text[start:end]
    lower = plain.lower()
    readers = [reader for reader, sign in _READERS[:-1] if sign.search(lower)]
    if abbreviations not in readers and _READERS[-1][1].search(plain):
        readers.append(abbreviations)
    found = [rewrite for reader in readers for rewrite in reader(text, start, end)]
    if not found:
        return tokenize(text, start, end), []
    rewrites = without_overlaps(found)
    return rewritten_tokens(text, start, end, rewrites), [(one.start, one.end) for one in rewrites if one.aside]
