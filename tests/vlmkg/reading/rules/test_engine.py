"""The engine as a whole: any text in, a valid graph out, in time that grows with the text."""

import time
import unicodedata
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkg import validation
from vlmkg.pipeline import read_reports
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.reading.rules.sentence import read_sentence

WORDS = [
    *sorted(lexicon().words)[::17],
    ".",
    ",",
    ":",
    "/",
    "(",
    ")",
    "XXXX",
    "\n",
    "\n\n",
    "1",
    "2",
    "cm",
    "-",
    "no",
    "is",
    "versus",
]


def valid(text: str) -> None:
    (graph,) = RulesEngine().extract([text])
    kept, rejections = validation.validate(text, graph)
    assert not rejections
    assert kept == graph


@given(st.text())
def test_any_text_gives_a_valid_graph(text: str) -> None:
    valid(text)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_any_words_of_the_lexicon_give_a_valid_graph(words: list[str]) -> None:
    valid(" ".join(words))


def test_any_two_words_give_a_graph() -> None:
    """ "No right.", "Possible.": sentences of one word and of two, of words of every class."""
    by_class = {kind: word for word, kind in reversed(lexicon().words.items())}
    words = [*by_class.values(), ",", ":", "(", "?", "no", "right", "xxxx", "2"]
    for sentence in product(words, repeat=2):
        read_sentence(sentence)
    for word in words:
        read_sentence((word,))


def test_every_unicode_block() -> None:
    """A block has 16 code points or more."""
    text = " ".join(chr(code) for code in range(0, 0x110000, 16) if unicodedata.category(chr(code)) != "Cs")
    valid(f"No effusion. {text} Left lung opacity.")


UNITS = [
    *("a", " ", ".", "\n", "*", "(", "xxxx ", "1 . ", "1x", "cm 1 . ", "A. B. ", "\u0300", "\u4e2d", "\u0130", "\x00"),
    *("findings: ", "ABC: ", "HISTORY:\n\n", "- \n", "***Report***\n", "Dr. X, M.D.\n"),
    *("lung ", "small ", "effusion ", "no ", "which ", "no. ", "no left opacity , ", "no change in the nodule, "),
    *("may represent effusion or ", "effusion versus ", "left and right ", "opacity of "),
]


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_text(unit: str) -> None:
    seconds = []
    for size in (8_000, 32_000):
        text = unit * (size // len(unit))
        taken = []
        # The better of two: a collection of garbage may fall into either.
        for _ in range(2):
            start = time.process_time()
            (reading,) = read_reports(RulesEngine(), [text])
            taken.append(time.process_time() - start)
            assert reading.rejections == ()
        seconds.append(min(taken))
    assert seconds[1] < 8 * seconds[0] + 0.2


@pytest.mark.parametrize("token", ["a", "effusion", "\u4e2d"])
def test_a_megabyte_of_one_token(token: str) -> None:
    text = token * (1_000_000 // len(token))
    start = time.process_time()
    assert RulesEngine().extract([text])[0].mentions == ()
    assert time.process_time() - start < 2
