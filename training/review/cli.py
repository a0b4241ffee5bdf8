"""`vlmkg train review`: export triplets for blinded readers, import their verdicts."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from training.review.findings import GOAL, Accuracy, Findings, findings
from training.review.folder import KEY_FILE, SHEETS, Verdicts, export, read_back
from training.review.sheets import write_table
from vlmkg.errors import UsageError

DISAGREEMENTS = "disagreements.csv"


@click.group()
def review() -> None:
    """Let blinded experts judge triplets, and measure their agreement."""


@review.command("export")
@click.option(
    "--graphs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The readings: our JSONL or RadGraph JSON.",
)
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="Number of sampled triplets.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed selects the same triplets.")
@click.option(
    "--readers", type=click.IntRange(2, 20), default=3, show_default=True, help="Number of sheets, one per reader."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="New folder.")
def export_(graphs: Path, count: int, seed: int, readers: int, out: Path) -> None:
    """Write a sheet for each reader, and the key, which you keep.

    Both contain report text: protect them accordingly.
    """
    if out.exists():
        raise UsageError(f"{out} already exists", "choose a new folder")
    export(graphs, count, seed, readers, out)
    click.echo(f"{readers} sheets in {out / SHEETS}, one per reader; do not give {out / KEY_FILE} to the readers")


@review.command("import")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def import_(folder: Path, as_json: bool) -> None:
    """Read the filled sheets in FOLDER/sheets, and print accuracy and agreement. Writes FOLDER/disagreements.csv."""
    verdicts = read_back(folder)
    found = findings(verdicts)
    _write_disagreements(folder / DISAGREEMENTS, verdicts, found)
    if as_json:
        click.echo(json.dumps({**asdict(found), "goal": GOAL, "goal_met": found.goal_met}, indent=2))
    else:
        _show(found, Console(width=100))


def _write_disagreements(path: Path, verdicts: Verdicts, found: Findings) -> None:
    columns = ["item", "relation", "head is"]
    columns += [f"{name} {what}" for name in verdicts.readers for what in ("verdict", "comment")]
    rows = []
    for name in found.disagreements:
        item = verdicts.items[name]
        said = [cell for judged in verdicts.readers.values() for cell in (judged[name].verdict, judged[name].comment)]
        rows.append([name, item.relation, item.says, *said])
    write_table(path, columns, rows)


def _show(found: Findings, console: Console) -> None:
    table = Table(title="correct triplets, by majority of the readers; 95 % intervals (Wilson)", title_justify="left")
    table.add_column("")
    for name in ("correct", "decided", "undecided", "accuracy", "interval"):
        table.add_column(name, justify="right")
    for group in (found.by_type, found.by_presence, {"all items": found.all_items}, found.by_reader):
        for name, one in group.items():
            table.add_row(name, *_cells(one))
        table.add_section()
    console.print(table)
    if found.weighted is not None:
        console.print(f"accuracy of all triplets, types weighted by their number: {found.weighted:.3f}")
    met = "met" if found.goal_met else "not met"
    console.print(f"raw agreement of pairs of readers: {found.agreement:.3f} (goal {GOAL:.2f}: {met})")
    for pair, kappa in found.kappas.items():
        console.print(f"Cohen's kappa, {pair}: {_figure(kappa)}")
    console.print(f"Fleiss' kappa: {_figure(found.fleiss)}")
    console.print(f"{len(found.disagreements)} items with disagreement: {', '.join(found.disagreements) or 'none'}")


def _cells(one: Accuracy) -> tuple[str, ...]:
    bounds = f"{one.interval[0]:.3f}-{one.interval[1]:.3f}" if one.interval else ""
    return str(one.correct), str(one.decided), str(one.undecided), _figure(one.share), bounds


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
