"""Pairs of texts that differ in one thing: their readings must differ only in that.

A variant keeps the order of the marked words, so that words with the same number correspond.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import NamedTuple

from training.synthetic.kinds import surface
from training.synthetic.kinds.drawing import SIDES, Drawing, Pools, class_of
from training.synthetic.kinds.sample import Sample, sample
from training.synthetic.kinds.vocabulary import COMMON, NOUNS, head, word_classes

_SIDE_WORDS = frozenset(
    ["left", "right", "l", "r", "lt", "rt", "rul", "rml", "rll", "lul", "lll", "lingula", "lingular"]
)
_BRITISH = {
    "edema": "oedema",
    "hemothorax": "haemothorax",
    "hematoma": "haematoma",
    "hemorrhage": "haemorrhage",
    "tumor": "tumour",
    "esophageal": "oesophageal",
    "visualized": "visualised",
    "favored": "favoured",
    "favor": "favour",
    "characterization": "characterisation",
    "localized": "localised",
    "center": "centre",
    "artifact": "artefact",
    "anesthesia": "anaesthesia",
    "leukemia": "leukaemia",
    "fiber": "fibre",
    "pediatric": "paediatric",
}
_AMERICAN_WORD = re.compile(rf"\b({'|'.join(_BRITISH)})", re.IGNORECASE)


class Pair(NamedTuple):
    """A text and its variant. `flipped`: the variant has the opposite sides."""

    kind: str
    text: Sample
    variant: Sample
    flipped: bool = False


def pairs_of(drawing: Drawing, pools: Pools, rng: Random) -> Iterator[Pair]:
    """One pair of every kind that the drawing allows."""
    base = sample(drawing, pools)
    for kind, make in _KINDS.items():
        variant = make(base, pools, rng)
        if variant is not None and variant.text != base.text:
            yield Pair(kind, base, variant, flipped=kind == "other side")


def other_noun(base: Sample, pools: Pools, rng: Random) -> Sample | None:
    """Replace a finding, disease or device by another one with the same number of words."""
    values = base.drawing.values
    places = [key for key in values if class_of(key) in NOUNS]
    if not places:
        return None
    key = rng.choice(places)
    words = word_classes()[class_of(key)].words[COMMON]
    taken = {head(value) for value in values.values()}
    same = [word for word in words if _shape(word) == _shape(values[key]) and head(word) not in taken]
    return sample(base.drawing.changed({key: rng.choice(same)}), pools) if same else None


def other_side(base: Sample, pools: Pools, rng: Random) -> Sample | None:
    """Swap left and right everywhere. None if the template fixes a side."""
    del rng
    sides = {key: value for key, value in base.drawing.values.items() if value in SIDES}
    if not sides:
        return None
    variant = sample(base.drawing.changed({key: SIDES[1 - SIDES.index(side)] for key, side in sides.items()}), pools)
    fixed = any(
        _is_side(base.text[one.start : one.end]) and base.text[one.start : one.end] == variant.text[two.start : two.end]
        for one, two in zip(base.words, variant.words, strict=True)
    )
    return None if fixed else variant


def british(base: Sample, pools: Pools, rng: Random) -> Sample | None:
    """American spellings as British ones."""
    del pools, rng
    changes: dict[int, str] = {}
    for match in _AMERICAN_WORD.finditer(base.text):
        word = match.group()
        spelled = _BRITISH[word.lower()]
        spelled = spelled.capitalize() if word[0].isupper() else spelled
        changes |= dict.fromkeys(range(match.start(), match.end()), "") | {match.start(): spelled}
    return surface.rewritten(base, changes) if changes else None


def _wrapped(base: Sample, pools: Pools, rng: Random) -> Sample:
    del pools
    return surface.wrapped(base, rng.choice((24, 40, 60)))


_KINDS: Mapping[str, Callable[[Sample, Pools, Random], Sample | None]] = {
    "other noun": other_noun,
    "other side": other_side,
    "capitals": lambda base, _, __: surface.capitals(base),
    "small letters": lambda base, _, __: surface.small_letters(base),
    "double blanks": lambda base, _, __: surface.double_blanks(base),
    "wrapped lines": _wrapped,
    "British spelling": british,
}


def _shape(word: str) -> list[str]:
    return [item.partition("/")[2] for item in word.split(" ")]


def _is_side(text: str) -> bool:
    return text.lower() in _SIDE_WORDS
