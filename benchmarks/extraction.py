"""The accuracy and the speed of the rules.

    python -m benchmarks.extraction score GOLD.json [--reports REPORTS.tgz] [--errors N]
    python -m benchmarks.extraction speed REPORTS.tgz [--medspacy PYTHON] [--gold GOLD.json]
    python -m benchmarks.extraction coverage REPORTS.tgz|FEED.jsonl [--show 40]

Without arguments all three run on the data beside the checkout, where it is.
`score` prints F1 by type: of the first 20 reports by id, on which the rules were made; of the others, which were only
ever scored; and, with --reports, of sentences that occur in other reports and of those that do not; then the errors
counted by kind. --errors shows errors of the first 20 alone, so that the others stay unseen.
`speed` prints reports a second on one core, first pass and with sentences known, by the clock and by CPU time (which a
busy machine disturbs less), and each stage's share; with --medspacy the same of medSpaCy's rules in the same run, and
with --gold the presence that its ConText gives the gold observations.
`coverage` prints how many words have no role, how many sentences no graph, and how many triplets are refused: of an
Open-i archive, or of a feed of HL7 messages (.jsonl).
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.reading_speed import PRESENCE, WORKED, speed
from benchmarks.reports import hl7_texts, open_i, read_sentence_words, sentence_words
from training.documents import Document, read_document
from training.error_kinds import error_kinds
from training.metrics import count, f1, total
from vlmkg import validation
from vlmkg.radgraph import to_radgraph
from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.reading.rules.sentence import read_sentence
from vlmkg.reading.sentences import split_sentences
from vlmkg.reading.tokens import tokenize

NAMES = (
    *("entity", "entity:ANAT-DP", "entity:OBS-DP", "entity:OBS-U", "entity:OBS-DA", "presence"),
    *("relation", "relation:modify", "relation:located_at", "relation:suggestive_of"),
)
Pair = tuple[Document, Document]
DATA = Path(__file__).parents[2] / "shared" / "data"
GOLD = DATA / "gold" / "dev.json"
REPORTS = DATA / "openi" / "ecgen-radiology-dev.tgz"


# score


def pair(document: dict[str, Any]) -> Pair:
    """Gold and the rules' reading of the same text."""
    (graph,) = RulesEngine().extract([document["text"]])
    tokens = tuple(document["text"].split())
    read = to_radgraph(document["text"], graph)
    return read_document(document, tokens, Counter()), read_document(read, tokens, Counter())


def only(document: Document, kept: set[int]) -> Document:
    """The part of a document whose spans begin at these tokens, with the relations among them."""
    spans = {span: label for span, label in document.spans.items() if span[0] in kept}
    relations = tuple(edge for edge in document.relations if edge[0] in spans and edge[2] in spans)
    return Document(document.tokens, spans, relations)


def tokens_of(text: str, others: Counter[tuple[str, ...]], *, seen: bool) -> set[int]:
    """Positions of the tokens of those sentences that occur in other reports, or do not."""
    tokens = tokenize(text)
    position = {token.start: index for index, token in enumerate(tokens)}
    own = Counter(sentence_words(text))
    kept: set[int] = set()
    for part in split_sentences(text, tokens):
        words = tuple(token.lower for token in part)
        if (others[words] > own[words]) is seen:
            kept |= {position[token.start] for token in part}
    return kept


def score(arguments: argparse.Namespace) -> None:
    """Print F1 by type and by part of the gold."""
    gold = json.loads(arguments.gold.read_text(encoding="utf-8"))
    pairs = {key: pair(gold[key]) for key in sorted(gold)}
    columns: dict[str, list[Pair]] = {
        f"worked {WORKED}": list(pairs.values())[:WORKED],
        f"other {len(pairs) - WORKED}": list(pairs.values())[WORKED:],
        "all": list(pairs.values()),
    }
    if arguments.reports:
        others = Counter(words for text in open_i(arguments.reports).values() for words in sentence_words(text))
        rest = list(pairs)[WORKED:]
        for name, seen in (("other, seen", True), ("other, unseen", False)):
            kept = {key: tokens_of(gold[key]["text"], others, seen=seen) for key in rest}
            columns[name] = [(only(pairs[key][0], kept[key]), only(pairs[key][1], kept[key])) for key in rest]
    rows = {name: [count(*one) for one in column] for name, column in columns.items()}
    print("| F1 (gold) |", " | ".join(rows), "|\n| --- |" + " --- |" * len(rows))
    for name in NAMES:
        cells = [total(column, name) for column in rows.values()]
        print(f"| {name} |", " | ".join(f"{f1(cell):.3f} ({cell[2]})" if cell[2] else "-" for cell in cells), "|")
    accuracies = [[total(column, f"accuracy:{name}") for name in PRESENCE] for column in rows.values()]
    shown = [[f"{right / found:.3f}" if found else "-" for right, found, _ in column] for column in accuracies]
    print("| presence right on found spans: present, uncertain, absent |", " | ".join(map(", ".join, shown)), "|")
    kinds: Counter[str] = Counter()
    for one in pairs.values():
        kinds += error_kinds(*one)
    print("\n| errors in all reports | kind |\n| --- | --- |")
    for kind, number in sorted(kinds.items()):
        print(f"| {number} | {kind} |")
    for line in [line for key in list(pairs)[:WORKED] for line in errors(key, *pairs[key])][: arguments.errors]:
        print(line)


