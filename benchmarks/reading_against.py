"""Speed of reading by the rules: this tree against another revision, on the same reports in one run.

    python -m benchmarks.reading_against [REVISION|FOLDER] [--rounds N] [--openi ARCHIVE] [--hl7 FEED.jsonl] [--most N]

A git revision (default: af8bece, the last one before sections, forms and languages were told apart) is checked out in a
temporary folder, and removed again. Both trees read by turns, each in new processes that have loaded their tables
before, with the Python that runs this script. Prints reports per CPU second: of new sentences (a first pass), of known
ones (a second pass over the same reports, whose sentences, passages and sections are in memory), of the whole pipeline
with new sentences. *least* is the ratio of the sums of the least CPU time that each hundred reports took in any round,
which other work on the machine disturbs least; the figures behind it are the least, the median and the greatest ratio
of a round. Without the files of reports, synthetic reports are read. Use at least 300 reports of a kind: the partition
of fewer is in memory, too.
"""

import argparse
import math
import os
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.reports import hl7_texts, open_i, open_i_texts
from benchmarks.source_trees import DATA, ROOT, other_tree, run_with
from training.synthetic.studies import studies

BASE = "af8bece"
PART = 100
"""Reports of which the least time counts."""
WARM_UP = (
    "INDICATION: Cough.\n\nFINDINGS: Small left opacificattion, unchanged. No mass (1.8 cm) or\nedema. Zzz zzz.\n\n"
    "IMPRESSION:\n1. Effusion: none.\n2. It has resolved. [x] Nodule\n\nElectronically signed by A. Meyer, MD"
)
"""A synthetic text that makes both trees load their tables."""
WAYS = {"rules": ("new sentences", "known sentences"), "pipeline": ("whole pipeline",)}

Times = list[list[float]]
"""CPU seconds by pass and by part."""


class Ratio(NamedTuple):
    """Speed of this tree divided by the other's: of least times, and by round."""

    least: float
    rounds: tuple[float, ...]


def corpora(archive: Path, feed: Path, most: int | None) -> Iterator[tuple[str, list[str]]]:
    """The name and the texts of each kind of report that is there, or synthetic ones if none is."""
    if archive.exists():
        yield "Open-i, findings and impression", [text for text in open_i(archive).values() if text][:most]
        yield "Open-i, full reports", list(open_i_texts(archive).values())[:most]
    if feed.exists():
        yield "HL7 feed", [text for chest in (True, False) for text in hl7_texts(feed, chest=chest)][:most]
    if not (archive.exists() or feed.exists()):
        yield "synthetic reports", [study.text for study in studies(1, most or 2000, films=0)]


def times(tree: Path, way: str, texts: Sequence[str]) -> Times:
    """The times of one process of the tree. Raises CalledProcessError if it fails."""
    asked = {"tree": str(tree), "way": way, "warm_up": WARM_UP, "texts": texts, "part": PART}
    found: Times = run_with(tree, "reading_passes.py", asked)
    return found


def by_turns(other: Path, way: str, texts: Sequence[str], rounds: int) -> list[tuple[Times, Times]]:
    """The times of the other tree and of this one for each round; which of them begins changes with each round."""
    found = []
    for number in range(rounds):
        trees = (other, ROOT) if number % 2 == 0 else (ROOT, other)
        spent = {tree: times(tree, way, texts) for tree in trees}
        found.append((spent[other], spent[ROOT]))
    return found


def rows(name: str, way: str, texts: Sequence[str], found: Sequence[tuple[Times, Times]]) -> Iterator[str]:
    """One row of the table for each pass."""
    for number, said in enumerate(WAYS[way]):
        before, after = ([round_[tree][number] for round_ in found] for tree in (0, 1))
        least = least_sum(before), least_sum(after)
        ratio = Ratio(least[0] / least[1], tuple(sum(a) / sum(b) for a, b in zip(before, after, strict=True)))
        shown = f"{min(ratio.rounds):.2f}, {statistics.median(ratio.rounds):.2f}, {max(ratio.rounds):.2f}"
        rates = f"{len(texts) / least[0]:,.0f} | {len(texts) / least[1]:,.0f}"
        yield f"| {name} ({len(texts)}) | {said} | {rates} | **{ratio.least:.2f}** | {shown} |"


def least_sum(spent: Sequence[Sequence[float]]) -> float:
    """The sum over the parts of the least seconds of any round."""
    return math.fsum(min(part) for part in zip(*spent, strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", nargs="?", metavar="REVISION|FOLDER", default=BASE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--openi", type=Path, default=DATA / "openi" / "ecgen-radiology-dev.tgz")
    parser.add_argument("--hl7", type=Path, default=DATA / "feeds" / "hl7" / "scout_oru_1994_2014.jsonl")
    parser.add_argument("--most", type=int, help="read only so many reports of each kind")
    arguments = parser.parse_args()
    with other_tree(arguments.other) as other:
        print(f"load {os.getloadavg()[0]:.1f}; {arguments.rounds} rounds; reports per CPU second\n")
        print("| reports | what | other | this | ratio: least | by round: min, median, max |")
        print("| --- | --- | --- | --- | --- | --- |", flush=True)
        for name, texts in corpora(arguments.openi, arguments.hl7, arguments.most):
            for way in WAYS:
                found = by_turns(other, way, texts, arguments.rounds)
                print("\n".join(rows(name, way, texts, found)), flush=True)


if __name__ == "__main__":
    main()
