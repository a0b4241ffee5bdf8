"""`vlmkg train`: data, and the stages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from training.card.cli import card
from training.data_cli import data
from training.experiments.cli import experiment
from training.review.cli import review
from training.run_options import CONFIG, FILE, FOLDER, OUT, is_finished
from training.tagger.cli import tagger, tagger_evaluate
from training.text_witness.cli import witness, witness_add, witness_measure
from vlmkg.errors import UsageError


@click.group()
def train() -> None:
    """Make training data; train a model in stages."""


for command in (card, data, experiment, review, tagger, tagger_evaluate, witness, witness_add, witness_measure):
    train.add_command(command)


@train.command()
@CONFIG
@OUT
def stage0(config_file: Path, out: Path) -> None:
    """Train the small image encoder on phantom films. Afterwards it is frozen."""
    from training.stages.encoder_stage import run  # noqa: PLC0415 - torch is loaded when a stage runs

    _stage(config_file, out, "vision", run)


@train.command()
@CONFIG
@OUT
def stage1(config_file: Path, out: Path) -> None:
    """Train the language model on reports only."""
    from training.stages.language_stage import run_text  # noqa: PLC0415 - as above

    _stage(config_file, out, "stage1", run_text)


@train.command()
@CONFIG
@OUT
@click.option("--from-scratch", is_flag=True, help="Start from random weights rather than from stage 1.")
def stage2(config_file: Path, out: Path, from_scratch: bool) -> None:
    """Train projector and language model on reports and films. The encoder is frozen."""
    from training.stages.language_stage import run_visual  # noqa: PLC0415 - as above

    _stage(config_file, out, "stage2", lambda config, folder: run_visual(config, folder, from_scratch=from_scratch))


@train.command()
@click.option("--gold", type=FILE, help="RadGraph JSON or our JSONL.")
@click.option("--seed", type=int, help="Use synthetic studies of this seed instead, which it was not trained on.")
@click.option(
    "--count", type=click.IntRange(min=1), default=300, show_default=True, help="Number of synthetic studies."
)
@click.option(
    "--film-share", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share of studies with a film."
)
@click.argument("folder", type=FOLDER)
def measure(folder: Path, gold: Path | None, seed: int | None, count: int, film_share: float) -> None:
    """Measure the checkpoint FOLDER for its promotion, and write evaluation and figures to its manifest."""
    from training.gate import gold_evaluation, record, synthetic_evaluation  # noqa: PLC0415 - as above
    from vlmkg.checkpoint.promotion import figures  # noqa: PLC0415 - as above

    if gold is not None and seed is None:
        measured = record(folder, gold_evaluation(gold), gold=gold)
    elif seed is not None and gold is None:
        measured = record(folder, synthetic_evaluation(seed, count, film_share))
    else:
        raise UsageError("a checkpoint is measured on one set", "give either --gold or --seed")
    click.echo(f"{measured.reports} reports: {figures(measured.metrics)}")


@train.command()
@click.option(
    "--gold",
    type=FILE,
    help="RadGraph JSON or our JSONL, to be measured on as well.",
)
@click.option("--write", is_flag=True, help="Write the best lead into the manifest. Promote the checkpoint again then.")
@click.argument("folder", type=FOLDER)
def lead(folder: Path, gold: Path | None, *, write: bool) -> None:
    """Measure where the checkpoint FOLDER should lead: never, in sentences with unknown words, or always.

    Each lead is compared with the rules and with the model alone, on the gold file, on synthetic studies and on texts
    of every family of kinds. The best lead that is never worse than either is printed.
    """
    from training.gate import lead_sets  # noqa: PLC0415 - as above
    from training.lead import best_lead, compare, table, write_lead  # noqa: PLC0415 - as above
    from vlmkg.engine_protocol import Lead  # noqa: PLC0415 - as above
    from vlmkg.pipeline import load_engine  # noqa: PLC0415 - as above

    compared = compare(load_engine(str(folder), unpromoted=True), lead_sets(gold), Lead)
    click.echo(table(compared))
    best = best_lead(compared)
    click.echo(f"best lead: {best or 'none: with each, something is worse than the better of its witnesses'}")
    if write:
        if best is None:
            raise UsageError(
                f"no lead was written into {folder}", "train the checkpoint further, or let the rules read"
            )
        write_lead(folder, best)


@train.command()
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Seed of the phantoms.")
@click.option("--films", type=click.IntRange(200), default=1000, show_default=True, help="Number of phantoms.")
@click.argument("folder", type=FOLDER)
def guard(folder: Path, seed: int, films: int) -> None:
    """Give a checkpoint of synthetic films a guard, which holds back films that are unlike those.

    Stage 2 does this itself; this is for checkpoints without one. Promote the checkpoint again then.
    """
    from training.stages.guarding import guard_of_synthetic, write_guard  # noqa: PLC0415 - as above
    from vlmkg.checkpoint.manifest import verify  # noqa: PLC0415 - as above
    from vlmkg.engine_protocol import FilmDomain  # noqa: PLC0415 - as above

    if verify(folder).manifest.image_domain is not FilmDomain.SYNTHETIC:
        raise UsageError(
            f"{folder} was not trained on synthetic films", "train stage 2 again: it makes the guard of its own films"
        )
    made = guard_of_synthetic(folder, seed, films)
    write_guard(folder, made)
    click.echo(f"films at a distance over {made.threshold:.2f} are held back; promote {folder} again")


@train.command()
@click.option("--peak", type=click.FloatRange(min=1), default=989.0, show_default=True, help="TFLOP/s of the device.")
@click.option(
    "--used", type=click.FloatRange(0.01, 1), default=0.4, show_default=True, help="Share of the peak that is reached."
)
@click.argument("config_file", metavar="CONFIG", type=FILE)
def estimate(config_file: Path, peak: float, used: float) -> None:
    """Estimate memory, FLOPs and hours of stages 1 and 2 of a run config, before anything is trained."""
    from training.estimate import estimate as estimated  # noqa: PLC0415 - as above
    from training.estimate import shown  # noqa: PLC0415 - as above
    from training.stages.config import read_config  # noqa: PLC0415 - as above

    click.echo(shown(estimated(read_config(config_file), peak * 1e12, used)))


def _stage(config_file: Path, out: Path, result: str, run: Callable[[Any, Path], list[Any]]) -> None:
    from training.stages.config import read_config  # noqa: PLC0415 - as above
    from training.stages.devices import main_process  # noqa: PLC0415 - as above

    if is_finished(out / result):
        return
    run(read_config(config_file), out)
    if main_process():
        click.echo(str(out / result))