def errors(key: str, gold: Document, read: Document) -> Iterable[str]:
    """The missed and the added relations of one report."""
    for name, one, other in (("missed", gold, read), ("extra", read, gold)):
        for head, kind, tail in set(one.relations) - set(other.relations):
            yield f"{key} {name}: {one.words(head)}/{one.spans[head]} {kind} {one.words(tail)}/{one.spans[tail]}"


# coverage


def coverage(arguments: argparse.Namespace) -> None:
    """Print unknown words, sentences without a graph, and the number of rejected triplets."""
    if arguments.reports.suffix == ".jsonl":
        for name, chest in (("chest radiographs", True), ("other exams", False)):
            print(f"{name}: ", end="")
            cover(hl7_texts(arguments.reports, chest=chest), arguments.show)
    else:
        cover(list(open_i(arguments.reports).values()), arguments.show)


def cover(texts: list[str], show: int) -> None:
    """Print the coverage of these reports, and the `show` commonest words without a role."""
    graphs = RulesEngine().extract(texts)
    refused = sum(len(validation.validate(text, graph)[1]) for text, graph in zip(texts, graphs, strict=True))
    empty_texts = sum(not text for text in texts)
    triplets = sum(len(graph.relations) for graph in graphs)
    print(f"{len(texts)} reports ({empty_texts} without text), {triplets} triplets,", end="")
    print(f" {refused} refused; {sum(not one.mentions for one in graphs) - empty_texts} texts without a graph")
    sentences = Counter(words for text in texts for words in read_sentence_words(text))
    words = Counter(word for line, number in sentences.items() for word in line * number if word.isalpha())
    missed = Counter({word: number for word, number in words.items() if not has_role(word)})
    empty = Counter({line: number for line, number in sentences.items() if not read_sentence(line).mentions})
    print(f"{len(words)} words, {len(missed)} without a role ({missed.total() / words.total():.2%} of the text)")
    print(f"{sentences.total()} sentences, {empty.total()} without a graph ({empty.total() / sentences.total():.2%})")
    for word, number in missed.most_common(show):
        print(f"  {number:5d} {word}")


@cache
def phrase_words() -> frozenset[str]:
    """The words in phrases of the lexicon."""
    return frozenset(token for rows in lexicon().phrases.values() for phrase, _ in rows for token in phrase)


def has_role(word: str) -> bool:
    """Whether the lexicon or a rule for word forms gives the word a role; articles have none."""
    known = lexicon()
    return word in known.words or word in phrase_words() or guess(word) is not Word.OTHER


def all_three(arguments: argparse.Namespace) -> None:
    """Run all three on the data beside the checkout."""
    del arguments
    if not DATA.exists():
        print(f"nothing measured: there is no {DATA}; name your own reports (--help)")
        return
    for words in (["score", str(GOLD), "--reports", str(REPORTS)], ["coverage", str(REPORTS)], ["speed", str(REPORTS)]):
        chosen = parser().parse_args(words)
        chosen.run(chosen)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.set_defaults(run=all_three)
    commands = made.add_subparsers()
    scoring = commands.add_parser("score")
    scoring.add_argument("gold", type=Path)
    scoring.add_argument("--reports", type=Path)
    scoring.add_argument("--errors", type=int, default=0)
    scoring.set_defaults(run=score)
    running = commands.add_parser("speed")
    running.add_argument("reports", type=Path)
    running.add_argument("--profile-reports", type=int, default=1000)
    running.add_argument("--medspacy", type=Path, help="an interpreter that has medSpaCy")
    running.add_argument("--gold", type=Path, help="RadGraph JSON, to compare presence as well")
    running.set_defaults(run=speed)
    covering = commands.add_parser("coverage")
    covering.add_argument("reports", type=Path)
    covering.add_argument("--show", type=int, default=0)
    covering.set_defaults(run=coverage)
    return made


def main() -> None:
    """Run one of the three, or all."""
    arguments = parser().parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
