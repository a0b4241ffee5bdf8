"""Accuracy of an engine by kind of synthetic sentence: right and harmful facts, links, and the first wrong readings.

    python -m benchmarks.kinds [--engine rules] [--alone] [--family F]... [--count N | --of-family N] [--seed N]
                               [--words all] [--failures FILE]

A fact is harmful that is shown present and is not, or is present and denied or not read; `invent` counts findings read
as present of which the text says nothing. `--count` is the number of texts of each template. `--words common` draws
words that a lexicon has: what is then read wrongly is the sentence. `--of-family` reads a small sample that is always
the same: so many texts of each family, of templates evenly spread. A model is read as in service, the
rules beside it, or `--alone`. `--failures` keeps the texts read wrongly.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from training.synthetic.kinds.drawing import GRADE_CHANCES
from training.synthetic.kinds.families import choose, families, of_template, spread
from training.synthetic.kinds.judging import HARMFUL, Judgement, Outcome, judge
from training.synthetic.kinds.known import COMMON_WORDS, DRAWS, misread, misread_keys, told, write_table
from training.synthetic.kinds.sample import Sample
from training.synthetic.page import graph_lines
from vlmkg.engine_protocol import Engine
from vlmkg.pipeline import extract_texts, load_engine, read_reports
from vlmkg.schema import ReportGraph

Read = tuple[Judgement, ReportGraph]
KNOWN = Path("tests/training/synthetic/kinds_misread.tsv")
SHOWN = 5
"""So many texts of each template are shown, the shortest first."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read and print; write the failures if a file is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="rules", help="rules, model, or a checkpoint's folder")
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--of-family", type=int, default=0, help="so many texts of each family instead")
    parser.add_argument("--alone", action="store_true", help="the engine's own graph, without a second witness")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", choices=["common", "all"], default="all")
    parser.add_argument("--failures", type=Path)
    parser.add_argument("--rewrite-known", action="store_true", help=f"write {KNOWN} anew, and nothing else")
    given = parser.parse_args(arguments)
    grades = COMMON_WORDS if given.words == "common" else GRADE_CHANCES
    engine = load_engine(given.engine)
    if given.rewrite_known:
        _rewrite(engine)
        return
    print(f"{'family':22s} {'texts':>6s} {'facts':>6s} {'right %':>8s} {'harm %':>7s} {'invent':>7s}", end="")
    print(f" {'links %':>8s} {'whole %':>7s}")
    told = []
    everything: list[Read] = []
    for name in choose(given.family).names:
        made = spread(name, given.of_family, given.seed, grades) if given.of_family else _all(name, given, grades)
        read = _read(engine, made, alone=given.alone)
        everything += read
        print(_row(name, read))
        told += _failures(read)
    print(_row("ALL", everything))
    if given.failures:
        given.failures.write_text("\n".join(told) + "\n", encoding="utf-8")
    elif given.family:
        print("\n".join(told))


def _all(name: str, given: argparse.Namespace, grades: Mapping[str, float]) -> list[Sample]:
    numbers = range(given.count)
    return [of_template(template, given.seed, at, grades) for template in families()[name] for at in numbers]


def _read(engine: Engine, made: Sequence[Sample], *, alone: bool) -> list[Read]:
    texts = [one.text for one in made]
    graphs = extract_texts(engine, texts) if alone else [one.graph for one in read_reports(engine, texts)]
    return [(judge(one, graph), graph) for one, graph in zip(made, graphs, strict=True)]


def _row(name: str, read: Iterable[Read]) -> str:
    judgements = [one for one, _ in read]
    facts = [fact for one in judgements for fact in one.facts]
    outcomes = Counter(fact.outcome for fact in facts)
    right = outcomes[Outcome.RIGHT]
    invented = sum(len(one.invented) for one in judgements)
    harmful = sum(outcomes[outcome] for outcome in HARMFUL)
    linked = sum(not fact.wrong_links for fact in facts if fact.outcome is Outcome.RIGHT)
    whole = sum(one.is_right for one in judgements)
    return (
        f"{name:22s} {len(judgements):6d} {len(facts):6d} {_share(right, len(facts)):8.1f} "
        f"{_share(harmful, len(facts)):7.1f} {invented:7d} {_share(linked, right):8.1f} "
        f"{_share(whole, len(judgements)):7.1f}"
    )


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def _failures(read: Iterable[Read]) -> list[str]:
    """The shortest texts of each template that were read wrongly: text, what was wrong, what was read."""
    by_template: dict[str, list[Read]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for judgement, graph in read:
        template = judgement.sample.drawing.template
        totals[template.name] += 1
        if not judgement.is_right:
            by_template[template.name].append((judgement, graph))
    lines = []
    for name, found in sorted(by_template.items(), key=lambda item: -len(item[1])):
        lines.append(f"## {name}  wrong {len(found)} of {totals[name]}   {found[0][0].sample.drawing.template.line}")
        shown = sorted(found, key=lambda one: len(one[0].sample.text))[:SHOWN]
        lines += [line for judgement, graph in shown for line in _told(judgement, graph)]
    return lines


def _told(judgement: Judgement, graph: ReportGraph) -> list[str]:
    lines = [f"  {judgement.sample.text!r}", f"      {'; '.join(told(judgement))}"]
    return [*lines, f"      read: {' ; '.join(graph_lines(graph))}"]


def _rewrite(engine: Engine) -> None:
    found = misread_keys(misread(partial(extract_texts, engine), 0, DRAWS))
    write_table(KNOWN, "Templates that the rules read wrongly, and what is wrong.", found)
    print(f"{len(found)} templates are read wrongly: {KNOWN}")


if __name__ == "__main__":
    main()
