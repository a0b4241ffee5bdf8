"""Compare an engine, with its checkpoint's lead, with the better of its two witnesses.

Measured on text only: reports with gold if there are any, synthetic studies, and texts of every family of
`training.synthetic.kinds`. Figures, each better where it is greater:

    entity_f1, relation_f1, presence_f1    of reports and studies, strict, after validation
    right                                  of the families: share of the facts that are read correctly
    unharmed                               of the families: 1 minus the share of harmful errors: findings shown
                                           present that are absent or not mentioned, and present ones that are denied
                                           or not read

A difference is paired by text and has its 95 % interval (bootstrap). `vlmkg checkpoint promote` refuses a checkpoint
for which a whole interval is below zero; `vlmkg train lead` measures every lead and names the best of those left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from training.bootstrap import Draw, draws, interval
from training.documents import Raw, read_document
from training.metrics import Counts, count, f1, total
from training.synthetic.kinds.families import families, spread
from training.synthetic.kinds.judging import HARMFUL, Outcome, judge
from training.synthetic.kinds.sample import Sample
from training.synthetic.seeds import LEAD_SEED
from training.synthetic.studies import studies
from vlmkg.checkpoint.evaluation import Difference
from vlmkg.checkpoint.manifest import verify, write_manifest
from vlmkg.engine_protocol import Engine, Lead, ReportOutput, StudyInput
from vlmkg.pipeline import load_engine, read_graph, read_in_parts, read_twice
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

STUDIES = 300
TEXTS_OF_FAMILY = 10
REPORT_FIGURES = {"entity_f1": "entity", "relation_f1": "relation", "presence_f1": "presence"}
FAMILY_FIGURES = {"right": "right", "unharmed": "unharmed"}
RULES, MODEL = "rules", "model"

Rows = list[dict[str, Counts]]
"""Counts of each text by name."""


class Set(NamedTuple):
    """Texts of one kind: each with its gold graph as RadGraph JSON, or with its sample of a family."""

    name: str
    texts: tuple[str, ...]
    gold: tuple[Raw, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def figures(self) -> Mapping[str, str]:
        """Names of the figures, and of the counts that each is made of."""
        return FAMILY_FIGURES if self.samples else REPORT_FIGURES


class Figure(NamedTuple):
    """One figure of one set: for the rules, for the model alone, and for both with a lead."""

    rules: float
    model: float
    both: float
    less_better: Difference


Compared = Mapping[str, Figure]
"""By set and figure, such as `synthetic relation_f1`."""


def synthetic_set(seed: int = LEAD_SEED, number: int = STUDIES) -> Set:
    """Reports of synthetic studies."""
    made = list(studies(seed, number, films=0.0))
    return Set("synthetic", tuple(one.text for one in made), tuple(to_radgraph(one.text, one.graph) for one in made))


def family_set(of_each: int = TEXTS_OF_FAMILY, seed: int = LEAD_SEED, names: Iterable[str] | None = None) -> Set:
    """So many texts of each family."""
    made = tuple(one for name in (names or families()) for one in spread(name, of_each, seed))
    return Set("families", tuple(one.text for one in made), samples=made)


def compare(engine: Engine, sets: Iterable[Set], leads: Iterable[Lead]) -> dict[Lead, dict[str, Figure]]:
    """The figures by lead. The engine reads each text once, whatever the number of leads."""
    found: dict[Lead, dict[str, Figure]] = {lead: {} for lead in leads}
    for one in sets:
        rows = {reader: count_rows(one, graphs) for reader, graphs in _readings(engine, one.texts, found).items()}
        samples = draws(len(one.texts))
        for lead, figures in found.items():
            for name, part in one.figures.items():
                figures[f"{one.name} {name}"] = _figure(rows[RULES], rows[MODEL], rows[lead], part, samples)
    return found


def best_lead(compared: Mapping[Lead, Compared]) -> Lead | None:
    """The lead with the greatest mean of the figures, among those that make nothing worse; None if there is none."""
    left = {lead: figures for lead, figures in compared.items() if not worse(figures)}
    return max(left, key=lambda lead: sum(one.both for one in left[lead].values()), default=None)


def worse(figures: Compared) -> list[str]:
    """The figures that are worse than the better witness's beyond chance."""
    return [name for name, one in figures.items() if one.less_better.high < 0]


