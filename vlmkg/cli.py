"""The command line `vlmkg`. Sub-commands are entry points of the group `vlmkg.commands`, loaded when called."""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

import click

from vlmkg.errors import VlmkgError
from vlmkg.secret_variables import read_secret_files


class LazyCommands(click.Group):
    """A group whose sub-commands are entry points, imported only when they are called.

    `--help` must not import them: `about` has the one-line help of each, in the order for a newcomer.
    """

    def __init__(self, *args: Any, entry_points_group: str, about: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._group, self._about = entry_points_group, about

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the installed sub-commands, those of `about` first."""
        del ctx
        names = {point.name for point in entry_points(group=self._group)}
        known = [name for name in self._about if name in names]
        return known + sorted(names - set(known))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one sub-command; None if it does not exist."""
        del ctx
        for point in entry_points(group=self._group):
            if point.name == cmd_name:
                command = point.load()
                if not isinstance(command, click.Command):
                    message = f"{point.value} is not a click command"
                    raise TypeError(message)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of sub-commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._about.get(name, "")) for name in self.list_commands(ctx)])


HELP = {
    "up": "Start every part on this machine.",
    "demo": "Start every part, send a synthetic hospital day, show the answers.",
    "status": "Show what runs, what waits and what was refused.",
    "simulate": "Send synthetic hospital days to the gateway, then check the graph.",
    "import": "Queue files: Open-i XML, HL7 v2, FHIR R4, plain text.",
    "extract": "Read reports into graphs, without any service.",
    "evaluate": "Score an engine against RadGraph gold reports.",
    "train": "Make training data; train a model in stages.",
    "events": "List, show and replay received messages.",
    "dead-letters": "List, replay and purge events that failed for good.",
    "checkpoint": "Verify, promote, list and import checkpoints of the model.",
    "graph": "Migrate, count and verify the graph; copy it for researchers.",
    "api": "Serve the GraphQL API.",
    "reviews": "Export reviews of findings, for training.",
    "audit": "Show who read which patient's data, and when.",
    "api-keys": "Create, list and revoke keys of the API and the HTTP gateway.",
    "gateway": "Receive hospital feeds: HL7, DICOM, FHIR, a watched folder.",
    "worker": "Run a worker, which reads reports and writes the graph.",
    "rebuild": "Rebuild the graph from the ledger.",
    "backup": "Back up ledger, blobs, secrets and checkpoints; verify backups.",
    "restore": "Restore a data folder from a backup.",
}


@click.group(
    cls=LazyCommands,
    entry_points_group="vlmkg.commands",
    about=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="vlmkg-service", prog_name="vlmkg")
def vlmkg() -> None:
    """Turn radiology studies into a patient knowledge graph."""


def main() -> None:
    """Run the command line: print this project's errors as a sentence and a remedy on stderr, without a stack trace."""
    try:
        read_secret_files(os.environ)
        vlmkg()
    except VlmkgError as error:
        click.echo(f"vlmkg: {error}", err=True)
        if error.remedy:
            click.echo(f"  {error.remedy}", err=True)
        sys.exit(error.exit_code)
