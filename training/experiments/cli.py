"""`vlmkg train experiment`: each experiment one command."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.run_options import FILE, FOLDER
from vlmkg.errors import UsageError

if TYPE_CHECKING:
    from training.experiments.arms import Arm
    from training.stages.config import RunConfig

CONFIG_FILE = Path(__file__).parents[1] / "configs" / "experiment.yaml"
OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of tables, figures and runs. Finished runs in it are not repeated.",
)
SEEDS = click.option("--seeds", type=click.IntRange(1, 10), default=3, show_default=True, help="Number of seeds.")
CONFIG = click.option(
    "--config", "config_file", type=FILE, default=CONFIG_FILE, help="Run config [default: the one of the experiments]."
)
STUDIES = click.option("--studies", type=click.IntRange(4), default=150, show_default=True, help="Studies to score on.")
CHECKPOINT = click.option("--checkpoint", type=FOLDER, required=True, help="A checkpoint, promoted or not.")
READERS = click.option(
    "--checkpoint", "readers", type=FOLDER, multiple=True, help="A checkpoint, promoted or not; may be given again."
)


@click.group()
def experiment() -> None:
    """Repeat the paper's experiments. Each writes a table (Markdown, CSV) and a figure (SVG)."""


@experiment.command()
@CONFIG
@SEEDS
@STUDIES
@OUT
def projector(config_file: Path, seeds: int, studies: int, out: Path) -> None:
    """Train LLM-KG, which reads no films, and the three projectors."""
    _train("projector", config_file, seeds, studies, out)


@experiment.command()
@CONFIG
@SEEDS
@STUDIES
@click.option("--lengths", default="8,16,32,64,128", show_default=True, help="Report lengths, separated by commas.")
@OUT
def prefix(config_file: Path, seeds: int, studies: int, lengths: str, out: Path) -> None:
    """Train with prefix and clip of several lengths (n = k)."""
    from training.experiments.arms import prefix_arms  # noqa: PLC0415 - torch is loaded when it is needed

    try:
        chosen = [int(part) for part in lengths.split(",")]
    except ValueError as error:
        raise UsageError(f"{lengths!r} is not a list of lengths", "give numbers separated by commas: 8,16") from error
    _train("prefix", config_file, seeds, studies, out, lambda config: prefix_arms(config, chosen))


@experiment.command()
@CONFIG
@SEEDS
@STUDIES
@OUT
def scratch(config_file: Path, seeds: int, studies: int, out: Path) -> None:
    """Train stage 2 with and without stage 1."""
    _train("scratch", config_file, seeds, studies, out)


@experiment.command()
@CONFIG
@SEEDS
@STUDIES
@OUT
def noise(config_file: Path, seeds: int, studies: int, out: Path) -> None:
    """Train stage 1 with 0, 10, 20 and 30 % of the labels wrong."""
    _train("noise", config_file, seeds, studies, out)


@experiment.command()
@CONFIG
@SEEDS
@STUDIES
@OUT
def size(config_file: Path, seeds: int, studies: int, out: Path) -> None:
    """Train stage 1 with larger language models."""
    _train("size", config_file, seeds, studies, out)


@experiment.command()
@CHECKPOINT
@STUDIES
@click.option(
    "--free",
    type=click.IntRange(1),
    default=60,
    show_default=True,
    help="Number of studies that are also read without the constraint.",
)
@OUT
def modalities(checkpoint: Path, studies: int, free: int, out: Path) -> None:
    """Measure the effect of the film: read image and report, only one of them, and controls."""
    from training.experiments.modalities import run  # noqa: PLC0415 - as above

    run(checkpoint, out, studies, min(free, studies))
    _show(out, "modalities")


@experiment.command()
@READERS
@click.option(
    "--reports", type=click.IntRange(2), default=30, show_default=True, help="Number of reports of each length."
)
@click.option(
    "--longest", type=click.IntRange(25), default=1600, show_default=True, help="Tokens of the longest report."
)
@OUT
def length(readers: tuple[Path, ...], reports: int, longest: int, out: Path) -> None:
    """Measure F1 against the length of the report, with the rules for comparison."""
    from training.experiments.length import run  # noqa: PLC0415 - as above

    run(_engines(readers), out, reports, longest)
    _show(out, "length")