def table(compared: Mapping[Lead, Compared]) -> str:
    """Markdown: a row for each figure, with each lead's difference to the better witness (95 %, paired by text)."""
    leads = list(compared)
    lines = [f"| figure | rules | model alone | {' | '.join(leads)} |", "| --- " * (len(leads) + 3) + "|"]
    for name in next(iter(compared.values()), {}):
        each = [compared[lead][name] for lead in leads]
        cells = " | ".join(f"{one.both:.3f} ({_shown(one.less_better)})" for one in each)
        lines.append(f"| {name} | {each[0].rules:.3f} | {each[0].model:.3f} | {cells} |")
    return "\n".join(lines)


def _shown(gap: Difference) -> str:
    return f"{gap.difference:+.3f}, {gap.low:+.3f} to {gap.high:+.3f}"


def write_lead(folder: Path, lead: Lead) -> None:
    """Write the lead into the checkpoint's manifest. It is another manifest then: a promotion holds no longer."""
    kept = verify(folder).manifest.model_dump(exclude={"files", "lead"})
    write_manifest(folder, **kept, lead=lead)


def _readings(engine: Engine, texts: Sequence[str], leads: Iterable[Lead]) -> dict[str, list[ReportGraph]]:
    """The validated readings of the rules, of the model alone, and of both with each lead."""
    said = outputs(engine, texts)
    heard = outputs(load_engine("rules"), texts)
    found = {
        RULES: [read_graph(text, output.graph).graph for text, output in zip(texts, heard, strict=True)],
        MODEL: [read_graph(text, output.graph).graph for text, output in zip(texts, said, strict=True)],
    }
    for lead in leads:
        pairs = zip(texts, said, heard, strict=True)
        found[lead] = [
            read_twice(text, model.graph, rules, lead, words=model.words).graph for text, model, rules in pairs
        ]
    return found


def outputs(engine: Engine, texts: Sequence[str]) -> list[ReportOutput]:
    """The engine's output for each text. Texts of like length together: a batch is as slow as its longest."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    outputs = read_in_parts(engine, [StudyInput((texts[at],)) for at in order])
    read = dict(zip(order, (output.reports[0] for output in outputs), strict=True))
    return [read[at] for at in range(len(texts))]


def count_rows(one: Set, graphs: Sequence[ReportGraph]) -> Rows:
    """The counts of each text of the set, read as these graphs."""
    if one.samples:
        return [_family_counts(sample, graph) for sample, graph in zip(one.samples, graphs, strict=True)]
    return [_report_counts(*each) for each in zip(one.texts, one.gold, graphs, strict=True)]


def _report_counts(text: str, gold: Raw, graph: ReportGraph) -> dict[str, Counts]:
    tokens = tuple(gold["text"].split())
    said = read_document(to_radgraph(text, graph), tokens, Counter())
    return count(read_document(gold, tokens, Counter()), said)


def _family_counts(sample: Sample, graph: ReportGraph) -> dict[str, Counts]:
    """As counts whose F1 is a share of the facts."""
    judged = judge(sample, graph)
    facts = len(judged.facts)
    right = sum(one.outcome is Outcome.RIGHT for one in judged.facts)
    harmful = sum(one.outcome in HARMFUL for one in judged.facts) + len(judged.invented)
    return {"right": (right, facts, facts), "unharmed": (facts - harmful, facts, facts)}


def _figure(rules: Rows, model: Rows, both: Rows, part: str, samples: Sequence[Draw]) -> Figure:
    def score(rows: Rows, draw: Draw) -> float:
        return f1(total((rows[at] for at in draw), part))

    everything = list(range(len(both)))
    by_rules, by_model, by_both = (score(rows, everything) for rows in (rules, model, both))
    better = rules if by_rules >= by_model else model

    def gap(draw: Draw) -> float:
        return score(both, draw) - score(better, draw)

    return Figure(by_rules, by_model, by_both, Difference(gap(everything), *interval(gap, samples)))
