"""A section's text as plain words: its forms, codes and spoken marks put into the words and stops that they mean."""

import re

from vlmkg.reading.rules.forms.answers import answers
from vlmkg.reading.rules.forms.boxes import boxes
from vlmkg.reading.rules.forms.dictation import spoken_marks
from vlmkg.reading.rules.forms.lists import answered_items, denied_lists
from vlmkg.reading.rules.forms.rewriting import Rewrite, rewritten_tokens, without_overlaps
from vlmkg.reading.tokens import Token, tokenize

_ANY_FORM = re.compile(
    r"[\[\]{}|<=~\u2026\u2192\u2610-\u2612\u25a0\u25a1\u2713-\u2718\u25fb\u2b1c\u2705\u274c+]|\(-|-ve\b"
    r"|\( *[xX_]? *\)|\.{2}|(?:\. ){3}|_{2}|-{3}|\*{3}|\t\w| {3,}\w"
    r"|:[ \t]*[\d\w+-](?!\w)|:[ \t]*\n|n/a\b|yes|negatives?\b|: *(?:not|unable|\+)|\b(?:period|full stop|comma"
    r"|paragraph|colon|paren\w*|bracket|slash)\b"
    r"|\b(?:none|no|nil|absent|present|negative|positive|neg|pos)[ \t.]*$|\b(?:seen|present|identified|found"
    r"|evident|visuali[sz]ed|following|of|denied|excluded|out|absent|no)[ \t]*:"
    r"|:[ \t]*(?:none|no|nil|normal|absent|present|negative|positive|small|mild)\b",
    re.IGNORECASE | re.MULTILINE,
)


def plain_tokens(text: str, start: int, end: int) -> tuple[list[Token], list[tuple[int, int]]]:
    """The tokens of `text[start:end]` as they are to be read, and the spans that state nothing and are set aside.

    Offsets are those of `text`. A text without forms gives its own tokens.
    """
    if _ANY_FORM.search(text, start, end) is None:
        return tokenize(text, start, end), []
    found: list[Rewrite] = []
    for reader in (boxes, answers, denied_lists, answered_items, spoken_marks):
        found += reader(text, start, end)
    rewrites = without_overlaps(found)
    aside = [(one.start, one.end) for one in rewrites if one.aside]
    return rewritten_tokens(text, start, end, rewrites), aside
