"""`vlmkg worker health` and `vlmkg gateway health`."""

from pathlib import Path

import click

from ingest.heartbeat import OLDEST_S, require_life
from vlmkg.errors import UsageError


@click.command()
@click.option(
    "--max-age", type=click.FloatRange(min=1), default=OLDEST_S, show_default=True, help="Seconds since a sign of life."
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="VLMKG_READY_FILE",
    help="The process's VLMKG_READY_FILE.",
)
def health(max_age: float, ready_file: Path | None) -> None:
    """Check the process: exit code 1 if its last sign of life is too old, or it takes no work yet."""
    if ready_file is None:
        raise UsageError(
            "VLMKG_READY_FILE is not set", "set it to the same path as the worker or gateway, or give --ready-file"
        )
    for beat in require_life(ready_file, max_age):
        click.echo(f"{beat.name}: {beat.age_s:.0f} s ago")
