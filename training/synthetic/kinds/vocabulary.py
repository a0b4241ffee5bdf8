"""The words that templates draw: `words/*.txt`, by class and grade (how well lexicons know them).

A line `@fc` opens a class, `@fc rare` its words that lexicons often lack, `@fc invented` words that do not exist. A
word may be several mentions: `pleural/A effusion`; words without a mark are observations or, in classes of places,
anatomy; `_` is a blank inside one mention. SIDE, Side, SD, SDT, LR are replaced by the side of the slot's number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

COMMON, RARE, INVENTED = "common", "rare", "invented"
PLACE_NAMES = "place placeadj bothplace bothadj lobe lobeabb lobeabbL lobeabbR zone organ tipplace rib bone"
PLACES = frozenset(PLACE_NAMES.split())
"""Classes whose words are anatomy."""

_NOUNS = "fc fm fp fw dx ill dev sdev airdev spotnoun bfc bfm bill british wrongfc wrongfm wrongfw"
NOUNS = frozenset(_NOUNS.split())
"""Classes of findings, diseases and devices: their words in one text have different heads."""


@dataclass(frozen=True, slots=True)
class WordClass:
    """The words of one class, by grade: common, rare, invented."""

    name: str
    words: Mapping[str, tuple[str, ...]]

    def grades(self) -> tuple[str, ...]:
        """The grades that have words."""
        return tuple(grade for grade in (COMMON, RARE, INVENTED) if self.words.get(grade))


@cache
def word_classes() -> Mapping[str, WordClass]:
    """Every class by its name."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(files("training.synthetic.kinds").joinpath("words").iterdir(), key=lambda item: item.name):
        if path.name.endswith(".txt"):
            _read(path.read_text(encoding="utf-8"), found)
    return {
        name: WordClass(name, {grade: tuple(words) for grade, words in graded.items()})
        for name, graded in found.items()
    }


def _read(text: str, found: dict[str, dict[str, list[str]]]) -> None:
    body: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("@"):
            name, _, grade = line[1:].partition(" ")
            body = found.setdefault(name, {}).setdefault(grade or COMMON, [])
        elif line and not line.startswith("#"):
            body += [word.strip() for word in line.split(";") if word.strip()]


def head(word: str) -> str:
    """The head noun of a word, in one spelling and number. Different findings must have different heads."""
    noun = word.rsplit(" ", maxsplit=1)[-1].rpartition("_")[2].lower()
    return noun.replace("ae", "e").replace("oe", "e").replace("our", "or").removesuffix("s")
