"""The findings of a collection of reports that two source trees read differently.

    python -m benchmarks.reading_changes save OUT.json [--reports REPORTS.tgz|FEED.jsonl]
    python -m benchmarks.reading_changes compare BEFORE [--reports REPORTS.tgz|FEED.jsonl] [--sample N] [--seed N]

`save` keeps what the rules of this tree read. `compare` reads with this tree and lists each finding that vanished,
appeared or changed its presence, with its sentence, and counts them by kind. BEFORE is a file that `save` wrote, the
folder of another checkout, or a git revision, which is checked out beside and removed again. --sample prints so many
changes, drawn by --seed, instead of all.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reports import hl7_texts, open_i
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

ROOT = Path(__file__).parents[1]
REPORTS = ROOT.parent / "shared" / "data" / "openi" / "ecgen-radiology-dev.tgz"
NOT_READ = "not read"
_READER = """
import json, sys
from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Kind
def read(text):
    found = [one for one in read_report(text).mentions if one.kind is Kind.OBSERVATION]
    return [[one.start, one.end, str(one.presence)] for one in found]
json.dump({name: read(text) for name, text in json.load(sys.stdin).items()}, sys.stdout)
"""

Reading = dict[str, list[tuple[int, int, str]]]
"""By report: start, end (code points of its text) and presence of each observation."""


@dataclass(frozen=True, slots=True)
class Change:
    """One observation that two trees read differently; `before` and `after` are presences or `NOT_READ`."""

    report: str
    words: str
    sentence: str
    before: str
    after: str


def texts_of(source: Path) -> dict[str, str]:
    """The reports of an Open-i archive by id, or those of an HL7 feed by number."""
    if source.suffix != ".jsonl":
        return open_i(source)
    texts = [text for chest in (True, False) for text in hl7_texts(source, chest=chest)]
    return {str(number): text for number, text in enumerate(texts)}


def read_with(tree: Path, texts: dict[str, str]) -> Reading:
    """The readings of the rules of the checkout at `tree`. Raises CalledProcessError when they fail."""
    done = subprocess.run(
        [sys.executable, "-c", _READER],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    read: Reading = json.loads(done.stdout)
    return read


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """A checkout of a git revision of this repository, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def reading_before(source: str, texts: dict[str, str]) -> Reading:
    """The earlier readings: from a saved file, another checkout or a git revision."""
    path = Path(source)
    if path.is_file():
        saved: Reading = json.loads(path.read_text(encoding="utf-8"))
        return saved
    if path.is_dir():
        return read_with(path.resolve(), texts)
    with tree_of(source) as tree:
        return read_with(tree, texts)


def changes(texts: dict[str, str], before: Reading, after: Reading) -> list[Change]:
    """Each observation whose presence differs, in order of the reports and of their texts."""
    found = []
    for name, text in texts.items():
        old = {(start, end): presence for start, end, presence in before.get(name, [])}
        new = {(start, end): presence for start, end, presence in after.get(name, [])}
        spans = [span for span in sorted(old.keys() | new.keys()) if old.get(span) != new.get(span)]
        if not spans:
            continue
        sentences = split_sentences(text, tokenize(text))
        for start, end in spans:
            sentence = next((one for one in sentences if one[0].start <= start < one[-1].end), sentences[0])
            words = text[sentence[0].start : sentence[-1].end]
            old_presence, new_presence = old.get((start, end), NOT_READ), new.get((start, end), NOT_READ)
            found.append(Change(name, text[start:end], words, old_presence, new_presence))
    return found


def show(found: list[Change], sample: int | None, seed: int) -> None:
    """Print the counts by kind, then all changes or a sample of them."""
    counts = Counter((one.before, one.after) for one in found)
    sentences = len({(one.report, one.sentence) for one in found})
    print(f"{len(found)} observations in {sentences} sentences are read otherwise.\n")
    for (before, after), number in counts.most_common():
        print(f"| {before} -> {after} | {number} |")
    shown = found if sample is None or sample >= len(found) else random.Random(seed).sample(found, sample)
    print()
    for one in shown:
        print(f"{one.report}: {one.words}: {one.before} -> {one.after} | {one.sentence}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["save", "compare"])
    parser.add_argument("place", help="the file to write, or BEFORE")
    parser.add_argument("--reports", type=Path, default=REPORTS)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    texts = texts_of(arguments.reports)
    after = read_with(ROOT, texts)
    if arguments.command == "save":
        Path(arguments.place).write_text(json.dumps(after), encoding="utf-8")
        return
    before = reading_before(arguments.place, texts)
    show(changes(texts, before, after), arguments.sample, arguments.seed)


if __name__ == "__main__":
    main()
