"""The rules read pairs of synthetic texts that differ in one thing: what they read differs in that alone.

What is known to be read differently stands in `kinds_differences.tsv`, with the shortest pair. Who mends it takes it
off by `python -m benchmarks.kinds_pairs --rewrite-known`; so does who changes a template.
"""

from pathlib import Path

import pytest

from training.synthetic.kinds.families import choose
from training.synthetic.kinds.known import COMPOSED, PAIR_DRAWS, difference_keys, read_table
from training.synthetic.kinds.metamorphic import compare
from vlmkg.reading.rules.engine import RulesEngine

KNOWN = Path(__file__).parent / "kinds_differences.tsv"
LEAST_PAIRS = 20_000


@pytest.fixture(scope="module")
def outcome():
    templates = tuple(choose((), ("other_languages",)).templates())
    return compare(templates, RulesEngine().extract, 0, PAIR_DRAWS, COMPOSED)


def test_there_are_enough_pairs_of_every_kind(outcome):
    assert outcome.pairs.total() >= LEAST_PAIRS
    assert set(outcome.pairs) == {
        "other noun", "other side", "capitals", "small letters", "double blanks", "wrapped lines", "British spelling",
        "other order", "one sentence less", "blank lines", "one paragraph", "one line each", "findings heading",
        "findings and impression", "set aside, then findings", "set aside, then nothing",
    }  # fmt: skip


def test_pairs_are_read_alike_but_for_the_one_thing(outcome):
    known = read_table(KNOWN)
    new = [one for one in outcome.differences if (one.kind, one.templates[0]) not in known]

    smallest = "\n".join(str(one) for one in sorted(new, key=lambda one: len(one.text))[:10])
    assert not new, f"{len(new)} pairs are read differently; the smallest:\n{smallest}"


def test_what_is_known_to_be_read_differently_still_is(outcome):
    mended = set(read_table(KNOWN)) - set(difference_keys(outcome.differences))

    assert not mended, f"read alike by now, take them off with benchmarks.kinds_pairs --rewrite-known: {mended}"
