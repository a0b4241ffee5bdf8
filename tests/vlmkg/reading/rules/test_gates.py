"""A form's pattern is tried only where its gate is found, so each match must hold a match of the gate."""

import random
from itertools import product
from pathlib import Path

import pytest

from vlmkg.reading.rules.forms import answers, dictation

TITLES = ["Effusion", "nodule", "Left lung", "Q1. Mass", "Side", "certainty"]
SIGNS = [
    *(":", " : ", "=", " -> ", " .... ", " ____ ", " | ", "\t", "   ", " - ", " / ", "?", "; ", ", ", " ", ":-"),
    *("\u2026", " ~ ", " (", "(", " [", " {", "= ", ": ***", " answer: ", "\u2192", " (0 = none, 1 = small): "),
]
ANSWERS = [
    *("none", "no", "yes", "Y", "N", "0", "1", "-1", "+", "-", "\u00b1", "+/-", "+ve", "-ve", "\u00d8", "absent"),
    *("present", "none)", "0)", "+)", "small, left", "yes / no", "n/a", "not assessed", "left", "doubtful", "normal"),
    *("3 mm; 4 mm", "?", "no | yes"),
]
ENDS = ["", ".", "\n", "; ", ", ", " | "]
SPOKEN = [
    *("period", "Full stop", "full stop next line", "stop", "comma", "new paragraph", "next paragraph", "next line"),
    *("new line", "dash", "hyphen", "colon", "semicolon", "semi-colon", "open paren", "left bracket", "right bracket"),
    *("close parenthesis", "forward slash", "number one", "number 2", "impression", "conclusion", "question mark"),
]
STYLES = (Path(__file__).parents[2] / "styles.txt").read_text(encoding="utf-8")


def texts() -> list[str]:
    """Forms of one and of two rows, and the texts of other hospitals' styles."""
    rows = ["".join(parts) for parts in product(TITLES, SIGNS, ANSWERS, ENDS)]
    rng = random.Random(1)
    pairs = [rng.choice(rows) + rng.choice(["", "\n", " "]) + rng.choice(rows) for _ in range(20_000)]
    return [*rows, *pairs, *(line.split("||")[0].replace(" / ", "\n") for line in STYLES.splitlines())]


@pytest.fixture(scope="module")
def forms() -> list[str]:
    return texts()


@pytest.mark.parametrize("pattern", answers._NEAR, ids=lambda pattern: pattern.pattern[:40])
def test_a_gate_is_part_of_every_match(pattern, forms):
    matched = [text for text in forms if pattern.search(text)]
    assert matched, "no text tries this pattern"
    assert [text for text in matched if not answers._NEAR[pattern].search(text)] == []


@pytest.mark.parametrize("pattern", dictation._WORDS, ids=lambda pattern: pattern.pattern[:40])
def test_a_word_is_part_of_every_spoken_mark(pattern):
    said = [*SPOKEN, *map(str.upper, SPOKEN)]
    around = product(
        ["Heart", "no edema"], [" ", ". "], said, ["\n", " ", "."], ["No effusion", "no period", "left", ""]
    )
    matched = [match[0] for text in map("".join, around) for match in pattern.finditer(text)]
    assert matched, "no text tries this pattern"
    assert [one for one in matched if not any(word in one.lower() for word in dictation._WORDS[pattern])] == []
