"""The commands `vlmkg up` and `vlmkg demo`."""

import contextlib
import sys

import click

from vlmkg.data_dir import DataDir
from vlmkg.options import data_option


@click.command()
@data_option
def up(data: DataDir) -> None:
    """Start every part on this machine and run until Ctrl-C."""
    from stack.run import running_stack, wait_for_signal  # noqa: PLC0415 - help and usage errors need no driver

    with contextlib.suppress(KeyboardInterrupt), running_stack(data):
        wait_for_signal()


@click.command()
@data_option
@click.option(
    "--exit", "exit_", is_flag=True, help="Exit after the answers [default when the output is not a terminal]."
)
def demo(data: DataDir, exit_: bool) -> None:
    """Start every part, send a synthetic hospital day, show the answers."""
    from stack.demo.story import tell  # noqa: PLC0415
    from stack.folder import claim_for_demo  # noqa: PLC0415
    from stack.run import running_stack, wait_for_signal  # noqa: PLC0415

    claim_for_demo(data)
    with contextlib.suppress(KeyboardInterrupt), running_stack(data, synthetic=True) as endpoints:
        tell(data, endpoints)
        if not exit_ and sys.stdout.isatty():
            click.echo("Ctrl-C ends it.")
            wait_for_signal()
