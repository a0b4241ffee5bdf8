"""`vlmkg train experiment`: each experiment one command."""

from pathlib import Path

import click

OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the tables and figures, and of the runs: what is there is not trained again.",
)
SEEDS = click.option("--seeds", type=click.IntRange(1, 10), default=3, show_default=True, help="How many seeds.")


@click.group()
def experiment() -> None:
    """Remake the paper's experiments: each ends in a table (Markdown, CSV) and a figure (SVG)."""


@experiment.command()
@SEEDS
@OUT
def factuality(seeds: int, out: Path) -> None:
    """Does BLEU follow factuality, after errors of known kind? Needs no checkpoint."""
    from training.experiments.factuality import run  # noqa: PLC0415 - loaded when it is run

    run(out, seeds)
    _show(out, "factuality")


def _show(out: Path, name: str) -> None:
    click.echo((out / f"{name}.md").read_text(encoding="utf-8"))
