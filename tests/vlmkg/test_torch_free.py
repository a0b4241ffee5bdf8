"""What starts without torch: the command line, and every command that does not read by the model."""

import subprocess
import sys

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