@experiment.command()
@READERS
@click.option(
    "--reports", type=click.IntRange(2), default=200, show_default=True, help="Number of reports of each style at most."
)
@click.option("--feeds", type=FOLDER, help="Folder of HL7 messages (.jsonl, key `raw`): agreement with the rules.")
@click.option("--gold", type=FILE, help="Gold reports, RadGraph JSON.")
@OUT
def transfer(readers: tuple[Path, ...], reports: int, feeds: Path | None, gold: Path | None, out: Path) -> None:
    """Measure F1 by type of relation on other styles than the trained one, with the rules for comparison."""
    from training.experiments.transfer import run  # noqa: PLC0415 - as above

    run(_engines(readers), out, reports, feeds, gold)
    _show(out, "transfer")


@experiment.command()
@SEEDS
@OUT
def factuality(seeds: int, out: Path) -> None:
    """Measure how BLEU follows factuality, with errors of known kinds. Needs no checkpoint."""
    from training.experiments.factuality import run  # noqa: PLC0415 - as above

    run(out, seeds)
    _show(out, "factuality")


@experiment.command()
@click.option(
    "--reader",
    "named",
    multiple=True,
    required=True,
    metavar="NAME=PLACE",
    help="`rules`, or the folder of a checkpoint or tagger. The others are compared with the first.",
)
@click.option("--gold", type=FILE, required=True, help="Gold reports, RadGraph JSON.")
@click.option("--rows", type=FILE, multiple=True, required=True, help="Our JSONL: sentences in it count as seen.")
@OUT
def comparison(named: tuple[str, ...], gold: Path, rows: tuple[Path, ...], out: Path) -> None:
    """Read gold with rules, checkpoints and taggers, with separate scores for sentences in the training data."""
    from training.experiments.comparison import run  # noqa: PLC0415 - as above

    run(_named(named), gold, rows, out)
    _show(out, "comparison")


@experiment.command()
@click.option("--rows", type=FILE, multiple=True, required=True, help="Our JSONL of your studies; may be given again.")
@click.option(
    "--reader",
    "named",
    multiple=True,
    required=True,
    metavar="NAME=PLACE",
    help="`rules`, or the folder of a checkpoint or tagger.",
)
@click.option("--split", default="test", show_default=True, help="The split to read.")
@click.option("--device", help="Device in torch's notation [default: a GPU if there is one].")
@OUT
def headline(rows: tuple[Path, ...], named: tuple[str, ...], split: str, device: str | None, out: Path) -> None:
    """Make the paper's table on your held-out studies.

    Each is read with image and report, with only one of them, and with another patient's film.
    """
    from training.experiments.headline import run  # noqa: PLC0415 - as above

    run(_named(named), rows, split, out, device)
    _show(out, "headline")


def _named(named: tuple[str, ...]) -> dict[str, str]:
    readers = dict(one.split("=", 1) for one in named if "=" in one)
    if len(readers) < len(named):
        raise UsageError("a reader has no name or the same name as another", "give --reader NAME=PLACE, each name once")
    return readers


def _train(
    name: str,
    config_file: Path,
    seeds: int,
    studies: int,
    out: Path,
    arms: "Callable[[RunConfig], list[Arm]] | None" = None,
) -> None:
    from training.experiments.trained import ARMS, run  # noqa: PLC0415 - as above
    from training.stages.config import read_config  # noqa: PLC0415 - as above

    run(name, (arms or ARMS[name])(read_config(config_file)), seeds, out, studies, click.echo)
    _show(out, name)


def _engines(readers: tuple[Path, ...]) -> list[str]:
    return ["rules", *map(str, readers)]


def _show(out: Path, name: str) -> None:
    click.echo((out / f"{name}.md").read_text(encoding="utf-8"))
