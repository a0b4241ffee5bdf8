"""A section's text as plain words: its forms, codes and spoken marks put into the words and stops that they mean."""

from collections.abc import Callable, Iterator

from vlmkg.reading.rules.forms.abbreviations import abbreviations
from vlmkg.reading.rules.forms.answers import answers
from vlmkg.reading.rules.forms.boxes import boxes
from vlmkg.reading.rules.forms.dictation import spoken_marks
from vlmkg.reading.rules.forms.lists import answered_items, denied_lists
from vlmkg.reading.rules.forms.rewriting import Rewrite, rewritten_tokens, without_overlaps
from vlmkg.reading.tokens import Token, tokenize

Reader = Callable[[str, int, int], Iterator[Rewrite]]

_READERS: tuple[tuple[Reader, tuple[str, ...]], ...] = (
    (boxes, ("[", "( )", "()", "(_", "(x", "(\u2713", "(\u2022", "(\u25cf", "(*", "+", "(-", "-ve", "<x>",
             *"\u2610\u2611\u2612\u25a0\u25a1\u2713\u2714\u2717\u2718\u25fb\u25cb\u25ef\u2b1c\u2705\u274c")),
    (answers, (*"?:|=~(,\u2026\u2192\t{[<", "..", ". . .", "__", "--", "->", "   ", " -", "-n", "-y", "-p", "-a")),
    (denied_lists, (":",)),
    (answered_items, ("yes", "none", "nil", "absent", "present", "negative", "positive", " no", "neg", "pos")),
    (spoken_marks, ("period", "comma", "full stop", "paragraph", "colon", "paren", "bracket", "slash")),
    (abbreviations, (".", "nt", "n;t")),
)  # fmt: skip
"""Each reader with what a text has in lower case, one at least, where there is something for it to read."""


def plain_tokens(text: str, start: int, end: int) -> tuple[list[Token], list[tuple[int, int]]]:
    """The tokens of `text[start:end]` as they are to be read, and the spans that state nothing and are set aside.

    Offsets are those of `text`. A text without forms gives its own tokens.
    """
    lower = text[start:end].lower()
    found: list[Rewrite] = []
    for reader, signs in _READERS:
        if any(sign in lower for sign in signs):
            found += reader(text, start, end)
    if not found:
        return tokenize(text, start, end), []
    rewrites = without_overlaps(found)
    return rewritten_tokens(text, start, end, rewrites), [(one.start, one.end) for one in rewrites if one.aside]
