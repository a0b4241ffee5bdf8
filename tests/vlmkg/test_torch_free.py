"""The command line: it starts without torch, as what does not read by the model does, and tells every command."""

import subprocess
import sys
from importlib.metadata import entry_points

from vlmkg.cli import HELP

COMMANDS = [["--help"], ["extract", "--help"], ["worker", "--help"], ["api", "--help"]]
SCRIPT = f"""
import sys
from click.testing import CliRunner
from vlmkg.cli import vlmkg
for arguments in {COMMANDS!r}:
    result = CliRunner().invoke(vlmkg, arguments)
    assert result.exit_code == 0, result.output
    heavy = {{"torch", "transformers", "open_clip", "timm"}} & set(sys.modules)
    assert not heavy, (arguments, heavy)
"""


def test_no_torch_is_imported():
    """One process for all: its modules stay, so none has imported any."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=False, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_command_has_its_line_in_the_help():
    names = {point.name for point in entry_points(group="vlmkg.commands")}

    assert names == HELP.keys()
