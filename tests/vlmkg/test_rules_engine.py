"""The engine as a whole: any text in, a valid graph out, in time that grows with the text."""

import time
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkg import validation
from vlmkg.lexicon.load import lexicon
from vlmkg.rules import engine as module
from vlmkg.rules.engine import RulesEngine, all_sources, source_digest

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


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_any_words_of_the_lexicon_give_a_valid_graph(words: list[str]) -> None:
    valid(" ".join(words))


def test_every_unicode_block() -> None:
    text = " ".join(chr(code) for code in range(0, 0x110000, 61) if unicodedata.category(chr(code)) != "Cs")
    valid(f"No effusion. {text} Left lung opacity.")


@pytest.mark.parametrize(
    "unit",
    ["a", " ", ".", "\n", "findings: ", "lung ", "no left opacity , ", "1 . ", "*", "no. ", "Dr. ", "(", "xxxx "],
)
def test_time_grows_with_the_text(unit: str) -> None:
    seconds = []
    for size in (25_000, 100_000):
        text = unit * (size // len(unit))
        start = time.process_time()
        RulesEngine().extract([text])
        seconds.append(time.process_time() - start)
    assert seconds[1] < 10 * seconds[0] + 0.5


def test_a_megabyte_of_one_token() -> None:
    assert RulesEngine().extract(["a" * 1_000_000])[0].mentions == ()


def test_digest_covers_every_file_of_rules_and_lexicon(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(str(files("vlmkg")))
    expected = {path for folder in ("rules", "lexicon") for path in (package / folder).rglob("*") if path.is_file()}
    covered = {Path(str(source)) for _, source in all_sources()}
    assert {path for path in expected if path.suffix in {".py", ".txt", ".tsv"}} <= covered
    before = RulesEngine().digest
    monkeypatch.setattr(module, "_MODULES", ("tokens.py",))
    assert source_digest() != before
