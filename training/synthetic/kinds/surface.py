"""Changes of a text's surface that keep its meaning: capitals, wrapped lines, blanks, typing errors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from training.synthetic.kinds.sample import Sample

STYLES: Mapping[str, float] = {
    "plain": 0.62,
    "capitals": 0.08,
    "small letters": 0.07,
    "wrapped": 0.09,
    "blanks": 0.03,
    "slips": 0.08,
    "no last stop": 0.03,
}
"""The weight of each style."""
_SHORTEST_SLIP = 6


def restyled(made: Sample, rng: Random, styles: Mapping[str, float] = STYLES) -> Sample:
    """The text in a random style; its mentions and stretches move with it."""
    style = rng.choices(list(styles), list(styles.values()))[0]
    return _WAYS[style](made, rng)


def capitals(made: Sample) -> Sample:
    """All in capitals. Letters whose capital is not one letter stay as they are."""
    return replace(made, text="".join(mark.upper() if len(mark.upper()) == 1 else mark for mark in made.text))


def small_letters(made: Sample) -> Sample:
    """All in small letters."""
    return replace(made, text="".join(mark.lower() if len(mark.lower()) == 1 else mark for mark in made.text))


def wrapped(made: Sample, width: int) -> Sample:
    """The text wrapped at blanks to lines of at most `width` characters. Longer words stay whole."""
    breaks: dict[int, str] = {}
    start, last = 0, -1
    for at, mark in enumerate(made.text):
        if mark == "\n":
            start, last = at + 1, -1
        elif mark == " " and made.text[at - 1 : at] not in {" ", "\n"}:
            last = at
        if at - start >= width and last > 0:
            breaks[last] = "\n"
            start, last = last + 1, -1
    return rewritten(made, breaks)


def slips(made: Sample, rng: Random) -> Sample:
    """The text with two letters of one long word transposed, a typing error."""
    long = [word for word in made.words if word.end - word.start >= _SHORTEST_SLIP]
    if not long:
        return made
    word = rng.choice(long)
    at = rng.randrange(word.start + 1, word.end - 2)
    first, second = made.text[at], made.text[at + 1]
    if first == second or not (first.isalpha() and second.isalpha()):
        return made
    return rewritten(made, {at: second, at + 1: first})


def rewritten(made: Sample, changes: Mapping[int, str]) -> Sample:
    """The text with characters replaced, by offset; all offsets are adjusted."""
    parts, moved, length = [], [], 0
    for at, mark in enumerate(made.text):
        moved.append(length)
        part = changes.get(at, mark)
        parts.append(part)
        length += len(part)
    moved.append(length)
    # A word ends where its last character ends.
    words = tuple(
        replace(word, start=moved[word.start], end=moved[word.end - 1] + len(parts[word.end - 1]))
        for word in made.words
    )
    aside = tuple((moved[start], moved[end], reason) for start, end, reason in made.aside)
    return replace(made, text="".join(parts), words=words, aside=aside)


def double_blanks(made: Sample) -> Sample:
    """Every blank doubled."""
    return rewritten(made, {at: "  " for at, mark in enumerate(made.text) if mark == " "})


def _without_last_stop(made: Sample) -> Sample:
    return rewritten(made, {len(made.text) - 1: ""}) if made.text.endswith(".") else made


_WAYS: Mapping[str, Callable[[Sample, Random], Sample]] = {
    "plain": lambda made, _: made,
    "capitals": lambda made, _: capitals(made),
    "small letters": lambda made, _: small_letters(made),
    "wrapped": lambda made, rng: wrapped(made, rng.choice((24, 32, 40, 60, 80))),
    "blanks": lambda made, _: double_blanks(made),
    "slips": slips,
    "no last stop": lambda made, _: _without_last_stop(made),
}
