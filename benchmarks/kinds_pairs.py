"""Pairs of synthetic texts with one difference: the number with other differences in their readings, and the smallest.

    python -m benchmarks.kinds_pairs [--engine rules] [--family F]... [--draws N] [--composed N] [--seed N]

Every template is drawn `--draws` times, each with another noun, side, case, blanks, line breaks, spelling; `--composed`
texts of three sentences are read in another order, with one sentence less, under headings of the same meaning.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from training.synthetic.kinds.families import choose
from training.synthetic.kinds.known import COMPOSED, PAIR_DRAWS, difference_keys, write_table
from training.synthetic.kinds.metamorphic import Difference, compare
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import extract_texts, load_engine

KNOWN = Path("tests/training/synthetic/kinds_differences.tsv")
UNPAIRED = ("other_languages",)
"""Families without pairs."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="rules", help="rules, model, or a checkpoint's folder")
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--draws", type=int, default=PAIR_DRAWS)
    parser.add_argument("--composed", type=int, default=COMPOSED)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rewrite-known", action="store_true", help=f"write {KNOWN} anew, and nothing else")
    given = parser.parse_args(arguments)
    engine = load_engine(given.engine)
    if given.rewrite_known:
        _rewrite(engine)
        return
    begun = time.process_time()
    templates = tuple(choose(given.family, () if given.family else UNPAIRED).templates())
    pairs, found = compare(templates, partial(extract_texts, engine), given.seed, given.draws, given.composed)
    unlike = Counter(one.kind for one in found)
    for kind, count in sorted(pairs.items()):
        print(f"{kind:26s} {count:7d} pairs {unlike[kind]:6d} read differently")
    print(f"{'ALL':26s} {pairs.total():7d} pairs {unlike.total():6d} in {time.process_time() - begun:.1f} s of one CPU")
    for one in _first_of_each(found):
        print(one)


def _rewrite(engine: Engine) -> None:
    templates = tuple(choose((), UNPAIRED).templates())
    found = difference_keys(compare(templates, partial(extract_texts, engine), 0, PAIR_DRAWS, COMPOSED).differences)
    write_table(KNOWN, "Kind of variant, template, and the shortest pair that is read differently.", found)
    print(f"{len(found)} kinds of pairs are read differently: {KNOWN}")


def _first_of_each(found: Sequence[Difference]) -> list[Difference]:
    first: dict[tuple[str, str], Difference] = {}
    for one in sorted(found, key=lambda each: len(each.text)):
        first.setdefault((one.kind, one.templates[0]), one)
    return sorted(first.values(), key=lambda each: (each.kind, each.templates))


if __name__ == "__main__":
    main()
