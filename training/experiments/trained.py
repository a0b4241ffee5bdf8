"""The experiments with training: run the arms, write table and figure."""

from collections.abc import Callable, Sequence
from pathlib import Path

from training.experiments.arms import (
    Arm,
    noise_arms,
    prefix_arms,
    projector_arms,
    scratch_arms,
    size_arms,
)
from training.experiments.figures import bars
from training.experiments.held_out_studies import make_exam
from training.experiments.runs import Row, run_arms
from training.experiments.statistics import Estimate, over_seeds
from training.experiments.tables import Cell, Table, write_tables
from training.stages.config import RunConfig
from training.stages.devices import need_one_process

ARMS: dict[str, Callable[[RunConfig], list[Arm]]] = {
    "projector": projector_arms,
    "prefix": prefix_arms,
    "scratch": scratch_arms,
    "noise": noise_arms,
    "size": size_arms,
}
TITLES = {
    "projector": "LLM-KG without a film, and the projectors",
    "prefix": "Length of prefix and clip",
    "scratch": "Stage 2 with and without stage 1",
    "noise": "Wrong labels in training",
    "size": "Size of the language model",
}
COLUMNS = {
    "relation": "relation F1",
    "presence": "presence F1",
    "film": "film F1",
    "facts": "facts right",
    "facts:film_only": "film-only facts right",
    "hallucinated": "triplets not entailed",
    "validation loss": "validation loss",
}
"""Figures of a run's row, and their names in the table."""
DRAWN = ("relation", "film", "facts")


def run(
    name: str, arms: Sequence[Arm], seeds: int, out: Path, studies: int, tell: Callable[[str], None] = print
) -> None:
    """Train missing runs; write NAME.md, NAME.csv and NAME.svg to `out`.

    Raises UsageError in one of several processes of a run: arms are trained one after the other.
    """
    need_one_process("an experiment trains its arms one after the other, but was started")
    rows = run_arms(name, arms, seeds, out, make_exam(studies), tell)
    table = arms_table(TITLES[name], arms, rows, seeds, studies)
    write_tables(out, name, [table])
    series = {COLUMNS[part]: [summed(rows, arm.name, part, seeds) for arm in arms] for part in DRAWN}
    shown = {label: values for label, values in series.items() if any(one and one.mean for one in values)}
    title = f"{TITLES[name]}: mean and 95 % interval over {seeds} seeds"
    bars(out / f"{name}.svg", [arm.name for arm in arms], shown, title, "score")


def arms_table(title: str, arms: Sequence[Arm], rows: Sequence[Row], seeds: int, studies: int) -> Table:
    """One row per arm: the mean over seeds of each figure, and the difference in relation F1 from the first arm."""
    body: list[list[Cell]] = []
    for arm in arms:
        found = [summed(rows, arm.name, part, seeds) for part in COLUMNS]
        parameters = int(_values(rows, arm.name, "parameters", seeds)[0])
        seconds = sum(_values(rows, arm.name, "seconds", seeds)) / seeds
        body.append([arm.name, parameters, *found, difference(rows, arm.name, arms[0].name, seeds), round(seconds)])
    note = (
        f"Mean over {seeds} seeds (weights, order, studies) with its 95 % interval, Student's t; scored on {studies} "
        "synthetic studies, the same for all. Difference: paired by seed. "
        "Seconds: the first arm of a seed pays for what it shares."
    )
    columns = ("arm", "parameters", *COLUMNS.values(), f"relation F1 less {arms[0].name}", "seconds")
    return Table(title, note, columns, body)


def summed(rows: Sequence[Row], arm: str, part: str, seeds: int) -> Estimate | None:
    """The mean over seeds; None if the arm reads no films and the figure is of films."""
    values = _values(rows, arm, part, seeds)
    return None if part == "film" and not any(values) else over_seeds(values)


def difference(rows: Sequence[Row], arm: str, baseline: str, seeds: int) -> Estimate | None:
    """The difference of the arm's relation F1 from the baseline's, by seed; None for the baseline itself."""
    if arm == baseline:
        return None
    pairs = zip(_values(rows, arm, "relation", seeds), _values(rows, baseline, "relation", seeds), strict=True)
    return over_seeds([ours - theirs for ours, theirs in pairs])


def _values(rows: Sequence[Row], arm: str, part: str, seeds: int) -> list[float]:
    """One value per seed, in order."""
    by_seed = {int(row["seed"]): float(row[part]) for row in rows if row["arm"] == arm}
    return [by_seed[seed] for seed in range(seeds)]
