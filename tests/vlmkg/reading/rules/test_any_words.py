"""Whatever words stand in whatever order, a report is read, and its graph keeps to the schema."""

from itertools import product
from random import Random

from vlmkg.reading.rules.report import read_report
from vlmkg.validation import validate

WORDS = (
    "left", "upper", "basal", "pleural", "lobe", "size", "portion", "effusion", "tube", "development", "small",
    "stable", "mildly", "two", "4 mm", "no", "not", "excluded", "cannot exclude", "resolved", "hard to exclude",
    "recurred", "tip", "possible", "?", "due to", "suggests", "is", "shows", "in", "of", "with", "and", "or",
    "versus", "but", "which", "than", "compared to", "this", "seen", "there", "recommend", "discussed",
    "history of", "film", "evidence of", ",", ":", "XXXX", "that", "prior", "when", "was", "none", "sign",
    "suspected", "because of", "the", "negative", "DD",
)  # fmt: skip
SENTENCES = 2000


def test_any_two_words_are_read() -> None:
    for words in product(WORDS, repeat=2):
        text = " ".join(words)
        assert validate(text, read_report(text))[1] == [], text


def test_any_words_in_any_order_are_read() -> None:
    rng = Random(11)
    for _ in range(SENTENCES):
        text = " ".join(rng.choices(WORDS, k=rng.randint(3, 9))) + "."
        assert validate(text, read_report(text))[1] == [], text
