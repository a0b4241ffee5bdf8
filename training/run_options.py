"""Options of the commands that train, and the kinds of path that commands of training take."""

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

CONFIG = click.option("--config", "config_file", type=FILE, required=True, help="Run config, YAML (training/configs).")
OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The run's folder. A killed run continues from its last state.",
)


def is_finished(result: Path) -> bool:
    """Whether the run has written its result already; then says so."""
    if result.exists():
        click.echo(f"{result} already exists: the run is finished")
        return True
    return False
