"""Tokens as RadGraph cuts them: runs of word characters, and runs of everything else that is not blank.

Jain et al., "RadGraph: Extracting Clinical Entities and Relations from Radiology Reports" (2021), v1 labels over
nltk's wordpunct tokens.
"""

import re
from typing import NamedTuple

_TOKEN = re.compile(r"\w+|[^\w\s]+")


class Token(NamedTuple):
    """One token: `text == report[start:end]`, offsets in code points; `lower` is its lower-case form."""

    start: int
    end: int
    text: str
    lower: str


_new = tuple.__new__
"""Makes a token in half the time of `Token(...)`; a report has hundreds."""


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of `text[start:end]`, with offsets into `text`."""
    stop = len(text) if end is None else end
    return [
        _new(Token, (match.start(), match.end(), word := match[0], word.lower()))
        for match in _TOKEN.finditer(text, start, stop)
    ]


def next_token(text: str, start: int, end: int) -> Token | None:
    """The first token of `text[start:end]`; None if there is none."""
    match = _TOKEN.search(text, start, end)
    return _new(Token, (*match.span(), match[0], match[0].lower())) if match else None
