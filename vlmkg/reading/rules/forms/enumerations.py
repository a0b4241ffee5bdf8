"""Lists within a line, without stops: "1) no effusion 2) nodule", "a) ... b) ...", "* no effusion * nodule"."""

import re
from collections.abc import Iterator, Sequence

from vlmkg.reading.rules.forms.rewriting import BREAK, Rewrite

_NUMBER = re.compile(r"(?:(?<=\s)|(?<=[:.;])|\A|(?<=\n))\(?(?P<sign>\d{1,2}|[a-h]|[A-H])\)[ \t]{0,12}(?=[A-Za-z(])")
_BULLET = re.compile(r"(?<=[\w.)])[ \t]{1,12}[*\u2022\u00b7\u25cf\u25aa][ \t]{1,12}(?=[A-Za-z])")


def enumerations(text: str, start: int, end: int) -> Iterator[Rewrite]:
    """A break before each item of a list that counts from one or from a, and before each bullet within a line."""
    items = list(_NUMBER.finditer(text, start, end))
    if _counts([item["sign"].lower() for item in items]):
        yield from (Rewrite(*item.span(), BREAK) for item in items)
    yield from (Rewrite(*bullet.span(), BREAK) for bullet in _BULLET.finditer(text, start, end))


def _counts(signs: Sequence[str]) -> bool:
    """Whether the signs are 1, 2, ... or a, b, ..., at least two of them."""
    numbers = [str(number) for number in range(1, len(signs) + 1)]
    return len(signs) > 1 and list(signs) in (numbers, list("abcdefgh")[: len(signs)])
