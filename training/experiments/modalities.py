"""The effect of the film: one checkpoint reads the same studies in six ways, three of which are controls."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from training.experiments.checkpoint_reader import Arm, given, prefixes_of, read_exam, reads_films, vectors
from training.experiments.figures import bars
from training.experiments.held_out_studies import BY_CLASS, FIGURES, Exam, Seen, counts, estimate, make_exam
from training.experiments.statistics import Estimate
from training.experiments.tables import Table, write_tables
from training.experiments.unconstrained_reading import read_freely
from training.metrics import Counts
from vlmkg.checkpoint.store import Checkpoint, load_checkpoint

GOLD = "gold (what the matching can reach)"
NOTE = "{studies} synthetic studies, each with a film. Intervals: 95 %, bootstrap over studies. Checkpoint: {name}."
Rows = Sequence[dict[str, Counts]]


class Constraint(NamedTuple):
    """Triplets that gold does not entail, with and without the constraint, and the windows without a graph."""

    bound: Estimate | None
    free: Estimate | None
    unparsable: float


def run(folder: Path, out: Path, studies: int, free: int) -> None:
    """Read `studies` studies in every way, the first `free` of them without the constraint too; write the tables."""
    checkpoint, exam = load_checkpoint(folder), make_exam(studies)
    own = vectors(checkpoint, exam.studies) if reads_films(checkpoint) else None
    seen = read_all(checkpoint, exam, own)
    found = scored(exam, seen)
    note = NOTE.format(studies=len(exam.studies), name=checkpoint.manifest.name)
    unbound = {
        arm.value: constraint(checkpoint, exam, arm, own, one, free)
        for arm, one in seen.items()
        if arm is not Arm.IMAGE
    }
    tables = [figures_table(found, note), class_table(found, note)]
    write_tables(out, "modalities", [*tables, constraint_table(unbound, checkpoint.manifest.name, free)])
    labels = [name.removeprefix("facts:") for name in BY_CLASS]
    series = {name: [estimate(rows, part) for part in BY_CLASS] for name, rows in found.items()}
    bars(out / "modalities.svg", labels, series, "Facts of which the right thing is said", "share of facts")


def read_all(checkpoint: Checkpoint, exam: Exam, own: Tensor | None) -> dict[Arm, list[Seen]]:
    """The held-out studies read in every possible way; `own` are the films' vectors, None: it reads no films."""
    arms = [Arm.REPORT] if own is None else list(Arm)
    return {arm: read_exam(checkpoint, exam, arm, own) for arm in arms}


def scored(exam: Exam, seen: Mapping[Arm, Sequence[Seen]]) -> dict[str, Rows]:
    """The counts of each way of reading, and of the gold."""
    found: dict[str, Rows] = {arm.value: counts(exam, one) for arm, one in seen.items()}
    return {**found, GOLD: counts(exam, exam.gold())}


def figures_table(found: Mapping[str, Rows], note: str) -> Table:
    """One row per arm, one column per figure."""
    rows = [[name, *(estimate(rows, part) for part in FIGURES)] for name, rows in found.items()]
    names = (
        "relation F1",
        "entity F1",
        "presence F1",
        "film F1",
        "triplets not entailed",
        "film names wrong",
        "facts right",
    )
    return Table("What each way of reading gives", note, ("given", *names), rows)


def class_table(found: Mapping[str, Rows], note: str) -> Table:
    """One row per arm, one column per class of facts: the share with the right statement."""
    number = [sum(row.get(part, (0, 0, 0))[1] for row in found[GOLD]) for part in BY_CLASS]
    rows = [[name, *(estimate(rows, part) for part in BY_CLASS)] for name, rows in found.items()]
    labels = (f"{part.removeprefix('facts:')} ({count})" for part, count in zip(BY_CLASS, number, strict=True))
    said = (
        f"{note} Right: said to be present where it is so, and not where it is not. The report's word counts where it "
        "states or denies, the film's where the report doubts or is silent."
    )
    return Table("Facts of which the right thing is said, by where they are told", said, ("given", *labels), rows)


def constraint(
    checkpoint: Checkpoint, exam: Exam, arm: Arm, own: Tensor | None, seen: Sequence[Seen], count: int
) -> Constraint:
    """Hallucination of the first `count` studies with the constraint, as `seen`, and without."""
    part = Exam(exam.studies[:count])
    shown = None if own is None else given(arm, own, exam.studies)
    prefixes = None if shown is None else prefixes_of(checkpoint, shown[:count])
    read = read_freely(checkpoint, [study.text for study in part.studies], prefixes)
    free = counts(part, [Seen(graph, None) for graph in read.graphs])
    bound = counts(part, seen[:count])
    return Constraint(
        estimate(bound, "hallucinated"), estimate(free, "hallucinated"), read.unparsable / max(read.windows, 1)
    )


def constraint_table(found: Mapping[str, Constraint], name: str, count: int) -> Table:
    """One row per arm: the share of triplets that gold does not entail, constraint on and off."""
    rows = [[arm, *one] for arm, one in found.items()]
    note = (
        f"The first {count} of the studies. Constraint off: plain greedy decoding; windows whose text stands for no "
        f"graph give no triplet. Intervals: 95 %, bootstrap over studies. Checkpoint: {name}."
    )
    columns = ("given", "not entailed, constraint on", "not entailed, constraint off", "windows without a graph, off")
    return Table("Hallucinated triplets with the constraint and without", note, columns, rows)
