"""The facts of a collection of reports that two source trees read differently by the rules.

    python -m benchmarks.reading_changes save OUT.json [--reports REPORTS.tgz|FEED.jsonl] [--most N]
    python -m benchmarks.reading_changes compare BEFORE [--reports ...] [--most N] [--sample N] [--seed N]

`save` keeps what the rules of this tree read. `compare` reads with this tree, and lists and counts by kind what
vanished, appeared or changed: mentions with their presence, relations, concepts, and the concept, side and severity of
findings. BEFORE is a file that `save` wrote, the folder of another checkout, or a git revision, which is checked out
beside and removed again. `--sample` prints so many changes, drawn by `--seed`, instead of all. Without the file of
reports, 2,000 synthetic reports are read (`--most`).
"""

import argparse
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reports import hl7_texts, open_i
from benchmarks.source_trees import DATA, ROOT, other_tree, run_with
from training.synthetic.studies import studies
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

REPORTS = DATA / "openi" / "ecgen-radiology-dev.tgz"
SYNTHETIC_REPORTS = 2000
NOT_READ = "not read"

Fact = tuple[str, tuple[int, ...], str]
"""What it is, its offsets in the report's text, and its value. See benchmarks/peers/reading_facts.py."""

Reading = dict[str, list[Fact]]
"""The facts by report."""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that two trees read differently; `before` and `after` are its values or `NOT_READ`."""

    report: str
    what: str
    words: str
    sentence: str
    before: str
    after: str


def texts_of(source: Path, most: int | None = None) -> dict[str, str]:
    """The reports of an Open-i archive by id, or those of an HL7 feed by number; synthetic ones if there is no file."""
    if not source.exists():
        texts = {study.study_id: study.text for study in studies(1, most or SYNTHETIC_REPORTS, films=0)}
    elif source.suffix == ".jsonl":
        found = [text for chest in (True, False) for text in hl7_texts(source, chest=chest)]
        texts = {str(number): text for number, text in enumerate(found)}
    else:
        texts = open_i(source)
    return dict(list(texts.items())[:most])


def read_with(tree: Path, texts: dict[str, str]) -> Reading:
    """The readings of the rules of the checkout at `tree`. Raises CalledProcessError if they fail."""
    return _reading(run_with(tree, "reading_facts.py", {"tree": str(tree), "texts": texts}))


def _reading(raw: dict[str, list[tuple[str, list[int], str]]]) -> Reading:
    return {name: [(what, tuple(spans), value) for what, spans, value in facts] for name, facts in raw.items()}


def reading_before(source: str, texts: dict[str, str]) -> Reading:
    """The earlier readings: from a saved file, another checkout or a git revision."""
    path = Path(source)
    if path.is_file():
        return _reading(json.loads(path.read_text(encoding="utf-8")))
    with other_tree(source) as tree:
        return read_with(tree, texts)


def changes(texts: dict[str, str], before: Reading, after: Reading) -> list[Change]:
    """Each fact whose value differs, in order of the reports and of their texts."""
    found = []
    for name, text in texts.items():
        old, new = ({(spans, what): value for what, spans, value in each.get(name, [])} for each in (before, after))
        for spans, what in sorted(old.keys() | new.keys()):
            values = old.get((spans, what), NOT_READ), new.get((spans, what), NOT_READ)
            if values[0] != values[1]:
                words = " -> ".join(text[start:end] for start, end in zip(spans[::2], spans[1::2], strict=True))
                found.append(Change(name, what, words, _sentence(text, spans[0]), *values))
    return found


def _sentence(text: str, at: int) -> str:
    sentences = split_sentences(text, tokenize(text))
    sentence = next((one for one in sentences if one[0].start <= at < one[-1].end), sentences[0])
    return text[sentence[0].start : sentence[-1].end]


def kind_of(change: Change) -> str:
    """What is counted together: presences by their values, everything else by what happened to it."""
    if change.what == "mention":
        return f"mention: {change.before} -> {change.after}"
    if NOT_READ in (change.before, change.after):
        return f"{change.what}: {'gained' if change.before == NOT_READ else 'lost'}"
    return f"{change.what}: changed"


def show(found: list[Change], sample: int | None, seed: int) -> None:
    """Print the counts by kind, then all changes or a sample of them."""
    sentences = len({(one.report, one.sentence) for one in found})
    print(f"{len(found)} facts in {sentences} sentences are read differently.\n")
    for kind, number in Counter(kind_of(one) for one in found).most_common():
        print(f"| {kind} | {number} |")
    shown = found if sample is None or sample >= len(found) else random.Random(seed).sample(found, sample)
    print()
    for one in shown:
        print(f"{one.report}: {one.what} {one.words!r}: {one.before} -> {one.after} | {one.sentence}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["save", "compare"])
    parser.add_argument("place", help="the file to write, or BEFORE")
    parser.add_argument("--reports", type=Path, default=REPORTS)
    parser.add_argument("--most", type=int, help="read only the first N reports")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    texts = texts_of(arguments.reports, arguments.most)
    print(f"{len(texts)} reports", "" if arguments.reports.exists() else "(synthetic)")
    after = read_with(ROOT, texts)
    if arguments.command == "save":
        Path(arguments.place).write_text(json.dumps(after), encoding="utf-8")
        return
    show(changes(texts, reading_before(arguments.place, texts), after), arguments.sample, arguments.seed)


if __name__ == "__main__":
    main()
